"""The caption grammar: a scene -> many captions, and a caption -> what it names, exactly."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, replace
from functools import cache

from . import words
from .scene import COLOURS, Scene, Thing

Phrase = tuple[str, int]  # a value, and which of its phrases says it
_OPTIONAL = ("time", "weather", "ground", "adjective")
_TABLES = {
    "time": words.TIME,
    "weather": words.WEATHER,
    "ground": words.GROUND,
    "adjective": words.WEATHER_ADJECTIVE,
    "noun": words.GROUND_NOUN,
}


class NotInGrammar(ValueError):
    """A text that this grammar does not make."""


@dataclass(frozen=True)
class ThingWords:
    """How a thing is said: kind, and colour and size where they are named."""

    kind: Phrase
    colour: str | None = None
    size: Phrase | None = None

    def __str__(self) -> str:
        size = words.SIZE[self.size[0]][self.size[1]] if self.size else ""
        return words.with_article(" ".join(filter(None, (size, self.colour or "", self.kind_word))))

    @property
    def kind_word(self) -> str:
        """The noun: "box" or "crate"."""
        return words.KIND[self.kind[0]][self.kind[1]]


@dataclass(frozen=True)
class Form:
    """A caption taken apart: the frame and the phrase of each slot. str() puts it together again."""

    frame: int
    things: tuple[ThingWords, ...]
    time: Phrase | None = None
    weather: Phrase | None = None
    ground: Phrase | None = None

    def __str__(self) -> str:
        slots = {"things": " and ".join(map(str, self.things)), "time": _phrase(words.TIME, self.time)}
        if self.frame == words.PLACE_FRAME:
            slots["adjective"] = _phrase(words.WEATHER_ADJECTIVE, self.weather)
            slots["noun"] = _phrase(words.GROUND_NOUN, self.ground)
        else:
            slots["weather"] = _phrase(words.WEATHER, self.weather)
            slots["ground"] = _phrase(words.GROUND, self.ground)
        said = []
        for token in words.FRAMES[self.frame].split():
            slot = re.fullmatch(r"\{(\w+)\}(,?)", token)
            if slot is None:
                said.append(token)
            elif slots[slot[1]]:
                said.append(slots[slot[1]] + slot[2])
        return " ".join(said)

    @property
    def named(self) -> Named:
        """The attributes without the words."""
        things = (NamedThing(t.kind[0], t.colour, t.size[0] if t.size else None) for t in self.things)
        time, weather, ground = (slot[0] if slot else None for slot in (self.time, self.weather, self.ground))
        return Named(time, weather, ground, tuple(sorted(things, key=lambda thing: thing.kind)))


@dataclass(frozen=True)
class NamedThing:
    """What is said of a thing; None is left open."""

    kind: str
    colour: str | None
    size: str | None


@dataclass(frozen=True)
class Named:
    """What a caption says; None is left open. Things are in the order of their kinds."""

    time: str | None
    weather: str | None
    ground: str | None
    things: tuple[NamedThing, ...]

    def holds(self, scene: Scene) -> bool:
        """Whether a scene is as said: no more things, and every named attribute."""
        own = sorted(scene.things, key=lambda thing: thing.kind)
        return (
            len(own) == len(self.things)
            and all(getattr(self, name) in (None, getattr(scene, name)) for name in ("time", "weather", "ground"))
            and all(_is_as_said(thing, said) for thing, said in zip(own, self.things, strict=True))
        )


def caption(scene: Scene, rng: random.Random, naming: float = 0.85) -> str:
    """One caption, drawn. Each attribute but the kind is named with probability `naming`; 1 names all."""
    things = [_thing_words(thing, rng, naming) for thing in scene.things]
    rng.shuffle(things)

    def drawn(table: dict[str, tuple[str, ...]], value: str) -> Phrase | None:
        number = rng.randrange(len(table[value]))
        return (value, number) if rng.random() < naming else None

    ground = drawn(words.GROUND, scene.ground)
    frame = rng.randrange(len(words.FRAMES) if ground else words.PLACE_FRAME)
    time, weather = drawn(words.TIME, scene.time), drawn(words.WEATHER, scene.weather)
    return str(Form(frame, tuple(things), time, weather, ground))


def parse(text: str) -> Form:
    """The form of a caption: `str(parse(text)) == text` for every caption of the grammar.

    Raises:
        NotInGrammar: it is none.
    """
    for number in range(len(words.FRAMES)):
        match = _pattern(number).fullmatch(text + " ")
        if match is None:
            continue
        found = {
            name: words.lookup(_TABLES[name], said)
            for name, said in match.groupdict().items()
            if name in _TABLES and said
        }
        form = Form(
            number,
            tuple(parse_thing(said) for said in match["things"].split(" and ")),
            found.get("time"),
            found.get("weather") or found.get("adjective"),
            found.get("ground") or found.get("noun"),
        )
        if str(form) == text and _distinct(form):
            return form
    raise NotInGrammar(f"{text!r} is no caption of the world's grammar")


def parse_thing(text: str) -> ThingWords:
    """ "a small red ball" -> its words.

    Raises:
        NotInGrammar: it is no such phrase.
    """
    match = re.fullmatch(_THING_GROUPS, text)
    if match is None:
        raise NotInGrammar(f"{text!r} is no thing of the world")
    size, colour, kind = match.groups()
    return ThingWords(words.lookup(words.KIND, kind), colour, words.lookup(words.SIZE, size) if size else None)


def held_out(text: str) -> bool:
    """Whether a caption belongs to the tenth kept from all training: by what it says, so no rewording of it leaks.

    Raises:
        NotInGrammar: it is no caption.
    """
    digest = hashlib.blake2b(repr(parse(text).named).encode(), digest_size=2).digest()
    return int.from_bytes(digest, "big") % 10 == 0


def rename(form: Form, kind: str, thing: ThingWords) -> Form:
    """The form with the thing of that kind said otherwise."""
    return replace(form, things=tuple(thing if old.kind[0] == kind else old for old in form.things))


def _alternatives(options: list[str]) -> str:
    return "|".join(map(re.escape, sorted(options, key=len, reverse=True)))


_THING_GROUPS = (
    rf"an? (?:({_alternatives(words.alternatives(words.SIZE))}) )?(?:({_alternatives(list(COLOURS))}) )?"
    rf"({_alternatives(words.alternatives(words.KIND))})"
)
THING_PATTERN = re.sub(r"\((?!\?)", "(?:", _THING_GROUPS)  # without groups of its own


@cache
def _pattern(frame: int) -> re.Pattern[str]:
    """The expression of a frame, for a text with a space at its end."""
    pattern = ""
    for token in words.FRAMES[frame].split():
        slot = re.fullmatch(r"\{(\w+)\}(,?)", token)
        if slot is None:
            pattern += re.escape(token) + " "
        elif slot[1] == "things":
            pattern += f"(?P<things>{THING_PATTERN}(?: and {THING_PATTERN})?){slot[2]} "
        else:
            table = _alternatives(words.alternatives(_TABLES[slot[1]]))
            pattern += f"(?:(?P<{slot[1]}>{table}){slot[2]} )" + ("?" if slot[1] in _OPTIONAL else "")
    return re.compile(pattern)


def _phrase(table: dict[str, tuple[str, ...]], phrase: Phrase | None) -> str:
    return table[phrase[0]][phrase[1]] if phrase else ""


def _thing_words(thing: Thing, rng: random.Random, naming: float) -> ThingWords:
    kind = (thing.kind, rng.randrange(len(words.KIND[thing.kind])))
    size = (thing.size, rng.randrange(len(words.SIZE[thing.size])))
    return ThingWords(kind, thing.colour if rng.random() < naming else None, size if rng.random() < naming else None)


def _is_as_said(thing: Thing, said: NamedThing) -> bool:
    return thing.kind == said.kind and said.colour in (None, thing.colour) and said.size in (None, thing.size)


def _distinct(form: Form) -> bool:
    """Things of one caption differ in kind and in named colour, as those of a scene do."""
    kinds = [thing.kind[0] for thing in form.things]
    colours = [thing.colour for thing in form.things if thing.colour]
    return len(set(kinds)) == len(kinds) and len(set(colours)) == len(colours)
