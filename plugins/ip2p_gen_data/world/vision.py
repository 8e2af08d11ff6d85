"""What the reader of pictures sees with: tones, textures, masks. Only pixels; nothing of the renderer is imported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SIDE = 64
TOP, BOTTOM = 24, 56  # things lie between these rows; above is nothing but sky, below nothing but ground
FIRST, LAST = 18, 60  # rows that are searched for things
BAND = 7  # rows of ground and sky that share one model of the background
TONES = 12  # features of sky and ground that are tones: four bands of three channels
PATCH = 28  # pixels; a thing is looked at in a square of this side around its middle
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Blob:
    """Pixels of one thing: `mask` (SIDE, SIDE) in {0, 1}, its middle, width, height and area in pixels."""

    mask: Array
    x: float
    y: float
    width: int
    height: int
    area: int


def tones(picture: NDArray[np.uint8]) -> Array:
    """(SIDE, SIDE, 3) uint8 -> square roots of [0, 1]: dark tones apart as far as light ones."""
    return np.sqrt(picture.astype(np.float32) / np.float32(255))


def sky_features(t: Array) -> Array:
    """Median tones of four bands and the roughness both ways, of the sky: (14,)."""
    return np.concatenate((_medians(t[:TOP], 6), _roughness(t[:TOP])))


def ground_features(t: Array) -> Array:
    """The same of the ground below all things: (14,)."""
    return np.concatenate((_medians(t[BOTTOM:], 2), _roughness(t[BOTTOM + 2 :])))


def bands() -> NDArray[np.intp]:
    """For each searched row the number of its background's model: (LAST - FIRST,)."""
    return np.arange(LAST - FIRST) // BAND


def blobs(mask: NDArray[np.bool_], least: int = 20) -> list[Blob]:
    """Things in a mask (SIDE, SIDE), left to right. They stand side by side: runs of columns tell them apart."""
    kept = mask & (_neighbours(mask) >= 3)
    columns = np.flatnonzero(kept.sum(axis=0) >= 2)
    if not len(columns):
        return []
    found = []
    for run in np.split(columns, np.flatnonzero(np.diff(columns) > 2) + 1):
        own = np.zeros_like(kept)
        own[:, run[0] : run[-1] + 1] = kept[:, run[0] : run[-1] + 1]
        if own.sum() >= least:
            found.append(_blob(own))
    return found


def shape_features(t: Array, blob: Blob) -> Array:
    """Mask and brightness of a thing around its middle, at half size, and its measures: (395,)."""
    grey = t @ _LUMA
    inside = blob.mask > 0
    relief = np.where(inside, grey - grey[inside].mean(), 0).astype(np.float32)
    x, y = round(blob.x - PATCH / 2), round(blob.y - PATCH / 2)
    patches = [_halved(_cut(plane, y, x)) for plane in (blob.mask, relief)]
    measures = np.array([blob.width, blob.height, np.sqrt(blob.area)], np.float32) / 10
    return np.concatenate((patches[0].ravel(), 4 * patches[1].ravel(), measures))


def _medians(t: Array, rows: int) -> Array:
    """Median tone of each run of rows: (n · 3,)."""
    grouped = t.reshape(t.shape[0] // rows, rows * t.shape[1], 3)
    return np.median(grouped, axis=1).ravel()


def _roughness(t: Array) -> Array:
    """Logarithms of the mean second difference along rows and along columns: (2,)."""
    grey = t @ _LUMA
    along = np.abs(2 * grey[:, 1:-1] - grey[:, :-2] - grey[:, 2:]).mean()
    down = np.abs(2 * grey[1:-1] - grey[:-2] - grey[2:]).mean()
    return np.log(np.array([along, down], np.float32) + np.float32(0.01))


def _neighbours(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of the eight around each pixel are set."""
    padded = np.pad(mask, 1).astype(np.int64)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - mask


def _blob(mask: NDArray[np.bool_]) -> Blob:
    rows, columns = np.nonzero(mask)
    return Blob(
        mask.astype(np.float32),
        float(columns.mean()) + 0.5,
        float(rows.mean()) + 0.5,
        int(np.ptp(columns)) + 1,
        int(np.ptp(rows)) + 1,
        len(rows),
    )


def _cut(plane: Array, top: int, left: int) -> Array:
    """A (PATCH, PATCH) square that may reach over the border."""
    padded = np.pad(plane, PATCH)
    return padded[top + PATCH : top + 2 * PATCH, left + PATCH : left + 2 * PATCH]


def _halved(plane: Array) -> Array:
    half = PATCH // 2
    return plane.reshape(half, 2, half, 2).mean(axis=(1, 3))
