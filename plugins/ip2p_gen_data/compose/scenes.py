"""Procedural outdoor scenes with an exactly known sky: gradients, clouds, hills, trees, houses, water."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pixels import Array, blur, clip, mix, smoothstep
from .things import draw

_SKIES = (
    ((0.30, 0.52, 0.86), (0.74, 0.85, 0.95)),
    ((0.55, 0.66, 0.78), (0.83, 0.87, 0.90)),
    ((0.16, 0.38, 0.75), (0.62, 0.80, 0.95)),
)
_LANDS = (
    (0.30, 0.45, 0.18),
    (0.45, 0.50, 0.22),
    (0.52, 0.44, 0.30),
    (0.36, 0.34, 0.32),
    (0.24, 0.36, 0.16),
    (0.62, 0.55, 0.40),
)


@dataclass(frozen=True)
class Far:
    """What stands in the distance: mountains or a skyline (keys of THINGS), `height` of the picture high."""

    thing: str
    colour: str
    height: float
    seed: int


def scene(side: int, rng: np.random.Generator, far: Far | None = None) -> tuple[Array, Array]:
    """A picture (side, side, 3) in [0, 1] and its sky mask (side, side).

    `far` stands behind the land, in front of the sky; the same `rng` makes the same scene without it.
    """
    top, bottom = _SKIES[rng.integers(len(_SKIES))]
    y = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
    picture = mix(np.broadcast_to(np.asarray(top, np.float32), (side, side, 3)), bottom, smoothstep(y, 0, 0.6))
    picture = mix(picture, (0.95, 0.95, 0.96), rng.uniform(0, 0.9) * smoothstep(noise(side, 4, rng), 0.5, 0.75))
    sky = np.ones((side, side), np.float32)
    ridge = rng.uniform(0.3, 0.55)
    if far is not None:
        picture, sky = _behind(picture, sky, far, foot=max(ridge, 0.42) + 0.10)
    for layer in range(int(rng.integers(2, 5))):
        near = layer / 4
        skyline = ridge + 0.10 * layer + (noise(side, 6, rng)[0] - 0.5) * rng.uniform(0.08, 0.35) * (1 - near)
        land = smoothstep(y - skyline[None, :], -0.004, 0.004)
        colour = np.asarray(_LANDS[rng.integers(len(_LANDS))], np.float32)
        colour = colour + (1 - near) * 0.4 * (np.asarray(bottom, np.float32) - colour)
        texture = 0.75 + 0.5 * noise(side, 24, rng) * (0.4 + near)
        picture = mix(picture, clip(colour * texture[..., None]).astype(np.float32), land)
        sky *= 1 - land
    if rng.random() < 0.35:
        picture, sky = _houses(picture, sky, y, rng)
    if rng.random() < 0.6:
        picture, sky = _trees(picture, sky, y, rng)
    if rng.random() < 0.3:
        picture = _water(picture, sky, y, rng)
    grain = rng.normal(0, 0.01, picture.shape).astype(np.float32)
    return clip(picture + grain), blur(sky, 1)


def _behind(picture: Array, sky: Array, far: Far, foot: float) -> tuple[Array, Array]:
    """Lay what is far away over the sky, down to `foot` (a share of the height)."""
    side = len(sky)
    height, bottom = round(far.height * side), round(foot * side)
    piece = draw(far.thing, far.colour, height, np.random.default_rng(far.seed), width=side)
    rows = slice(bottom - height, bottom)
    picture = picture.copy()
    picture[rows] = mix(picture[rows], piece[..., :3], piece[..., 3])
    sky[rows] *= 1 - piece[..., 3]
    sky[bottom:] = 0
    return picture, sky


def noise(side: int, cells: int, rng: np.random.Generator) -> Array:
    """Smooth noise of three octaves, scaled to [0, 1]: (side, side)."""
    total = np.zeros((side, side), np.float32)
    for octave in range(3):
        n = cells * 2**octave
        grid = rng.random((n + 2, n + 2)).astype(np.float32)
        at = np.linspace(0, n, side, dtype=np.float32)
        i, f = at.astype(int), at - at.astype(int)
        f = f * f * (3 - 2 * f)
        rows = grid[i] * (1 - f)[:, None] + grid[i + 1] * f[:, None]
        total += (rows[:, i] * (1 - f) + rows[:, i + 1] * f) / 2**octave
    return (total - total.min()) / (np.ptp(total) + 1e-6)


def _houses(picture: Array, sky: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    side = sky.shape[0]
    base = rng.uniform(0.6, 0.8)
    for left in np.arange(0, 1, 0.14) + rng.uniform(-0.05, 0.05, 8):
        if rng.random() < 0.35:
            continue
        x0, x1 = int(max(0, left) * side), int(min(1, left + rng.uniform(0.06, 0.14)) * side)
        y0, y1 = int((base - rng.uniform(0.12, 0.45)) * side), int(base * side)
        if x1 - x0 < 4:
            continue
        picture[y0:y1, x0:x1] = rng.uniform(0.25, 0.85) * (0.8 + 0.3 * rng.random(3)).astype(np.float32)
        picture[y0 + 4 : y1 : 9, x0:x1] *= 0.75
        picture[y0 + 4 : y1, x0 + 2 : x1 : 7] *= 0.7
        sky[y0:y1, x0:x1] = 0
    return clip(picture), sky


def _trees(picture: Array, sky: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    side = sky.shape[0]
    yy, xx = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j].astype(np.float32)
    ragged = noise(side, 20, rng)
    for _ in range(int(rng.integers(1, 7))):
        cx, cy, size = rng.random(), rng.uniform(0.45, 0.8), rng.uniform(0.06, 0.2)
        crown = smoothstep(((xx - cx) ** 2 + ((yy - cy) * 0.8) ** 2) / size**2 + 0.9 * (ragged - 0.5), 1.02, 0.9)
        trunk = (np.abs(xx - cx) < size * 0.08) & (yy > cy) & (yy < cy + size * 1.7)
        leaf = (
            np.array([0.16, 0.34, 0.10], np.float32) * rng.uniform(0.7, 1.7) * np.array([rng.uniform(0.8, 1.6), 1, 1])
        )
        picture = mix(picture, np.array([0.25, 0.18, 0.12], np.float32), trunk.astype(np.float32))
        picture = mix(picture, clip(leaf * (0.5 + ragged)[..., None]).astype(np.float32), crown)
        sky = sky * (1 - crown) * (1 - trunk)
    return picture, sky.astype(np.float32)


def _water(picture: Array, sky: Array, y: Array, rng: np.random.Generator) -> Array:
    shore = rng.uniform(0.65, 0.85)
    mirrored = picture[::-1]
    ripples = np.repeat(noise(sky.shape[0], 30, rng)[:, :1], sky.shape[1], axis=1)
    water = mirrored * np.array([0.7, 0.8, 0.9], np.float32) * (0.85 + 0.25 * ripples)[..., None]
    return mix(picture, clip(water), smoothstep(y, shore, shore + 0.01))
