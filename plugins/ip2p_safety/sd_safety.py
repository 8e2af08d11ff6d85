"""The check `sd-safety`: the safety checker that comes with Stable Diffusion, for those who have its weights.

CLIP's view of a picture is compared with 17 concepts, known only as vectors, each with its own threshold; three more of
"special care" lower all thresholds by 0.01 where one is found (Rando et al. 2022, arXiv 2210.04610, describe it). It is
on where `sd_safety` names its weights, works on the CPU and asks nothing of the network.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import ModelError, UsageError, Verdict, hookimpl, quiet_libraries, user_setting

if TYPE_CHECKING:
    from PIL.Image import Image

SETTING = "sd_safety"
CARE = 0.01  # what a concept of special care adds to all others


@hookimpl
def ip2p_prepare_check() -> None:
    """Load the weights.

    Raises:
        UsageError: the setting names none.
        ModelError: they cannot be found, or are something else.
    """
    named = user_setting(SETTING, "")
    if not named:
        raise UsageError(
            "the check 'sd-safety' is required, but nothing names its weights: set IP2P_SD_SAFETY to a folder or hub id"
        )
    load(named)


@hookimpl
def ip2p_check_source(image: Image) -> Verdict | None:
    """Look at a photo before it is edited."""
    return _look(image, "source", "the photo")


@hookimpl
def ip2p_review_result(after: Image) -> Verdict | None:
    """Look at a result before it is written."""
    return _look(after, "result", "the result")


@dataclass(frozen=True)
class Checker:
    """The network and what makes its input."""

    network: Any  # diffusers' StableDiffusionSafetyChecker
    processor: Any  # transformers' CLIPImageProcessor

    def margin(self, image: Image) -> float:
        """How far the nearest concept is above its threshold (cosine, three decimals): above 0 it counts as found.

        The same decision as the network's own `forward`, which gives no figures and blackens what it is handed.
        """
        import torch
        from torch.nn.functional import normalize

        pixels = self.processor(images=image, return_tensors="pt")["pixel_values"]  # [1, 3, h, w]
        with torch.inference_mode():
            seen = normalize(self.network.visual_projection(self.network.vision_model(pixels)[1]).float())  # [1, d]
            network = self.network
            special = seen @ normalize(network.special_care_embeds.float()).T - network.special_care_embeds_weights
            concepts = seen @ normalize(network.concept_embeds.float()).T - network.concept_embeds_weights  # [1, 17]
        care = 0.0 if round(float(special.max()), 3) <= 0 else CARE  # NaN counts as found
        return round(float(concepts.max()) + care, 3)


@functools.cache
def load(named: str) -> Checker:
    """The checker of a folder or of a hub id in the local cache: alone, or in a Stable Diffusion checkpoint.

    Raises:
        ModelError: it cannot be found or read, or weights are missing.
    """
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

    folder = _folder(named)
    whole = (folder / "safety_checker").is_dir()
    try:
        with quiet_libraries():
            network, found = StableDiffusionSafetyChecker.from_pretrained(
                folder / "safety_checker" if whole else folder,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
            processor = CLIPImageProcessor.from_pretrained(
                folder / "feature_extractor" if whole else folder, local_files_only=True
            )
    except (OSError, ValueError, RuntimeError) as problem:
        line = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ModelError(f"{named} is no safety checker of Stable Diffusion that can be read: {line}") from problem
    if found["missing_keys"] or found["mismatched_keys"]:
        lacking = sorted(found["missing_keys"] or found["mismatched_keys"])[0]
        raise ModelError(f"{named} is no whole safety checker of Stable Diffusion: it lacks {lacking}")
    return Checker(network.eval().requires_grad_(False), processor)


def _folder(named: str) -> Path:
    folder = Path(named).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(named, local_files_only=True))
    except Exception as problem:  # its errors differ by version and by what is wrong with the name
        raise ModelError(
            f"the safety checker {named!r} is no folder here, and not in the hub's cache: check the name, or fetch it "
            f"with `hf download {named}`"
        ) from problem


def _look(image: Image, name: str, what: str) -> Verdict | None:
    named = user_setting(SETTING, "")
    if not named:
        return None
    margin = load(named).margin(image)
    if margin <= 0:
        return Verdict.allow({name: margin})
    return Verdict.block(f"{what} is {margin:.3f} past the nearest threshold of the safety checker", {name: margin})
