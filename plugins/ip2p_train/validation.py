"""Validation of an editor on the held-out pairs: a loss that can be compared between steps, pictures, and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ip2p_cli.api import make_output_folder, writing
from ip2p_eval.encoders import Encoders

from .assemble import defaults_of
from .config import ValidationConfig
from .editor import EditorPart, Noised, moved
from .encoders import load_text, load_vae
from .figures import compare
from .latents import LatentPairs, Picked, Sample
from .names import STATE_FOLDER
from .part import device_of
from .sheet import draw_sheet

AT_ONCE = 16  # pairs in one forward pass
PAPER = {"steps": 20, "text_guidance": 7.5, "image_guidance": 1.5}


@dataclass(frozen=True)
class EditorValidation:
    """Measures an editor part, with whatever weights it has at the time."""

    part: EditorPart
    pairs: LatentPairs
    samples: tuple[Sample, ...]
    config: ValidationConfig
    max_steps: int
    out: Path
    encoders: Encoders = Encoders()

    def is_due(self, step: int) -> bool:
        """Every so many steps, and at the end."""
        return step % self.config.every == 0 or step == self.max_steps

    def run(self, step: int) -> dict[str, float]:
        """Loss and figures; the sheet goes to `out/.train/validation/step-N.jpg`."""
        found = {"validation_loss": self.loss()}
        if self.samples:
            edited = edit(self.part, self.samples)
            folder = self.out / STATE_FOLDER / "validation"
            make_output_folder(folder)
            with writing(folder):
                draw_sheet(self.samples, edited).save(folder / f"step-{step}.jpg", quality=90)
            figures = compare(self.samples, edited, self.encoders)
            found |= {f"validation_{name}": value for name, value in figures.items()}
        return found

    @torch.no_grad()
    def loss(self) -> float:
        """Mean squared error of all that the network predicts, with the same noise and timesteps each time."""
        batches = list(_batches(self.pairs, self.config.samples))
        count = sum(len(picked.pairs) for picked in batches)
        last = self.part.scheduler.config.num_train_timesteps - 1
        timesteps = torch.linspace(0, last, count).round().long()  # evenly over the schedule
        generator, total, done = torch.Generator().manual_seed(0), 0.0, 0
        timesteps = timesteps[torch.randperm(count, generator=generator)]
        for picked in batches:
            x0, photo, text = self.pairs.take(picked)
            noise = torch.randn(x0.shape, generator=generator)
            noised = Noised(x0, photo, text, noise, timesteps[done : done + len(x0)])
            errors = self.part.errors(moved(noised, device_of(self.part.model)))
            total += float(errors.mean(dim=1).sum())
            done += len(x0)
        return total / count


def _batches(pairs: LatentPairs, limit: int) -> Iterator[Picked]:
    """At most `limit` pairs, evenly spaced, the same ones each time."""
    step, at = max(1, -(-len(pairs) // limit)), 0
    for number, bucket in enumerate(pairs.buckets):
        chosen = [pair for pair in range(len(bucket.rows)) if (at + pair) % step == 0]
        at += len(bucket.rows)
        for start in range(0, len(chosen), AT_ONCE):
            yield Picked(number, chosen[start : start + AT_ONCE])


@torch.no_grad()
def edit(part: EditorPart, samples: Sequence[Sample]) -> list[Image.Image]:
    """Edits by diffusers' own pipeline with the network as it is, each from its own fixed noise."""
    from diffusers import DDIMScheduler, StableDiffusionInstructPix2PixPipeline

    tokenizer, text_encoder = load_text(part.base.folder)
    pipeline: Any = StableDiffusionInstructPix2PixPipeline(
        vae=load_vae(part.base.folder),
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=part.model,
        scheduler=DDIMScheduler.from_config(part.scheduler.config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to(device_of(part.model))
    pipeline.set_progress_bar_config(disable=True)
    settings = PAPER | defaults_of(part.base, part.config)
    return [
        pipeline(
            sample.instruction,
            image=sample.before,
            num_inference_steps=settings["steps"],
            guidance_scale=settings["text_guidance"],
            image_guidance_scale=settings["image_guidance"],
            generator=torch.Generator().manual_seed(number),
        ).images[0]
        for number, sample in enumerate(samples)
    ]
