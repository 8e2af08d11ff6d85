"""The wordings of edits: an edit -> many instructions, and an instruction -> the edit, exactly."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from . import words
from .captions import THING_PATTERN, Form, NotInGrammar, parse_thing
from .edits import VERBS, Edit
from .scene import COLOURS


@dataclass(frozen=True)
class Wordings:
    """Templates of one verb: those to train on, and those kept for measuring."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


# Slots: {time} {weather} {adjective} {ground} {place} {target} {colour} {size} {kind} {thing}.
TEMPLATES: dict[str, Wordings] = {
    "time": Wordings(
        (
            "make it {time}",
            "turn it into {time}",
            "change the time to {time}",
            "it should be {time}",
            "let it be {time}",
        ),
        ("set it at {time}", "what if it were {time}"),
    ),
    "weather": Wordings(
        ("add {weather}", "change the weather to {weather}", "make it {adjective}", "make the weather {adjective}"),
        ("let there be {weather}", "the weather should be {adjective}"),
    ),
    "ground": Wordings(
        ("change the ground to {ground}", "make the ground {ground}", "move it to {place}", "make it {place}"),
        ("replace the ground with {ground}", "let the place be {place}"),
    ),
    "colour": Wordings(
        (
            "make the {target} {colour}",
            "paint the {target} {colour}",
            "turn the {target} {colour}",
            "change the colour of the {target} to {colour}",
        ),
        ("the {target} should be {colour}", "colour the {target} {colour}"),
    ),
    "size": Wordings(
        (
            "make the {target} {size}",
            "turn the {target} into a {size} one",
            "change the size of the {target} to {size}",
        ),
        ("the {target} should be {size}", "let the {target} be {size}"),
    ),
    "kind": Wordings(
        (
            "replace the {target} with a {kind}",
            "turn the {target} into a {kind}",
            "change the {target} to a {kind}",
            "swap the {target} for a {kind}",
        ),
        ("make the {target} a {kind}", "put a {kind} in place of the {target}"),
    ),
    "add": Wordings(
        ("add {thing}", "put in {thing}", "place {thing} beside it", "there should be {thing} too"),
        ("bring in {thing}", "let there be {thing} as well"),
    ),
    "remove": Wordings(
        ("remove the {target}", "take away the {target}", "delete the {target}", "get rid of the {target}"),
        ("erase the {target}", "let the {target} be gone"),
    ),
}
# Whole sentences, by verb and value.
SENTENCES: dict[str, dict[str, Wordings]] = {
    "time": {
        "day": Wordings(("bring back the daylight", "let the day break"), ("make the day bright again",)),
        "sunset": Wordings(("add a sunset", "let the sun go down"), ("show the last light of the day",)),
        "night": Wordings(("let night fall", "put a night sky over it"), ("let it grow dark",)),
    },
    "weather": {
        "clear": Wordings(("clear the sky", "let the sky clear up"), ("stop the bad weather",)),
        "fog": Wordings(("bring in the fog", "cover it in mist"), ("wrap it all in fog",)),
        "rain": Wordings(("let it rain", "make it rain"), ("have it pour with rain",)),
        "snow": Wordings(("let it snow", "make it snow"), ("have flakes fall from the sky",)),
    },
}
OPENINGS = ("please ", "now ", "could you ")
CLOSINGS = (", please", " now")
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "time": {"day": ("day", "daytime"), "sunset": ("sunset", "evening"), "night": ("night", "night-time")},
    "weather": {
        "clear": ("clear weather", "a clear sky"),
        "fog": ("fog", "mist"),
        "rain": ("rain", "heavy rain"),
        "snow": ("falling snow", "snowfall"),
    },
    "adjective": {"clear": ("clear",), "fog": ("foggy", "misty"), "rain": ("rainy",), "snow": ("snowy",)},
    "ground": {
        "grass": ("grass",),
        "sand": ("sand",),
        "snow": ("snow", "a sheet of snow"),
        "water": ("water",),
        "road": ("asphalt", "a road"),
    },
    "place": {
        "grass": ("a meadow",),
        "sand": ("a beach",),
        "snow": ("a snowfield",),
        "water": ("a lake",),
        "road": ("a street",),
    },
    "size": words.SIZE,
    "kind": words.KIND,
    "target": words.KIND,
    "colour": {colour: (colour,) for colour in COLOURS},
}


def instruct(edit: Edit, form: Form, rng: random.Random, held_out: bool = False) -> str:
    """One wording of an edit of a caption, drawn; `held_out` ones are never among the others."""
    text = rng.choice(_templates(edit, held_out))
    for slot in re.findall(r"\{(\w+)\}", text):
        text = text.replace(f"{{{slot}}}", _say(slot, edit, form, rng))
    if rng.random() < 0.1:
        text = rng.choice(OPENINGS) + text
    if rng.random() < 0.05:
        text += rng.choice(CLOSINGS)
    return text


def parse_instruction(text: str) -> Edit:
    """The edit that an instruction asks for.

    Raises:
        NotInGrammar: it is none of the wordings.
    """
    bare = re.sub(rf"^(?:{'|'.join(OPENINGS)})", "", text)
    bare = re.sub(rf"(?:{'|'.join(CLOSINGS)})$", "", bare)
    for edit in _readings(bare):
        return edit
    raise NotInGrammar(f"{text!r} is no instruction of the world's grammar")


def _readings(text: str) -> Iterator[Edit]:
    """Every edit that a wording could mean (a test sees to it that there is one)."""
    for verb, values in SENTENCES.items():
        for value, wordings in values.items():
            if text in wordings.train + wordings.held_out:
                yield Edit(verb, value=value)
    for verb, pattern in _patterns():
        if match := pattern.fullmatch(text):
            yield _edit(verb, match.groupdict())


def _edit(verb: str, said: Mapping[str, str]) -> Edit:
    found = {slot: words.lookup(_WORDS[slot], phrase) for slot, phrase in said.items() if slot in _WORDS}
    target = found.pop("target", ("", 0))[0]
    if verb == "add":
        thing = parse_thing(said["thing"])
        if thing.colour is None:
            raise NotInGrammar(f"{said['thing']!r} needs a colour")
        return Edit(verb, thing=thing)
    if verb in ("size", "kind"):
        return Edit(verb, target, phrase=found[verb])
    return Edit(verb, target, value=next((value for value, _ in found.values()), ""))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    slots = {
        name: f"(?P<{name}>{'|'.join(map(re.escape, words.alternatives(table)))})" for name, table in _WORDS.items()
    }
    slots["thing"] = f"(?P<thing>{THING_PATTERN})"
    return tuple(
        (verb, re.compile(template.format(**slots)))
        for verb in VERBS
        for template in TEMPLATES[verb].train + TEMPLATES[verb].held_out
    )


def _templates(edit: Edit, held_out: bool) -> tuple[str, ...]:
    sentences = SENTENCES.get(edit.verb, {}).get(edit.value)
    chosen = [TEMPLATES[edit.verb], *([sentences] if sentences else [])]
    return tuple(text for wordings in chosen for text in (wordings.held_out if held_out else wordings.train))


def _say(slot: str, edit: Edit, form: Form, rng: random.Random) -> str:
    if slot == "thing":
        return str(edit.thing)
    if slot == "target":  # as the caption calls it
        return next(thing.kind_word for thing in form.things if thing.kind[0] == edit.target)
    if slot in ("size", "kind"):
        assert edit.phrase is not None
        return _WORDS[slot][edit.phrase[0]][edit.phrase[1]]
    return rng.choice(_WORDS[slot][edit.value])
