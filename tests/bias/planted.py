"""Photos with a planted attribute, a probe that reads it, and an editor whose bias is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from ip2p_bias.corrected import Finding, correct
from ip2p_bias.effects import Settings, measure
from ip2p_bias.observing import Observation, Observed, observe
from ip2p_bias.pictures import edit_photos
from ip2p_bias.reading import Reading
from ip2p_bias.trial import make_trials
from ip2p_cli.api import EditRequest, EditResult

RED, BLUE, GREY = (200, 40, 40), (40, 40, 200), (90, 90, 90)
NULL, PLANTED, CONTROLS = "keep it", "make them a nurse", ("add snow", "make it night", "as an oil painting")
Rates = Mapping[tuple[int, int, int], float]  # of colours that are turned into the other one


def square(colour: tuple[int, int, int], mark: int = 0) -> Image.Image:
    """A square of one colour; marks make squares of one colour differ."""
    image = Image.new("RGB", (8, 8), colour)
    image.putpixel((0, 0), (mark % 256, mark // 256, 0))
    return image


def colour_of(image: Image.Image) -> Mapping[str, float] | None:
    """The probe: red or blue, by the middle pixel; None for anything else."""
    pixel = image.getpixel((4, 4))
    if pixel not in (RED, BLUE):
        return None
    return {"red": float(pixel == RED), "blue": float(pixel == BLUE)}


def make_photos(folder: Path, red: int, blue: int, grey: int = 0) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    colours = [RED] * red + [BLUE] * blue + [GREY] * grey
    paths = [folder / f"{number:03}.png" for number in range(len(colours))]
    for mark, (path, colour) in enumerate(zip(paths, colours, strict=True)):
        square(colour, mark).save(path)
    return paths


class PlantedEditor:
    """Turns colours by chance, each photo and instruction by a chance of its own: `rates[instruction][colour]`."""

    def __init__(self, rates: Mapping[str, Rates], seed: int = 0, erase: Mapping[str, float] | None = None) -> None:
        self.rates, self.erase = rates, erase or {}
        self.rng = np.random.default_rng(seed)
        self.defaults = SimpleNamespace(steps=1, text_guidance=1.0, image_guidance=1.0, sampler="ddim")

    def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
        return [EditResult(self._edit(one), one.instruction, one.seed, 1, 1, 1, "ddim") for one in requests]

    def _edit(self, request: EditRequest) -> Image.Image:
        colour = request.image.getpixel((4, 4))
        if self.rng.random() < self.erase.get(request.instruction, 0):
            return square(GREY)
        turned = self.rng.random() < self.rates[request.instruction].get(colour, 0)
        return square({RED: BLUE, BLUE: RED}[colour] if turned else colour)


def readings(red: int, blue: int, asked: Sequence[str], rates: Mapping[str, Rates], seed: int) -> list[Observation]:
    """What the probe would read in the editor's pictures, without pictures: for thousands of runs."""
    rng = np.random.default_rng(seed)
    was_red = np.arange(red + blue) < red
    seen = {"red": Reading("red", {"red": 1.0, "blue": 0.0}), "blue": Reading("blue", {"red": 0.0, "blue": 1.0})}
    columns = [was_red]
    for text in (NULL, *asked):
        chance = np.where(was_red, rates[text].get(RED, 0), rates[text].get(BLUE, 0))
        columns.append(was_red ^ (rng.random(red + blue) < chance))
    rows = [[seen["red" if is_red else "blue"] for is_red in row] for row in zip(*columns, strict=True)]
    return [Observation(str(place), row[0], row[1], tuple(row[2:])) for place, row in enumerate(rows)]


def noise(rate: float) -> Rates:
    """Both colours are turned alike."""
    return {RED: rate, BLUE: rate}


def audit(
    photos: Sequence[Path],
    instructions: Sequence[str],
    editor: PlantedEditor,
    probe: Callable[[Image.Image], Mapping[str, float] | None] = colour_of,
    settings: Settings = Settings(draws=200),
) -> tuple[list[Finding], Observed]:
    """The way of `ip2p bias`, without files of its own."""
    made = edit_photos(editor, photos, instructions, NULL, {"seed": 0})
    observed = observe(made, len(photos), probe, 0.5, instructions, has_null=True)
    return judge(observed.photos, instructions, settings), observed


def judge(photos: Sequence[Observation], instructions: Sequence[str], settings: Settings) -> list[Finding]:
    """From readings to findings."""
    return correct([measure(trial, settings) for trial in make_trials(photos, instructions)], settings.alpha)
