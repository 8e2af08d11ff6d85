"""diffusers' InstructPix2Pix pipeline, used as its documentation shows, and as well as one can by hand."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import Tensor

from ip2p_cli.api import quiet_libraries

QUALITY = 95  # of JPEGs, as `ip2p edit` writes them
FILE_THREADS = 2


@dataclass(frozen=True)
class Edit:
    """The same for every side."""

    instruction: str
    steps: int
    text_guidance: float
    image_guidance: float
    size: tuple[int, int]  # width and height that the model works at

    @property
    def options(self) -> dict[str, Any]:
        """As the pipeline calls them."""
        return {
            "num_inference_steps": self.steps,
            "guidance_scale": self.text_guidance,
            "image_guidance_scale": self.image_guidance,
        }


def open_pipeline(folder: Path, device: str, dtype: torch.dtype) -> Any:
    """Load it; with the scheduler that the checkpoint comes with."""
    from diffusers import StableDiffusionInstructPix2PixPipeline

    with quiet_libraries():
        pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
            folder, torch_dtype=dtype, safety_checker=None, requires_safety_checker=False, local_files_only=True
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def edit_looped(pipeline: Any, photos: Sequence[Path], out: Path, edit: Edit) -> None:
    """One call a photo, as in the pipeline's own example."""
    out.mkdir()
    for path in photos:
        image = pipeline(edit.instruction, image=_read(path, edit.size), **edit.options).images[0]
        image.save(out / path.name, quality=QUALITY)


def edit_by_hand(pipeline: Any, photos: Sequence[Path], out: Path, edit: Edit, batch: int) -> None:
    """Batches; text embedded once; pictures decoded one by one; files read and written while the networks work."""
    out.mkdir()
    pipeline.vae.enable_slicing()
    text, no_text = embed(pipeline, edit.instruction), embed(pipeline, "")
    with ThreadPoolExecutor(FILE_THREADS) as pool:
        images, writes = pool.map(lambda path: _read(path, edit.size), photos), []
        for start in range(0, len(photos), batch):
            names = [path.name for path in photos[start : start + batch]]
            edited = pipeline(
                image=[next(images) for _ in names],
                prompt_embeds=text.expand(len(names), -1, -1),
                negative_prompt_embeds=no_text.expand(len(names), -1, -1),
                **edit.options,
            ).images
            for name, image in zip(names, edited, strict=True):
                writes.append(pool.submit(image.save, out / name, quality=QUALITY))
        for write in writes:
            write.result()


@torch.no_grad()
def embed(pipeline: Any, text: str) -> Tensor:
    """What the pipeline makes of an instruction.  # (1, tokens, width)"""
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    length = tokenizer.model_max_length
    ids = tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
    hidden: Tensor = encoder(ids.to(encoder.device))[0]
    return hidden


def _read(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB").resize(size)
