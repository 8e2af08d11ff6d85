"""What makes the pictures of a curve: an editor at rising image guidance, or SDEdit at rising strength."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from PIL import Image

from ip2p_cli.api import EditRequest, quiet_libraries
from ip2p_eval.candidates import pictures
from ip2p_eval.rows import Row
from ip2p_eval.shared import Editing


@dataclass(frozen=True)
class EditorDrawing:
    """An editor; the setting is its image guidance."""

    editor: Editing
    text_guidance: float
    steps: int | None
    full_resolution: bool

    def draw(self, rows: Sequence[Row], setting: float, seed: int) -> Iterable[Image.Image | None]:
        """Edit by the instruction."""
        requests = [
            EditRequest(
                image=row.source,
                instruction=row.instruction,
                steps=self.steps,
                text_guidance=self.text_guidance,
                image_guidance=setting,
                seed=seed,
            )
            for row in rows
        ]
        return pictures(self.editor, requests, full_resolution=self.full_resolution)


class SDEditDrawing:
    """SDEdit (Meng et al. 2022, arXiv 2108.01073), the paper's baseline; the setting is the strength, in (0, 1].

    Noise is added to the picture up to that share of the schedule, and taken off again for the edited caption:
    diffusers' image-to-image. It is never told the instruction.
    """

    def __init__(self, pipeline: Any, text_guidance: float, steps: int) -> None:
        self._pipeline, self._guidance, self._steps = pipeline, text_guidance, steps

    def draw(self, rows: Sequence[Row], setting: float, seed: int) -> Iterator[Image.Image | None]:
        """Draw by the edited caption, one picture at a time: none depends on its company."""
        for row in rows:
            yield self._draw_one(row, setting, seed)

    def _draw_one(self, row: Row, strength: float, seed: int) -> Image.Image:
        source = row.source
        generator = torch.Generator("cpu").manual_seed(seed)
        with quiet_libraries(), torch.inference_mode():
            found = self._pipeline(
                prompt=row.edited_caption,
                image=source.resize(self._size(source), Image.Resampling.LANCZOS),
                strength=strength,
                num_inference_steps=max(self._steps, ceil(1 / strength) + 1),  # at least one is done
                guidance_scale=self._guidance,
                generator=generator,
            )
        image: Image.Image = found.images[0]
        return image.resize(source.size, Image.Resampling.LANCZOS)

    def _size(self, source: Image.Image) -> tuple[int, int]:
        """The longer side as the checkpoint was made for, both in what the network can halve."""
        unet, factor = self._pipeline.unet.config, int(self._pipeline.vae_scale_factor)
        sides = unet.sample_size if isinstance(unet.sample_size, list | tuple) else [unet.sample_size]
        multiple = factor * 2 ** (len(unet.block_out_channels) - 1)
        scale = max(sides) * factor / max(source.size)
        width, height = (max(multiple, round(side * scale / multiple) * multiple) for side in source.size)
        return width, height


def load_sdedit(name: str, *, text_guidance: float, steps: int, device: str | None, offline: bool) -> SDEditDrawing:
    """SDEdit with a text-to-image checkpoint in diffusers layout (Stable Diffusion 1, 2, XL): a folder or hub id.

    Raises:
        ModelError: it cannot be found, or is no such checkpoint.
    """
    from ip2p_gen_data.p2p.model import load_text_to_image

    loaded = load_text_to_image(name, device=device, offline=offline)
    with quiet_libraries():
        from diffusers import AutoPipelineForImage2Image  # says in many lines what other pipelines would need

        pipeline = AutoPipelineForImage2Image.from_pipe(loaded.pipeline)
    pipeline.set_progress_bar_config(disable=True)
    return SDEditDrawing(pipeline, text_guidance, steps)
