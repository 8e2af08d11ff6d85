"""A random DINO, and datasets of edits with captions, for tests of the measures that encode pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ip2p_cli.api import EditRequest, EditResult, Pair, write_shard

CAPTIONS = ("a sunset", "a winter sunset", "the picture", "snow into night", "a picture into winter")


def dino(folder: Path) -> Path:
    """A ViT of 32 px pictures with a class token, in DINO's layout on the hub."""
    import torch
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    config = ViTConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = ViTModel(config, add_pooling_layer=False)
        for name, weight in model.named_parameters():
            if "weight" in name and weight.ndim > 1:
                weight.data.mul_(8.0)  # as they come, all pictures look alike to it
        model.save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def picture(seed: int, width: int = 40, height: int = 32) -> Image.Image:
    """A smooth random picture: noise alone would leave nothing after resizing."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (5, 6, 3), np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def dataset(folder: Path, rows: int = 5, captions: bool = True) -> Path:
    """Parquet with `rows` edits of random pictures."""
    folder.mkdir(parents=True)
    pairs = [
        Pair(
            png(picture(row)),
            "make it winter" if row % 2 else "add a sunset",
            png(picture(100 + row)),
            original_prompt=CAPTIONS[row % 5] if captions else "",
            edited_prompt=CAPTIONS[(row + 1) % 5] if captions else "",
        )
        for row in range(rows)
    ]
    write_shard(folder, 0, 1, pairs)
    return folder


def magicbrush(folder: Path, turns: Sequence[int] = (1, 3, 2), captions: bool = True) -> Path:
    """A split of MagicBrush with so many turns a session: every picture differs from all others."""
    sessions: dict[str, list[dict[str, str]]] = {}
    said: dict[str, dict[str, str]] = {}
    for number, count in enumerate(turns):
        name = str(139 + number)
        images = folder / "images" / name
        images.mkdir(parents=True)
        picture(1000 * number).save(images / f"{name}-input.png")
        sessions[name], said[name] = [], {}
        before = f"{name}-input.png"
        for turn in range(1, count + 1):
            after = f"{name}-output{turn}.png"
            picture(1000 * number + turn).save(images / after)
            edit = {"input": before, "mask": f"{name}-mask{turn}.png", "output": after}
            sessions[name].append({**edit, "instruction": f"add snow {turn}"})
            said[name][after] = CAPTIONS[turn]
            before = after
    (folder / "edit_sessions.json").write_text(json.dumps(sessions))
    if captions:
        (folder / "local_descriptions.json").write_text(json.dumps(said))
    return folder


class By:
    """An editor that answers by a function of the request; None from it is a failed edit."""

    def __init__(self, answer: Callable[[EditRequest], Image.Image | None]) -> None:
        self.answer = answer
        self.requests: list[EditRequest] = []

    def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
        from ip2p_cli.api import NonFiniteResult

        self.requests += requests
        answers = [(request, self.answer(request)) for request in requests]
        return [
            NonFiniteResult("NaN") if image is None else EditResult(image, one.instruction, one.seed, 1, 1, 1, "ddim")
            for one, image in answers
        ]
