from __future__ import annotations

import torch
from PIL import Image

from ip2p_cli.editor.noise import initial_noise, item_generator, pixels_digest

KNOWN = 5542848987675576798


def draw(seed: int = 0, digest: bytes = b"a", step: int = 0, variant: int = 0) -> torch.Tensor:
    return initial_noise(item_generator(seed, digest, step, variant), 4, 8, 8)


def test_same_item_same_noise() -> None:
    assert torch.equal(draw(3, b"photo", 1, 2), draw(3, b"photo", 1, 2))


def test_every_part_of_the_key_matters() -> None:
    draws = [draw(), draw(seed=1), draw(digest=b"b"), draw(step=1), draw(variant=1), draw(seed=-1), draw(seed=2**70)]
    for first, one in enumerate(draws):
        for other in draws[first + 1 :]:
            assert not torch.equal(one, other)


def test_parts_of_the_key_do_not_run_together() -> None:
    assert not torch.equal(draw(seed=1, step=11), draw(seed=11, step=1))
    assert not torch.equal(draw(variant=1, digest=b"2"), draw(variant=12, digest=b""))


def test_noise_is_standard_normal() -> None:
    noise = initial_noise(item_generator(0, b"", 0, 0), 16, 64, 64)
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02


def test_known_seed() -> None:
    """A changed key would silently change every picture that was ever made with a given seed."""
    assert item_generator(7, b"photo", 0, 0).initial_seed() == KNOWN


def test_digest_sees_pixels_and_shape() -> None:
    black, wide = Image.new("RGB", (2, 3)), Image.new("RGB", (3, 2))
    assert pixels_digest(black) == pixels_digest(black.copy())
    assert pixels_digest(black) != pixels_digest(wide)
    assert pixels_digest(black) != pixels_digest(Image.new("RGB", (2, 3), (1, 0, 0)))
