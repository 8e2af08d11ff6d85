"""Prompt-to-Prompt: what is shared, when, and that nothing else is."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ip2p_cli.api import ModelError, UsageError
from ip2p_gen_data.p2p.config import DrawConfig, P2PConfig, Sample, draw, shares, sources
from ip2p_gen_data.p2p.denoise import Batch, denoise, row_generators
from ip2p_gen_data.p2p.engine import P2PEngine
from ip2p_gen_data.p2p.model import Text, load_text_to_image
from ip2p_gen_data.p2p.sharing import SelfAttentionSharing, self_attentions
from ip2p_gen_data.prompts import CaptionPair
from ip2p_samplers import ip2p_register_samplers
from ip2p_samplers.factories import euler_a
from tests.gen_data.literal_p2p import LiteralSharing
from tests.gen_data.tiny_models import sharpen, small_unet, text_to_image
from tests.tiny import SD_SCHEDULER

STEPS = 5
CAPTIONS = [
    CaptionPair(0, "a sunset", "make it winter", "a winter sunset"),
    CaptionPair(1, "the picture", "add snow", "the picture into snow"),
    CaptionPair(2, "a night", "turn this into a sunset", "a sunset"),
]
THRESHOLDS = (0.2, 0.6, 0.9)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text_to_image(tmp_path_factory.mktemp("models") / "sd")


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> P2PEngine:
    return make_engine(checkpoint)


def make_engine(checkpoint: Path, **changes: Any) -> P2PEngine:
    config = P2PConfig(steps=STEPS, **changes)
    return P2PEngine(load_text_to_image(str(checkpoint), device="cpu", offline=True), config, ip2p_register_samplers())


def work(thresholds: Sequence[float]) -> list[tuple[CaptionPair, Sample]]:
    drawn = [draw(DrawConfig(seed=3), pair.row, 0) for pair in CAPTIONS]
    return [(p, replace(s, p2p_threshold=t)) for p, s, t in zip(CAPTIONS, drawn, thresholds, strict=False)]


def random_batch(pairs: int, side: int, tokens: int, width: int, thresholds: Sequence[float]) -> Batch:
    generator = torch.Generator().manual_seed(0)
    text = torch.randn(2 * pairs, tokens, width, generator=generator)
    return Batch(
        text=Text(text),
        empty=Text(torch.randn(1, tokens, width, generator=generator).repeat(2 * pairs, 1, 1)),
        seeds=list(range(pairs)),
        p2p_thresholds=thresholds,
        cfg_scales=[7.5 + pair for pair in range(pairs)],
        size=(side, side),
    )


def drawn(unet: Any, batch: Batch, steps: int, sharing: Any = None) -> Tensor:
    return denoise(unet, euler_a(SD_SCHEDULER), batch, steps, sharing)


def largest_difference(a: Tensor, b: Tensor) -> float:
    """Relative to the spread of what is compared: latents of a random network are of any size."""
    return float((a - b).abs().max() / a.std())


def same_as_copying_logits(unet: Any, batch: Batch, steps: int) -> None:
    plain = drawn(unet, batch, steps)
    with SelfAttentionSharing(unet) as sharing:
        shared = drawn(unet, batch, steps, sharing)
    literal = drawn(unet, batch, steps, LiteralSharing(unet))
    assert largest_difference(shared, literal) <= 1e-4
    assert largest_difference(shared[1::2], plain[1::2]) > 0.01  # it does something
    assert largest_difference(shared[0::2], plain[0::2]) <= 1e-4  # and to edited rows only


def test_sharing_queries_and_keys_is_copying_logits() -> None:
    same_as_copying_logits(small_unet(), random_batch(3, 16, 7, 32, THRESHOLDS), STEPS)


@pytest.mark.slow
def test_sharing_queries_and_keys_is_copying_logits_in_a_unet_shaped_like_sd_15() -> None:
    from diffusers import UNet2DConditionModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel(cross_attention_dim=768, sample_size=64).eval().requires_grad_(False)
    assert sum(parameter.numel() for parameter in unet.parameters()) == 859_520_964
    sharpen(unet)
    same_as_copying_logits(unet, random_batch(2, 16, 77, 768, (0.0, 0.9)), 2)


def test_what_is_copied_at_each_step() -> None:
    unet = small_unet()
    literal = LiteralSharing(unet)
    drawn(unet, random_batch(3, 16, 7, 32, (0.0, 0.6, 1.0)), STEPS, literal)
    both, second, none = ([0, 1, 2, 2, 4, 4], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 4, 5])
    expected = [both, both, both, second, none]  # steps / 4: 0, 0.25, 0.5, 0.75, 1
    assert literal.history == [half + [6 + source for source in half] for half in expected]


def test_rows_without_captions_share_with_each_other() -> None:
    assert sources([True, False]) == [0, 0, 2, 3, 4, 4, 6, 7]


def test_when_a_pair_shares() -> None:
    assert [shares(0.5, step, 5) for step in range(5)] == [True, True, False, False, False]
    assert not any(shares(0.0, step, 5) for step in range(5))
    assert [shares(1.0, step, 5) for step in range(5)] == [True, True, True, True, False]
    assert all(shares(1.01, step, 5) for step in range(5))
    assert shares(0.1, 0, 1)


def test_every_level_and_the_middle_share() -> None:
    assert len(self_attentions(small_unet())) == 2 + 1 + 4  # one a layer: down, middle, up


def test_threshold_0_is_plain_generation_to_the_bit() -> None:
    unet, batch = small_unet(), random_batch(2, 16, 7, 32, (0.0, 0.0))
    with SelfAttentionSharing(unet) as sharing:
        shared = drawn(unet, batch, STEPS, sharing)
    assert torch.equal(shared, drawn(unet, batch, STEPS))


def test_plain_generation_is_what_diffusers_draws(checkpoint: Path, engine: P2PEngine) -> None:
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(checkpoint, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerAncestralDiscreteScheduler.from_config(pipeline.scheduler.config)
    pair, sample = work((0.0,))[0]
    sample = replace(sample, cfg_scale=8.0)
    theirs = pipeline(
        [pair.original, pair.edited],
        num_inference_steps=STEPS,
        guidance_scale=8.0,
        generator=row_generators([sample.seed]),
        output_type="latent",
    ).images
    assert largest_difference(theirs, engine.latents([(pair, sample)])) <= 1e-4


def test_equal_captions_stay_equal_and_an_open_end_shares_every_step(engine: P2PEngine) -> None:
    pair, sample = work((1.01,))[0]
    same = replace(pair, edited=pair.original)
    latents = engine.latents([(same, sample)])
    assert largest_difference(latents[0], latents[1]) <= 1e-6


def test_a_pair_alone_is_the_pair_in_a_crowd_with_other_thresholds(engine: P2PEngine) -> None:
    crowd = engine.latents(work(THRESHOLDS))
    for place, item in enumerate(work(THRESHOLDS)):
        alone = engine.latents([item])
        assert largest_difference(alone, crowd[2 * place : 2 * place + 2]) <= 1e-4


def test_both_rows_of_a_pair_have_one_noise() -> None:
    source, edited, other, _ = row_generators([7, 8])
    for _ in range(3):  # initial, then ancestral
        noise = torch.randn(4, 8, 8, generator=source)
        assert torch.equal(noise, torch.randn(4, 8, 8, generator=edited))
        assert not torch.equal(noise, torch.randn(4, 8, 8, generator=other))


def test_seeds_repeat(engine: P2PEngine) -> None:
    first, again = engine(work(THRESHOLDS)), engine(work(THRESHOLDS))
    assert [(a.original.tobytes(), a.edited.tobytes()) for a in first if a] == [
        (b.original.tobytes(), b.edited.tobytes()) for b in again if b
    ]
    assert len({a.original.tobytes() for a in first if a}) == 3
    pair, sample = work(THRESHOLDS)[0]
    other = engine([(pair, replace(sample, seed=sample.seed + 1))])
    assert first[0] and other[0] and other[0].original.tobytes() != first[0].original.tobytes()


def test_samples_are_drawn_from_their_ranges_and_depend_on_nothing_else() -> None:
    config = DrawConfig(seed=1)
    samples = [draw(config, row, sample) for row in range(20) for sample in range(20)]
    assert len({sample.seed for sample in samples}) == 400
    assert min(s.p2p_threshold for s in samples) < 0.12 and max(s.p2p_threshold for s in samples) > 0.88
    assert all(0.1 <= s.p2p_threshold <= 0.9 + 1e-7 and 7.5 <= s.cfg_scale <= 15 for s in samples)
    assert draw(DrawConfig(seed=1, samples=7), 19, 19) == samples[-1]
    assert draw(DrawConfig(seed=2), 19, 19).seed != samples[-1].seed


def test_hooks_go_when_sharing_ends() -> None:
    unet = small_unet()
    with SelfAttentionSharing(unet) as sharing:
        sharing.set([0, 0, 2, 2])
    assert not any(module._forward_hooks for module in unet.modules())


def test_a_picture_that_is_not_finite_is_none_and_the_others_are_drawn(checkpoint: Path) -> None:
    engine = make_engine(checkpoint)
    items = work(THRESHOLDS)
    items[1] = (items[1][0], replace(items[1][1], cfg_scale=float("inf")))
    first, broken, last = engine(items)
    assert broken is None and first and last


def test_size_sampler_and_kind_of_checkpoint_are_checked(checkpoint: Path, tiny_checkpoint: Path) -> None:
    assert make_engine(checkpoint).size == 32
    [images] = make_engine(checkpoint, size=48)(work((0.5,)))
    assert images and images.edited.size == (48, 48)
    with pytest.raises(UsageError, match="multiple of 4"):
        make_engine(checkpoint, size=30)
    with pytest.raises(UsageError, match="sampler 'huen' is not known; did you mean 'heun'"):
        make_engine(checkpoint, sampler="huen")
    with pytest.raises(ModelError, match="cannot draw with"):
        load_text_to_image(str(tiny_checkpoint), offline=True)


def test_every_sampler_draws(checkpoint: Path) -> None:
    for sampler in ("ddim", "dpm++2m", "pndm"):
        [images] = make_engine(checkpoint, sampler=sampler)(work((0.5,)))
        assert images and images.original.tobytes() != images.edited.tobytes()


def test_sdxl_draws_what_diffusers_draws(tmp_path: Path) -> None:
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionXLPipeline

    folder = text_to_image(tmp_path / "xl", xl=True)
    engine = make_engine(folder)
    pair, sample = work((0.0,))[0]
    sample = replace(sample, cfg_scale=8.0)
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder, add_watermarker=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerAncestralDiscreteScheduler.from_config(pipeline.scheduler.config)
    theirs = pipeline(
        [pair.original, pair.edited],
        num_inference_steps=STEPS,
        guidance_scale=8.0,
        generator=row_generators([sample.seed]),
        output_type="latent",
    ).images
    assert largest_difference(theirs, engine.latents([(pair, sample)])) <= 1e-4
    assert len(engine([(pair, replace(sample, p2p_threshold=0.7))])) == 1


def test_a_unet_without_self_attention_is_refused() -> None:
    from diffusers import UNet2DConditionModel

    bare = UNet2DConditionModel(
        block_out_channels=(8,), down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",), norm_num_groups=4,
        mid_block_type=None, layers_per_block=1,
    )  # fmt: skip
    with pytest.raises(ModelError, match="no self-attention"):
        SelfAttentionSharing(copy.deepcopy(bare))
