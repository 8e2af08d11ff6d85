"""Sky and ground of a scene: everything but its things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .light import GROUNDS, LIGHTS, RGB, Light, rgb
from .nuisance import LAND, SKY, generator, noise, ridge
from .scene import SIDE, Scene
from .shapes import Array

X = np.arange(SIDE, dtype=np.float32)[None, :] + np.float32(0.5)
Y = np.arange(SIDE, dtype=np.float32)[:, None] + np.float32(0.5)


@dataclass(frozen=True)
class Sky:
    """Where sun or moon stands, and where the ground begins (pixels)."""

    sun: tuple[float, float]
    horizon: float


def mix(picture: Array, colour: Array | RGB, weight: Array | float) -> Array:
    """(h, w, 3) toward a colour by a number or a map (h, w)."""
    w = np.asarray(weight, np.float32)
    return picture + (w[..., None] if w.ndim == 2 else w) * (np.asarray(colour, np.float32) - picture)


def spots(y: Array, x: Array, strength: Array, radius: float) -> Array:
    """Soft round spots around points, of any shape: (SIDE, SIDE)."""
    rows = np.exp(-0.5 * ((Y.T - y.reshape(-1, 1)) / np.float32(radius)) ** 2)  # (n, SIDE)
    columns = np.exp(-0.5 * ((X - x.reshape(-1, 1)) / np.float32(radius)) ** 2)
    return (rows * strength.reshape(-1, 1)).T @ columns


def backdrop(scene: Scene) -> tuple[Array, Sky]:
    """The picture without things, (SIDE, SIDE, 3), and what things need to know of its sky."""
    light = LIGHTS[scene.time, scene.weather]
    rng = generator(scene.seed, SKY)
    horizon = float(rng.uniform(34.0, 38.0))
    sun = (float(rng.uniform(8, 56)), float(rng.uniform(7, 15)))
    if scene.time == "sunset":
        sun = (28 + sun[0] / 8, horizon - 4.5)  # between the lanes, so that no thing stands in it
    tone = rng.uniform(0.96, 1.04, 3).astype(np.float32)
    sky = _gradient(light, horizon) * tone
    sky = _clear(sky, scene.time, sun, horizon, rng) if scene.weather == "clear" else _overcast(sky, scene.weather, rng)
    return _ground(sky, scene, light, Sky(sun, horizon)), Sky(sun, horizon)


def _gradient(light: Light, horizon: float) -> Array:
    """Top, middle, horizon: (SIDE, SIDE, 3)."""
    t = np.clip(Y / horizon, 0, 1) * 2
    column = np.where(
        t < 1,
        rgb(light.top) + t * (rgb(light.middle) - rgb(light.top)),
        rgb(light.middle) + (t - 1) * (rgb(light.horizon) - rgb(light.middle)),
    ).astype(np.float32)
    return np.repeat(column[:, None, :], SIDE, axis=1)


def _clear(sky: Array, time: str, sun: tuple[float, float], horizon: float, rng: np.random.Generator) -> Array:
    """Sun or moon with its glow, stars by night, a few thin clouds by day."""
    distance = np.hypot(X - sun[0], Y - sun[1])
    if time == "night":
        stars = rng.random((14, 3), np.float32)
        points = spots(stars[:, 0] * np.float32(horizon - 6), stars[:, 1] * SIDE, 0.4 + 0.5 * stars[:, 2], 0.6)
        sky = mix(sky, (1.0, 0.98, 0.88), np.minimum(points, 1))
        sky = mix(sky, (0.55, 0.60, 0.80), 0.30 * np.exp(-distance / 6))
        moon = np.clip(4.6 - distance, 0, 1) * np.clip(np.hypot(X - sun[0] - 2.6, Y - sun[1] + 1.4) - 3.3, 0, 1)
        return mix(sky, (0.98, 0.96, 0.84), moon)
    clouds = np.clip(noise(rng, 12, 4) * 2.4 - 0.25, 0, 1) * np.clip((horizon - 8 - Y) / 12, 0, 1)
    if time == "day":
        sky = mix(sky, (1.0, 1.0, 1.0), 0.55 * clouds)
        sky = mix(sky, (1.0, 0.98, 0.86), 0.55 * np.exp(-np.maximum(distance - 4, 0) / 4))
        return mix(sky, (1.0, 0.97, 0.72), np.clip(5.0 - distance, 0, 1))
    sky = mix(sky, (1.0, 0.62, 0.58), 0.55 * clouds)
    sky = mix(sky, (1.0, 0.72, 0.30), 0.65 * np.exp(-np.maximum(distance - 5, 0) / 7))
    return mix(sky, (1.0, 0.93, 0.62), np.clip(7.0 - distance, 0, 1))


def _overcast(sky: Array, weather: str, rng: np.random.Generator) -> Array:
    """Clouds without a gap: heavy and dark for rain, soft for snow, hardly there in fog."""
    amount = {"rain": 0.55, "snow": 0.16, "fog": 0.05}[weather]
    fade = np.clip((34 - Y) / 20, 0, 1) if weather == "rain" else np.float32(1)
    return sky * (1 + amount * noise(rng, 6, 3) * fade)[..., None]


def _ground(sky: Array, scene: Scene, light: Light, where: Sky) -> Array:
    """Hills on the horizon, then the ground over the sky."""
    rng = generator(scene.seed, LAND)
    skyline = where.horizon - 1.5 - 6.5 * ridge(rng, 5)
    far, near = (rgb(colour) * rgb(light.tint) for colour in GROUNDS[scene.ground])
    hazy = {"fog": 0.88, "clear": 0.45}.get(scene.weather, 0.6)
    hills = (0.55 * far + rgb((0.02, 0.05, 0.08))) * (1 - hazy) + hazy * rgb(light.horizon)
    picture = mix(sky, hills, np.clip(Y - skyline[None, :] + 0.5, 0, 1))
    depth = np.clip((Y - where.horizon) / (SIDE - where.horizon), 0, 1) ** np.float32(0.7)
    ground = (far + depth[..., None] * (near - far)) * rng.uniform(0.95, 1.05, 3).astype(np.float32)
    ground = np.broadcast_to(ground, (SIDE, SIDE, 3)) * (1 + _texture(scene, where, depth, rng))[..., None]
    if scene.ground == "road":
        ground = mix(ground, rgb((0.92, 0.91, 0.82)) * rgb(light.tint), _markings(where, rng))
    if scene.ground == "water" and scene.weather == "clear" and scene.time != "day":
        glint = {"sunset": (1.0, 0.80, 0.48), "night": (0.70, 0.74, 0.84)}[scene.time]
        ground = mix(ground, glint, _glitter(where, rng))
    veil = light.veil + (0.85 - light.veil) * (1 - depth) if light.veil else 0.25 * (1 - depth)
    ground = mix(ground, light.horizon, veil * np.ones((1, SIDE), np.float32))
    return mix(picture, ground, np.clip(Y - where.horizon + 0.5, 0, 1) * np.ones((1, SIDE), np.float32))


def _texture(scene: Scene, where: Sky, depth: Array, rng: np.random.Generator) -> Array:
    """Relative brightness around 0, (SIDE, SIDE): blades, ripples, drifts, grains."""
    if scene.ground == "grass":
        return (0.22 * noise(rng, 10, 18) + 0.16 * noise(rng, 8, 6)) * (0.4 + 0.6 * depth)
    if scene.ground == "sand":
        bent = Y + 6 * noise(rng, 4, 3)
        return 0.035 * np.sin(bent * np.float32(1.1)) * depth + 0.10 * noise(rng, 16, 16)
    if scene.ground == "snow":
        return 0.13 * noise(rng, 9, 3) * (0.4 + 0.6 * depth)
    if scene.ground == "water":
        return (0.50 * noise(rng, 20, 6) + 0.20 * noise(rng, 12, 4)) * (0.5 + 0.5 * depth)
    return 0.12 * noise(rng, 18, 18) + 0.08 * noise(rng, 8, 4)


def _markings(where: Sky, rng: np.random.Generator) -> Array:
    """The dashes of a road that passes in front, and its far edge: (SIDE, SIDE)."""
    dash = np.clip(1.6 - np.abs(Y - 59.5), 0, 1) * np.clip(6.5 - np.abs((X + rng.uniform(0, 24)) % 24 - 12), 0, 1)
    edge = np.clip(1.2 - np.abs(Y - where.horizon - 3), 0, 1)
    return np.maximum(dash * np.float32(0.85), edge * np.float32(0.7) * np.ones((1, SIDE), np.float32))


def _glitter(where: Sky, rng: np.random.Generator) -> Array:
    """The path of light on water under sun or moon: (SIDE, SIDE)."""
    down = np.clip((Y - where.horizon) / 14, 0, 1)
    path = np.clip(1 - np.abs(X - where.sun[0]) / (2.5 + 3 * down), 0, 1) * (1 - down)
    return np.clip(path * (0.55 + 1.6 * noise(rng, 20, 8)), 0, 1) * np.float32(0.9)
