"""A safety checker of Stable Diffusion with a tiny random network, in the released one's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SIDE = 32


def make_checker(folder: Path, *, threshold: float = 0.0, care_threshold: float = 1.0, seed: int = 0) -> Path:
    """Write one; every concept counts as found from cosine `threshold` on."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPVisionConfig

    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=8,
        projection_dim=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision.to_dict(), projection_dim=8))
        network.vision_model.apply(_spread)
        for name, value in (("concept", threshold), ("special_care", care_threshold)):
            embeds = getattr(network, f"{name}_embeds")
            embeds.data = torch.randn(embeds.shape)
            getattr(network, f"{name}_embeds_weights").data.fill_(value)
    network.save_pretrained(folder, safe_serialization=True)
    size = {"height": SIDE, "width": SIDE}
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size).save_pretrained(folder)
    return folder


def _spread(module: Any) -> None:
    """Weights large enough for different pictures to be seen as different."""
    import torch

    if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
        torch.nn.init.normal_(module.weight, std=0.3)


@pytest.fixture(scope="session")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose thresholds divide the test pictures."""
    return make_checker(tmp_path_factory.mktemp("checker"), threshold=0.5, care_threshold=0.3)
