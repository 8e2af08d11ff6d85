"""A scene -> its picture: sky and ground, things with their shadows, fog, rain or snow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .land import Sky, X, Y, backdrop, mix, spots
from .light import LIGHTS, THINGS, Light, rgb
from .nuisance import FALL, generator
from .nuisance import THINGS as THINGS_PART
from .scene import SIDE, Scene, Thing
from .shapes import SHAPES, Array

HEIGHTS = {"small": 14.0, "large": 24.0}  # pixels, give or take 6 %


_FADING = np.clip((46 - Y) / 20, 0.2, 1)  # what falls is seen against the sky; on the ground a flake is no thing


def render(scene: Scene) -> NDArray[np.uint8]:
    """The picture of a scene, (SIDE, SIDE, 3) uint8. The same scene gives the same bytes."""
    land, sky = backdrop(scene)
    picture = _falling(land, scene)
    rng = generator(scene.seed, THINGS_PART)
    draws = {number: rng.random(6, np.float32) for number in (0, 1)}  # by lane, so that a thing keeps its own
    for thing in sorted(scene.things, key=lambda thing: thing.y):  # the nearer one last
        _draw(picture, thing, scene, sky, draws[int(thing.x > SIDE / 2)])
    return np.clip(picture * 255 + np.float32(0.5), 0, 255).astype(np.uint8)


def render_all(scenes: Sequence[Scene]) -> NDArray[np.uint8]:
    """Pictures of many scenes: (n, SIDE, SIDE, 3) uint8."""
    pictures = np.empty((len(scenes), SIDE, SIDE, 3), np.uint8)
    for index, scene in enumerate(scenes):
        pictures[index] = render(scene)
    return pictures


def mark_things(scenes: Sequence[Scene]) -> NDArray[np.bool_]:
    """Boxes about the things of many scenes, without their shadows: (n, SIDE, SIDE)."""
    marks = np.zeros((len(scenes), SIDE, SIDE), np.bool_)
    for index, scene in enumerate(scenes):
        for thing in scene.things:
            px = HEIGHTS[thing.size]
            marks[
                index, int(thing.y - px) : int(thing.y) + 3, max(0, int(thing.x - px / 2)) : int(thing.x + px / 2) + 2
            ] = True
    return marks


def _draw(picture: Array, thing: Thing, scene: Scene, sky: Sky, draw: Array) -> None:
    """Put a thing into the picture, in place. `draw`: six numbers in [0, 1], its nuisances."""
    light = LIGHTS[scene.time, scene.weather]
    px = HEIGHTS[thing.size] * (0.94 + 0.12 * float(draw[0]))
    window = _window(thing, px)
    view, x, y = picture[window], X[:, window[1]], Y[window[0]]
    u, v = (x - np.float32(thing.x)) / np.float32(px), (np.float32(thing.y) - y) / np.float32(px)
    u, v = np.broadcast_to(u, view.shape[:2]), np.broadcast_to(v, view.shape[:2])
    colour = rgb(THINGS[thing.colour]) + (draw[1:4] - np.float32(0.5)) * np.float32(0.10)
    if scene.ground == "water":
        depth = np.clip(1 - (y - np.float32(thing.y)) / 6, 0, 1) * (y > thing.y)
        _paint(view, thing.kind, u, v * np.float32(-1.5), px, scene, light, colour, 0.38 * depth)
    else:
        view[...] = mix(view, (0.0, 0.0, 0.0), _shadow(u, v, thing, scene, sky, px))
    _paint(view, thing.kind, u, v, px, scene, light, colour, 1.0)


def _window(thing: Thing, px: float) -> tuple[slice, slice]:
    """The part of the picture that a thing with its shadow can touch."""
    top, bottom = int(thing.y - px) - 2, int(thing.y + 8)
    left, right = int(thing.x - 0.8 * px) - 2, int(thing.x + 0.8 * px) + 3
    return slice(max(top, 0), min(bottom, SIDE)), slice(max(left, 0), min(right, SIDE))


def _paint(
    view: Array,
    kind: str,
    u: Array,
    v: Array,
    px: float,
    scene: Scene,
    light: Light,
    colour: Array,
    alpha: Array | float,
) -> None:
    """The layers of a thing over a part of the picture, in place, in the light of the scene."""
    tint, veil = rgb(light.tint), rgb(light.horizon)
    for layer in SHAPES[kind](u, v, px, scene.time == "night"):
        base = colour if layer.colour is None else rgb(layer.colour)
        shade = np.asarray(layer.shade, np.float32)[..., None]
        body = np.where(shade > 1, base + (shade - 1) * (1.15 - base), base * shade) * tint
        body = body + np.float32(0.8 * light.veil) * (veil - body)
        view += (layer.coverage * alpha)[..., None] * (body - view)


def _shadow(u: Array, v: Array, thing: Thing, scene: Scene, sky: Sky, px: float) -> Array:
    """How dark the ground is around a thing's foot, away from the sun: (h, w)."""
    strength = 0.45 if scene.weather == "clear" else 0.25
    lean = np.clip((thing.x - sky.sun[0]) / SIDE, -0.5, 0.5) * (0.5 if scene.weather == "clear" else 0.0)
    distance = np.hypot((u - np.float32(lean)) / 0.52, (v + 0.02) / 0.15)
    return np.float32(strength) * np.clip((1 - distance) * np.float32(0.15 * px) + 0.5, 0, 1)


def _falling(picture: Array, scene: Scene) -> Array:
    """Rain in slanting streaks, snow in flakes, behind the things: none hides what a caption names."""
    if scene.weather == "rain":
        return _rain(picture, scene)
    if scene.weather == "snow":
        return _snow(picture, scene)
    return picture


def _rain(picture: Array, scene: Scene) -> Array:
    drops = generator(scene.seed, FALL).random((20, 3), np.float32)
    steps = np.arange(9, dtype=np.float32)
    y = drops[:, :1] * (SIDE + 8) - 8 + steps
    x = drops[:, 1:2] * (SIDE + 4) - np.float32(0.45) * steps
    strength = (0.30 + 0.25 * drops[:, 2:]) * np.ones_like(steps) * (1.0 if scene.time != "night" else 0.7)
    return mix(picture, (0.80, 0.86, 0.94), np.minimum(spots(y, x, strength, 0.7), 0.5) * _FADING)


def _snow(picture: Array, scene: Scene) -> Array:
    flakes = generator(scene.seed, FALL).random((26, 3), np.float32)
    strength = (0.7 + 0.6 * flakes[:, 2]) * (1.0 if scene.time != "night" else 0.85)
    map_ = spots(flakes[:, 0] * SIDE, flakes[:, 1] * SIDE, strength, 1.0)
    return mix(picture, (1.0, 1.0, 1.0), np.minimum(map_, 0.92) * _FADING)
