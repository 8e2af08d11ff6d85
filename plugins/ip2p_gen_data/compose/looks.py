"""The parametric looks: family name -> function(picture, sky mask, rng) -> picture.

Pictures are (h, w, 3) float32 in [0, 1] at about 256 px; results are clipped by `apply`. These functions make
training pairs only: nothing of them runs when a photo is edited.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .pixels import (
    Array,
    blocks,
    blur,
    box,
    clip,
    contrast,
    edges,
    flatten,
    greenness,
    grey,
    heights,
    kuwahara,
    luma,
    mix,
    posterise,
    saturate,
    sky_mask,
    smoothstep,
    tint,
)

Look = Callable[[Array, Array, np.random.Generator], Array]


def apply(family: str, picture: Array, rng: np.random.Generator, sky: Array | None = None) -> Array:
    """The look of `family` on a picture; `sky` is its sky mask (h, w) where it is known exactly."""
    mask = sky_mask(picture) if sky is None else sky
    return clip(LOOKS[family](picture, mask, rng)).astype(np.float32)


def black_and_white(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return contrast(grey(x), 1.15)


def sepia(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return tint(grey(x) * 0.92 + 0.06, 1.12, 0.88, 0.62)


def night(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    dim = clip(saturate(x, 0.55)) ** 1.25
    return mix(tint(dim, 0.26, 0.34, 0.58), (0.01, 0.02, 0.08), 0.45 * sky)


def sunset(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    y = heights(x)
    lit = tint(contrast(x, 1.1, 0.45), 1.06, 0.70, 0.48)
    glow = np.stack([0.85 + 0.15 * y, 0.32 + 0.42 * y, 0.42 - 0.2 * y], axis=-1).astype(np.float32)
    return mix(lit, glow * (0.55 + 0.5 * grey(x)), 0.72 * sky)


def warm(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return mix(tint(x**0.92, 1.14, 0.99, 0.66), (1.0, 0.82, 0.45), 0.10)


def cold(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return mix(tint(saturate(x, 0.8), 0.72, 0.95, 1.18), (0.55, 0.75, 1.0), 0.12)


def brighter(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return x**0.58 * 1.04 + 0.02


def darker(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return x**1.35 * 0.55


def more_contrast(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return contrast(saturate(x, 1.1), 1.75, float(np.clip(luma(x).mean(), 0.35, 0.6)))


def vintage(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    faded = saturate(x, 0.5) * np.array([0.68, 0.66, 0.56], np.float32) + np.array([0.24, 0.20, 0.17], np.float32)
    h, w = x.shape[:2]
    yy, xx = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)
    return faded * (1 - 0.16 * np.clip(yy**2 + xx**2 - 0.4, 0, 1))[..., None]


def fog(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    far = smoothstep(heights(x), 1.0, 0.1)
    soft = mix(x, box(x, 1), 0.5)
    return mix(saturate(soft, 0.45), (0.80, 0.82, 0.84), 0.42 + 0.32 * far)


def winter(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    base = tint(clip(saturate(x, 0.3)) ** 0.85, 0.93, 1.0, 1.08)
    lying = np.maximum(smoothstep(box(luma(x), 2), 0.28, 0.62), 0.85 * box(greenness(x), 2)) * (1 - 0.6 * sky)
    white = 0.80 + 0.20 * grey(x) + np.array([-0.03, 0.0, 0.02], np.float32)
    return mix(mix(base, white, 0.78 * lying), (0.84, 0.88, 0.93), 0.55 * sky)


def autumn(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    leaves = tint(grey(x) ** 0.85, 1.42, 0.72, 0.18)
    base = tint(saturate(x, 1.15), 1.16, 0.90, 0.62)
    return mix(base, leaves, 0.9 * box(greenness(x), 1) + 0.12)


def spring(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    land = 1 - 0.8 * sky
    dull = smoothstep(x.max(-1) - x.min(-1), 0.5, 0.1)
    lush = tint(grey(x) ** 0.9, 0.62, 1.22, 0.38)
    base = tint(saturate(x, 1.3), 0.86, 1.14, 0.78)
    return mix(base, lush, (0.16 + 0.26 * dull + 0.40 * box(greenness(x), 1)) * land)


def storm(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    base = contrast(tint(saturate(x, 0.35), 0.50, 0.55, 0.62), 1.1, 0.3)
    heavy = mix(base, tint(contrast(grey(x), 1.5, 0.6), 0.36, 0.39, 0.44), 0.8 * sky)
    return heavy + 0.10 * _rain(x.shape[:2], rng)[..., None]


def underwater(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    y = heights(x)
    sunk = tint(saturate(mix(x, box(x, 1), 0.5), 0.6), 0.22, 0.74, 0.86)
    water = np.stack([0.02 + 0 * y, 0.48 - 0.26 * y, 0.58 - 0.22 * y], axis=-1).astype(np.float32)
    return mix(sunk, water, 0.42)


def neon(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    g = grey(x)
    side = np.linspace(0, 1, x.shape[1], dtype=np.float32)[None, :] + 0.25 * (x[..., 0] - x[..., 2])
    hue = mix(
        np.broadcast_to(np.array([0.0, 0.85, 1.0], np.float32), x.shape), (1.0, 0.08, 0.78), smoothstep(side, 0.3, 0.7)
    )
    lit = hue * contrast(g, 1.5, 0.45) * 1.05 + 0.22 * contrast(x, 1.3)
    glow = hue * blur(edges(x), 2)[..., None] * 0.5
    return lit * 0.85 + glow + np.array([0.05, 0.0, 0.10], np.float32)


def oil_painting(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    painted = mix(flatten(x, 4, 0.012), kuwahara(x, 3), 0.45)
    return contrast(saturate(painted, 1.35), 1.10, 0.45)


def watercolor(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    wash = flatten(flatten(x, 4, 0.01), 4, 0.006)
    rims = smoothstep(edges(wash), 0.2, 0.8)
    return mix(saturate(wash, 1.25), (1.0, 0.98, 0.95), 0.40) - 0.16 * rims[..., None]


def pencil_sketch(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    g = np.sqrt(luma(x))  # evens out dark photos, which would else be all hatching
    dodge = (g + 0.10) / (blur(g, 3) + 0.10)
    shade = 0.94 + 0.06 * smoothstep(blur(g, 2), 0.1, 0.6)
    outline = smoothstep(edges(box(x, 1)), 0.15, 0.9)
    line = np.clip(1 - 2.4 * np.clip(0.98 - dodge, 0, 1) - 0.55 * outline, 0.10, 1) * shade
    return np.repeat(line[..., None], 3, axis=-1)


def cartoon(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    flat = mix(flatten(x, 4, 0.012), kuwahara(x, 3), 0.25)
    levels = posterise(clip(contrast(saturate(flat, 1.6), 1.15)), 6)
    lines = smoothstep(edges(flat), 0.30, 0.6)
    return mix(levels, (0.05, 0.05, 0.06), 0.8 * lines)


def pixel_art(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return posterise(clip(contrast(saturate(blocks(x, 8), 1.35), 1.15)), 7)


def negative(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    return 1 - x


def dreamy(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    soft = blur(x, 4)
    screen = 1 - (1 - box(x, 2)) * (1 - 0.45 * soft)
    return mix(mix(screen, soft, 0.45), (1.0, 0.90, 0.93), 0.12)


def desert(x: Array, sky: Array, rng: np.random.Generator) -> Array:
    sand = tint(grey(x) ** 0.85 * 0.85 + 0.2, 1.05, 0.84, 0.54)
    base = mix(tint(saturate(x, 0.5), 1.16, 0.98, 0.68), sand, 0.55 + 0.25 * smoothstep(heights(x), 0.4, 0.8))
    return mix(base, (0.93, 0.80, 0.56), 0.12)


def _sky_in(colour: tuple[float, float, float]) -> Look:
    def look(x: Array, sky: Array, rng: np.random.Generator) -> Array:
        painted = np.asarray(colour, np.float32) * (0.55 + 0.55 * grey(x))
        return mix(x, painted, 0.88 * sky)

    return look


def _rain(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Slanted streaks: (h, w) in about [0, 1]."""
    h, w = shape
    drops = (rng.random((h + 24, w + 24)) > 0.985).astype(np.float32)
    streaks = sum(np.roll(drops, (k, -k // 3), (0, 1)) for k in range(20))
    return np.clip(box(np.asarray(streaks, np.float32), 1)[12 : 12 + h, 12 : 12 + w] * 1.5, 0, 1)


LOOKS: dict[str, Look] = {
    "black-and-white": black_and_white,
    "sepia": sepia,
    "night": night,
    "sunset": sunset,
    "warm": warm,
    "cold": cold,
    "brighter": brighter,
    "darker": darker,
    "contrast": more_contrast,
    "vintage": vintage,
    "fog": fog,
    "winter": winter,
    "autumn": autumn,
    "spring": spring,
    "storm": storm,
    "underwater": underwater,
    "neon": neon,
    "oil-painting": oil_painting,
    "watercolor": watercolor,
    "pencil-sketch": pencil_sketch,
    "cartoon": cartoon,
    "pixel-art": pixel_art,
    "negative": negative,
    "dreamy": dreamy,
    "desert": desert,
    "pink-sky": _sky_in((1.0, 0.50, 0.78)),
    "orange-sky": _sky_in((1.0, 0.58, 0.18)),
    "green-sky": _sky_in((0.38, 0.95, 0.45)),
}
