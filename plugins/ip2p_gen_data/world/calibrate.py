"""Measures the oracle's table on renders: `python -m ip2p_gen_data.world.calibrate`, once, after the renderer changed.

Seeds start at SEED, beyond those of data and tests.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import oracle
from .degrade import DEGRADATIONS, degrade
from .render import render
from .scene import COLOURS, GROUNDS, Scene, sample
from .vision import FIRST, LAST, SIDE, Array, bands, blobs, ground_features, shape_features, sky_features, tones

Numbers = NDArray[np.floating[Any]]

SEED = 2**40
SCENES = 6000
_WAYS = ("clean", "clean", *DEGRADATIONS[1:])


@dataclass(frozen=True)
class Example:
    """A scene, tones of its (degraded) picture, and which searched pixels each thing colours."""

    scene: Scene
    tones: Array
    coloured: tuple[NDArray[np.bool_], ...]


def examples(count: int = SCENES) -> Iterator[Example]:
    """Calibration's pictures. A pixel is coloured by a thing if it changes with the thing's colour."""
    for index in range(count):
        scene = sample(SEED + index, two_things=0.5)
        picture = render(scene)
        used = {thing.colour for thing in scene.things}
        coloured = []
        for thing in scene.things:
            other = next(colour for colour in COLOURS if colour not in used)
            changed = render(scene.with_thing(thing.kind, replace(thing, colour=other))).astype(int)
            mask = np.abs(changed - picture).max(axis=-1) > 12
            mask[int(thing.y) + 1 :] = False  # its reflection
            coloured.append(mask)
        seen = degrade(picture, _WAYS[index % len(_WAYS)], np.random.default_rng(index))
        yield Example(scene, tones(seen), tuple(coloured))


def calibrate() -> dict[str, object]:
    """The table, as oracle.Table has it."""
    found = list(examples())
    table = _tones(found)
    arrays: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in table.items()}
    unknown = np.zeros(0, np.float32)
    return table | _shapes(found, oracle.Table(**arrays, shape_weights=unknown, shape_biases=unknown))


def _tones(found: list[Example]) -> dict[str, object]:
    skies: dict[int, list[Array]] = defaultdict(list)
    grounds: dict[int, list[Array]] = defaultdict(list)
    colours: dict[tuple[int, int], list[Array]] = defaultdict(list)
    backs: dict[tuple[int, int], list[Array]] = defaultdict(list)
    for example in found:
        sky, ground = _numbers(example.scene)
        skies[sky].append(sky_features(example.tones))
        grounds[ground].append(ground_features(example.tones))
        own = np.zeros((SIDE, SIDE), np.bool_)
        for thing, mask in zip(example.scene.things, example.coloured, strict=True):
            colours[sky, COLOURS.index(thing.colour)].append(example.tones[mask])
            own |= mask
        _background(example, ground, own, backs)
    sky_table = _classes(skies, len(oracle.SKIES))
    ground_table = _classes(grounds, len(oracle.SKIES) * len(GROUNDS))
    colour_table = _gaussians(colours, (len(oracle.SKIES), len(COLOURS)))
    back_table = _gaussians(backs, (len(oracle.SKIES) * len(GROUNDS), int(bands().max()) + 2))
    names = (
        "sky",
        "sky_metric",
        "sky_limit",
        "ground",
        "ground_metric",
        "ground_limit",
        "colours",
        "colour_metrics",
        "colour_offsets",
        "back",
        "back_metrics",
        "back_offsets",
    )
    return dict(zip(names, (*sky_table, *ground_table, *colour_table, *back_table), strict=True))


def _background(
    example: Example, ground: int, own: NDArray[np.bool_], backs: dict[tuple[int, int], list[Array]]
) -> None:
    """Pixels of no thing by band; those near and under things, where shadows are, once more by themselves."""
    near = np.zeros_like(own)
    for thing in example.scene.things:
        half = 13 if thing.size == "large" else 8
        near[int(thing.y) - 3 : int(thing.y) + 4, max(int(thing.x) - half, 0) : int(thing.x) + half] = True
    band = bands()
    for number in range(int(band.max()) + 1):
        rows = slice(
            FIRST + int(np.flatnonzero(band == number)[0]), FIRST + int(np.flatnonzero(band == number)[-1]) + 1
        )
        backs[ground, number].append(example.tones[rows][~own[rows]])
    backs[ground, int(band.max()) + 1].append(example.tones[near & ~own])


def _shapes(found: list[Example], table: oracle.Table) -> dict[str, object]:
    """A linear discriminant over the masks as the oracle finds them."""
    xs, ys = [], []
    for example in found:
        sky, ground = _numbers(example.scene)
        mask = np.zeros((SIDE, SIDE), np.bool_)
        best = oracle.colour_scores(example.tones, sky, table).max(axis=-1)
        mask[FIRST:LAST] = best > oracle.background_score(example.tones, ground, table)
        for blob in blobs(mask):
            near = [thing for thing in example.scene.things if abs(thing.x - blob.x) < 5]
            if near:
                xs.append(shape_features(example.tones, blob))
                ys.append(oracle.SHAPES.index((near[0].kind, near[0].size)))
    x, y = np.array(xs, np.float64), np.array(ys)
    means = np.array([x[y == k].mean(axis=0) for k in range(len(oracle.SHAPES))])
    spread = np.cov((x - means[y]).T)
    weights = np.linalg.solve(spread + 0.02 * np.trace(spread) / len(spread) * np.eye(len(spread)), means.T)
    return {"shape_weights": weights, "shape_biases": -0.5 * (means.T * weights).sum(axis=0)}


def _numbers(scene: Scene) -> tuple[int, int]:
    sky = oracle.SKIES.index((scene.time, scene.weather))
    return sky, sky * len(GROUNDS) + GROUNDS.index(scene.ground)


def _classes(groups: dict[int, list[Array]], count: int) -> tuple[Numbers, Numbers, float]:
    """Means (count, n), the shared inverse covariance, and the distance that 999 of 1000 stay within."""
    means = np.array([np.mean(groups[k], axis=0) for k in range(count)])
    rest = np.concatenate([np.array(groups[k]) - means[k] for k in range(count)])
    metric = np.linalg.inv(np.cov(rest.T) + 1e-5 * np.eye(rest.shape[1]))
    return means, metric, float(np.quantile(np.einsum("ki,ij,kj->k", rest, metric, rest), 0.999))


def _gaussians(groups: dict[tuple[int, int], list[Array]], shape: tuple[int, int]) -> tuple[Numbers, Numbers, Numbers]:
    """Means (*shape, 3), inverse covariances (*shape, 3, 3), halves of the logarithms of determinants (*shape)."""
    means, metrics, offsets = np.zeros((*shape, 3)), np.zeros((*shape, 3, 3)), np.zeros(shape)
    for key in np.ndindex(shape):
        pixels = np.concatenate(groups[key]).astype(np.float64)
        covariance = np.cov(pixels.T) + 4e-4 * np.eye(3)
        means[key], metrics[key] = pixels.mean(axis=0), np.linalg.inv(covariance)
        offsets[key] = 0.5 * np.linalg.slogdet(covariance)[1]
    return means, metrics, offsets


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers with four digits: as JSON has them."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return [_plain(item) for item in value] if isinstance(value, list) else float(f"{value:.4g}")


def main() -> None:
    oracle.TABLE.write_text(json.dumps({name: _plain(value) for name, value in calibrate().items()}) + "\n")


if __name__ == "__main__":
    main()
