"""Wordings of the looks: phrases (wordings.toml) × templates, and sentences (sentences.toml) as people write them."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import tomli

SUBJECTS = (
    "it",
    "this",
    "the photo",
    "the picture",
    "the image",
    "this photo",
    "the scene",
    "this picture",
    "everything",
)

_TEMPLATES = {
    "free": ("{x}",),
    "say": ("{x}",),
    "like": (
        "make {s} look like {x}",
        "turn {s} into {x}",
        "change {s} to {x}",
        "transform {s} into {x}",
        "as {x}",
        "make {s} into {x}",
        "make {s} resemble {x}",
        "convert {s} to {x}",
        "{s} should look like {x}",
        "{x}",
        "have {s} look like {x}",
        "i want {x}",
        "make {s} appear like {x}",
        "render {s} as {x}",
        "let {s} be {x}",
        "i'd like {s} to look like {x}",
        "show {s} as {x}",
        "what if {s} were {x}",
    ),
    "be": (
        "make {s} {x}",
        "make {s} look {x}",
        "turn {s} {x}",
        "{s} should be {x}",
        "i want {s} {x}",
        "{x}",
        "let {s} be {x}",
        "have {s} look {x}",
        "make {s} more {x}",
        "make {s} very {x}",
        "get {s} to look {x}",
        "it should look {x}",
        "change {s} so that it is {x}",
        "{s}, but {x}",
        "could {s} be {x}",
        "i'd like {s} {x}",
    ),
    "add": (
        "add {x}",
        "add {x} to {s}",
        "put {x} in {s}",
        "give {s} {x}",
        "with {x}",
        "apply {x}",
        "apply {x} to {s}",
        "give {s} {x}",
        "i want {x}",
        "let there be {x}",
        "include {x}",
        "bring in {x}",
        "use {x}",
        "{x}",
        "edit {s} to have {x}",
        "i'd like some {x}",
        "{s} needs {x}",
        "fill {s} with {x}",
    ),
}

_WEIGHTS = {"free": 9, "say": 4, "like": 3, "be": 3, "add": 3}
_OPENINGS = (
    "please ",
    "can you ",
    "could you ",
    "can you please ",
    "now ",
    "i would like you to ",
    "try to ",
    "kindly ",
)
_CLOSINGS = (" please", ", please", " for me", " now", "!", ".")


@cache
def phrases() -> dict[str, dict[str, list[str]]]:
    """Family -> kind of phrase (say, like, be, add; free: whole sentences) -> phrases."""
    templated, free = _read("wordings.toml"), _read("sentences.toml")
    return {family: {**kinds, "free": free[family]["say"]} for family, kinds in templated.items()}


def _read(name: str) -> dict[str, dict[str, list[str]]]:
    return tomli.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def families() -> list[str]:
    """The names of all looks that have wordings."""
    return list(phrases())


@cache
def plain_instructions(family: str) -> tuple[str, ...]:
    """Every phrase in every template and subject, without openings and closings, once each, in a fixed order."""
    found: dict[str, None] = {}
    for kind, texts in phrases()[family].items():
        for template in _TEMPLATES[kind]:
            for text in texts:
                for subject in SUBJECTS if "{s}" in template else ("",):
                    found[template.format(s=subject, x=text)] = None
    return tuple(found)


def instruction(family: str, rng: random.Random) -> str:
    """One wording, drawn: kinds first, so that whole sentences are as frequent as templated ones."""
    kinds = phrases()[family]
    kind = rng.choices(list(kinds), weights=[_WEIGHTS[kind] for kind in kinds])[0]
    text = rng.choice(_TEMPLATES[kind]).format(s=rng.choice(SUBJECTS), x=rng.choice(kinds[kind]))
    return dressed(text, rng, opening=kind not in ("like", "free"), closing=kind != "free")


def dressed(text: str, rng: random.Random, *, opening: bool = True, closing: bool = True) -> str:
    """A wording as people type it: now and then with "please", in British spelling, or with a capital."""
    if rng.random() < 0.2 and opening:
        text = rng.choice(_OPENINGS) + text
    if rng.random() < 0.12 and closing:
        text += rng.choice(_CLOSINGS)
    if rng.random() < 0.3:
        text = text.replace("color", "colour").replace("gray", "grey")  # British spelling
    return text[0].upper() + text[1:] if rng.random() < 0.25 else text


def training_instructions(family: str, count: int, seed: int) -> list[str]:
    """`count` drawn wordings of a family, as gen-data makes them."""
    rng = random.Random(f"{seed}/{family}")
    return [instruction(family, rng) for _ in range(count)]


def normalised(text: str) -> str:
    """Lower case, letters and digits only: the form in which two wordings count as the same."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
