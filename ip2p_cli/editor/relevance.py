"""Where an instruction means to change a photo, asked of the model itself.

The photo is noised, and the network predicts it twice, with the instruction and without: where the two differ, the
instruction has something to do (DiffEdit, Couairon et al. 2022, arXiv 2210.11427, section 3.2; for InstructPix2Pix
"Watch Your Steps", Mirzaei et al. 2023, arXiv 2308.08947, section 3.1).

Shapes: n items, k draws of noise each, latents (c, h, w), text of l tokens of width d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.guidance import Guidance, plan_rows
from ip2p_cli.editor.rows import Bucket, Network, cut_rows

LEVELS = (0.3, 0.4, 0.5, 0.6)  # shares of the timesteps: one draw of noise at each
RADIUS = 0.5  # of the smoothing, in latents
STRONGEST = 4  # the mean of so many highest places counts as 1: the smallest thing worth drawing has 2 x 2 latents
FAINTEST = 1e-3  # less than this, where predictions are about 1, is rounding
QUIET = 0.25  # the quantile that stands for what the instruction does not mean ...
BACKGROUND = (0.2, 0.4)  # ... wholly up to the first share of the strongest; from the second on, all is meant
OUTSIDE, INSIDE = 0.25, 0.45  # of the way from the background to the strongest: less is left alone, more is free
BOTH = Guidance(text=2.0, image=1.0)  # asks for the rows with and without the instruction, and no third


def relevance(network: Network, scheduler: Any, bucket: Bucket, draws: Tensor, scale: float, batch_size: int) -> Tensor:
    """How far the two predictions differ at each place, mean over channels and draws.  # (n, h, w)

    Args:
        bucket: photos and texts; its noise and guidance are not used.
        draws: (n, k, c, h, w) standard normal, k = len(LEVELS).
        scale: the autoencoder's scaling factor, which `bucket.photos` lack.
    """
    asked = replace(bucket, guidance=[BOTH] * len(bucket.photos))
    chunks = cut_rows(plan_rows(asked.guidance), asked, batch_size)
    clean = bucket.photos.float() * scale
    total = torch.zeros_like(clean[:, 0])
    for number, level in enumerate(LEVELS):
        timestep = torch.tensor(int(level * scheduler.config.num_train_timesteps))
        noise = draws[:, number].to(clean.device)
        noised = scheduler.add_noise(clean, noise, timestep.expand(len(clean)))
        place = timestep.to(clean.device)
        rows = torch.cat([network(chunk, noised, place) for chunk in chunks]).float()  # (2n, c, h, w)
        total += (rows[0::2] - rows[1::2]).abs().mean(dim=1)
    return total / len(LEVELS)


def mask_of(relevance: Tensor, window: Sequence[slice], size: tuple[int, int], factor: int) -> Image.Image:
    """A mask (mode L) of a photo's size from a finite map (h, w): 255 where it is high, 0 where low, soft between.

    `window` is the photo's part of the canvas, in pixels of the model's size, `factor` to a latent. A map that is high
    all over, as an instruction for the whole photo makes it, gives 255 nearly everywhere; one that is 0 gives 0.
    """
    values = _smooth(relevance.float().cpu().numpy())
    rows, columns = window
    background, strongest = _levels(values[_latents(rows, factor), _latents(columns, factor)])
    canvas = Image.fromarray(values.astype(np.float32))  # mode F
    canvas = canvas.resize((canvas.width * factor, canvas.height * factor), Image.Resampling.BICUBIC)
    seen = np.asarray(canvas.crop((columns.start, rows.start, columns.stop, rows.stop)))
    t = np.clip(((seen - background) / (strongest - background) - OUTSIDE) / (INSIDE - OUTSIDE), 0, 1)
    # Only now to the photo's size: a byte a pixel, where floats of a large photo are gigabytes.
    return Image.fromarray(np.rint(255 * t * t * (3 - 2 * t)).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)


def _levels(values: np.ndarray) -> tuple[float, float]:
    """(background, strongest): the levels of a smoothed map that count as 0 and 1."""
    strongest = max(float(np.sort(values, axis=None)[-STRONGEST:].mean()), FAINTEST)
    quiet = float(np.quantile(values, QUIET))
    return quiet * float(np.interp(quiet / strongest, BACKGROUND, (1, 0))), strongest


def _latents(pixels: slice, factor: int) -> slice:
    """The latents that a range of pixels touches."""
    return slice(pixels.start // factor, -(-pixels.stop // factor))


def _smooth(values: np.ndarray) -> np.ndarray:
    """A Gaussian of RADIUS, mirrored at the borders; cut at three times it."""
    reach = max(1, round(3 * RADIUS))
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / RADIUS) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="symmetric")
        values = sum(
            weight * np.take(padded, np.arange(values.shape[axis]) + place, axis=axis)
            for place, weight in enumerate(kernel)
        )
    return values
