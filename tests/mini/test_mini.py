"""The shipped model: it follows instructions, it is learned and not faked, and diffusers opens it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.api import EditRequest, find_model, load_editor
from ip2p_cli.editor import Editor, finish
from ip2p_eval.looks.predicates import FAMILIES
from ip2p_eval.looks.wordings import wording_for
from tests.eval.judged import applicable, followed, preserved

PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))


def share_followed_and_preserved(editor: Editor) -> float:
    photos = [Image.open(path).convert("RGB").resize((256, 192)) for path in PHOTOS[:2]]
    cases = [(photo, family) for photo in photos for family in FAMILIES if applicable(photo, family)]
    requests = [
        EditRequest(image=photo, instruction=wording_for(f"photo {photos.index(photo)}", family), steps=6)
        for photo, family in cases
    ]
    results = editor.edit(requests)
    good = [
        followed(photo, result.image, family) and preserved(photo, result.image, family)
        for (photo, family), result in zip(cases, results, strict=True)
    ]
    return sum(good) / len(good)


def test_the_checkpoint_is_small_enough_to_ship() -> None:
    folder = find_model("mini")
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 40_000_000
    assert (folder / "MODEL_CARD.md").is_file()


def test_the_same_photo_and_seed_give_the_same_picture_and_another_seed_another() -> None:
    editor = load_editor("mini", device="cpu")
    photo = Image.open(PHOTOS[0]).convert("RGB").resize((160, 120))
    first, again, other = (
        editor.edit([EditRequest(image=photo, instruction="make it night", seed=seed, steps=3)])[0].image.tobytes()
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.slow
def test_mini_follows_held_out_wordings_and_a_random_network_does_not(tmp_path: Path) -> None:
    assert share_followed_and_preserved(load_editor("mini", device="cpu")) >= 0.6

    from diffusers import UNet2DConditionModel

    folder = tmp_path / "random"
    shutil.copytree(find_model("mini"), folder)
    torch.manual_seed(0)
    config = UNet2DConditionModel.load_config(folder / "unet")
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    assert share_followed_and_preserved(load_editor(str(folder), device="cpu")) <= 0.02


@pytest.mark.slow
def test_the_quick_look_passes_only_what_the_look_through_the_autoencoder_would_hardly_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos = [Image.open(path).convert("RGB").resize((512, 384)) for path in PHOTOS[:2]]
    requests = [
        EditRequest(image=photo, instruction=wording_for(f"photo {number}", family), steps=6)
        for number, photo in enumerate(photos)
        for family in FAMILIES
    ]
    editor, looked_at = load_editor("mini", device="cpu"), []
    quick = finish._is_plain

    def noting(before: torch.Tensor, carried: torch.Tensor, after: torch.Tensor) -> bool:
        looked_at.append(quick(before, carried, after))
        return looked_at[-1]

    monkeypatch.setattr(finish, "_is_plain", noting)
    results = editor.edit(requests)
    assert 0.1 < sum(looked_at) / len(looked_at) < 0.9
    monkeypatch.setattr(finish, "_is_plain", lambda before, carried, after: False)
    for result, careful in zip(results, editor.edit(requests), strict=True):
        levels = np.abs(np.asarray(result.image, np.int16) - np.asarray(careful.image))
        assert levels.mean() <= 0.5 and levels.max() <= 10, result.instruction  # a faint soft focus, once


@pytest.mark.slow
def test_diffusers_own_pipeline_opens_and_runs_mini() -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline

    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(find_model("mini"), torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    photo = Image.open(PHOTOS[0]).convert("RGB").resize((256, 192))
    [image] = pipeline(
        "make it night",
        image=photo,
        num_inference_steps=6,
        guidance_scale=3.0,
        image_guidance_scale=1.3,
        generator=torch.Generator().manual_seed(0),
    ).images
    assert image.size == photo.size
    assert followed(photo, image, "night")
