"""What edits do to captions and to scenes: the truth that learned models are judged by."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from . import words
from .captions import Form, NotInGrammar, Phrase, ThingWords, parse, rename
from .scene import COLOURS, GROUNDS, KINDS, SIZES, TIMES, WEATHERS, Scene, Thing, free_lane, place

VERBS = ("time", "weather", "ground", "colour", "size", "kind", "add", "remove")
_VALUES = {"time": TIMES, "weather": WEATHERS, "ground": GROUNDS}


class NotApplicable(ValueError):
    """An edit that makes no sense for a caption or a scene: of a thing that is not there, or into what is."""


@dataclass(frozen=True)
class Edit:
    """One edit. `verb` is one of VERBS.

    `target` is the kind of the thing it is about (colour, size, kind, remove); `value` the new time, weather, ground
    or colour; `phrase` the new size or kind and its word; `thing` the one to add.
    """

    verb: str
    target: str = ""
    value: str = ""
    phrase: Phrase | None = None
    thing: ThingWords | None = None


def on_form(edit: Edit, form: Form) -> Form:
    """The edited caption's form: only what the edit names changes, everything else keeps its words.

    Raises:
        NotApplicable: it makes no sense there.
    """
    if edit.verb in _VALUES:
        old: Phrase | None = getattr(form, edit.verb)
        changes: dict[str, Any] = {edit.verb: (edit.value, old[1] if old else 0)}
        return replace(form, **changes)
    if edit.verb == "add":
        return _add_words(edit, form)
    target = _thing_of(edit, form)
    if edit.verb == "remove":
        if len(form.things) < 2:
            raise NotApplicable("the only thing cannot be removed")
        return replace(form, things=tuple(thing for thing in form.things if thing is not target))
    return rename(form, edit.target, _changed_words(edit, form, target))


def on_scene(edit: Edit, scene: Scene) -> Scene:
    """The edited scene: same seed and places, so that all else looks the same.

    Raises:
        NotApplicable: it makes no sense there.
    """
    try:
        if edit.verb in _VALUES:
            setting: dict[str, Any] = {edit.verb: edit.value}
            return replace(scene, **setting)
        if edit.verb == "add":
            return replace(scene, things=(*scene.things, _new_thing(edit, scene)))
        target = scene.thing(edit.target)
        if edit.verb == "remove":
            return replace(scene, things=tuple(thing for thing in scene.things if thing is not target))
        changes: dict[str, Any] = {edit.verb: edit.phrase[0] if edit.phrase else edit.value}
        return scene.with_thing(edit.target, replace(target, **changes))
    except ValueError as problem:
        raise NotApplicable(str(problem)) from None


def propose(form: Form, rng: random.Random, scene: Scene | None = None) -> Edit:
    """An edit that changes what the caption says, and the scene where it is given; each verb as often as possible."""
    options = [verb for verb in VERBS if not (verb == "remove" and len(form.things) < 2)]
    options = [verb for verb in options if not (verb == "add" and len(form.things) > 1)]
    verb = rng.choice(options)
    if verb in _VALUES:
        known = {getattr(scene, verb)} if scene else {form_value(form, verb)}
        return Edit(verb, value=rng.choice([value for value in _VALUES[verb] if value not in known]))
    if verb == "add":
        return Edit("add", thing=_drawn_thing(form, rng, scene))
    target = rng.choice(form.things)
    kind = target.kind[0]
    if verb == "remove":
        return Edit("remove", kind)
    if verb == "colour":
        used = {thing.colour for thing in (scene.things if scene else form.things)}
        return Edit("colour", kind, value=rng.choice([colour for colour in COLOURS if colour not in used]))
    if verb == "kind":
        present = {thing.kind[0] for thing in form.things}
        return Edit("kind", kind, phrase=_word(words.KIND, rng.choice([k for k in KINDS if k not in present]), rng))
    old = scene.thing(kind).size if scene else (target.size[0] if target.size else None)
    return Edit("size", kind, phrase=_word(words.SIZE, rng.choice([size for size in SIZES if size != old]), rng))


def apply(instruction: str, caption: str) -> str:
    """The edited caption, as the grammar says.

    Raises:
        NotInGrammar: one of the texts is none of the grammar's.
        NotApplicable: the instruction makes no sense for the caption.
    """
    from .instructions import parse_instruction

    return str(on_form(parse_instruction(instruction), parse(caption)))


def follows(instruction: str, caption: str, edited: str) -> bool:
    """Whether `edited` is what the grammar says; False where one of the texts is none of the grammar's."""
    try:
        return apply(instruction, caption) == edited != caption
    except (NotInGrammar, NotApplicable):
        return False


def form_value(form: Form, verb: str) -> str | None:
    """The named time, weather or ground."""
    phrase: Phrase | None = getattr(form, verb)
    return phrase[0] if phrase else None


def _thing_of(edit: Edit, form: Form) -> ThingWords:
    for thing in form.things:
        if thing.kind[0] == edit.target:
            return thing
    raise NotApplicable(f"the caption names no {edit.target}")


def _changed_words(edit: Edit, form: Form, target: ThingWords) -> ThingWords:
    others = [thing for thing in form.things if thing is not target]
    if edit.verb == "colour":
        if any(other.colour == edit.value for other in others):
            raise NotApplicable(f"another thing is {edit.value} already")
        return replace(target, colour=edit.value)
    assert edit.phrase is not None
    if edit.verb == "kind" and any(other.kind[0] == edit.phrase[0] for other in others):
        raise NotApplicable(f"there is a {edit.phrase[0]} already")
    changes: dict[str, Any] = {edit.verb: edit.phrase}
    return replace(target, **changes)


def _add_words(edit: Edit, form: Form) -> Form:
    assert edit.thing is not None
    new = edit.thing
    if len(form.things) > 1:
        raise NotApplicable("there are two things already")
    if any(old.kind[0] == new.kind[0] or (new.colour and old.colour == new.colour) for old in form.things):
        raise NotApplicable(f"there is a {new.kind[0]} or something {new.colour} already")
    return replace(form, things=(*form.things, new))


def _new_thing(edit: Edit, scene: Scene) -> Thing:
    """What is left open of the thing to add (size, place) comes from the scene's seed."""
    assert edit.thing is not None
    if edit.thing.colour is None:
        raise NotApplicable("what is added needs a colour")
    rng = random.Random(f"an edit of {scene.seed}")
    size = edit.thing.size[0] if edit.thing.size else rng.choice(SIZES)
    return Thing(edit.thing.kind[0], edit.thing.colour, size, *place(free_lane(scene), rng))


def _drawn_thing(form: Form, rng: random.Random, scene: Scene | None) -> ThingWords:
    kinds = {thing.kind[0] for thing in form.things}
    colours = {thing.colour for thing in (scene.things if scene else form.things)}
    kind = _word(words.KIND, rng.choice([k for k in KINDS if k not in kinds]), rng)
    colour = rng.choice([c for c in COLOURS if c not in colours])
    return ThingWords(kind, colour, _word(words.SIZE, rng.choice(SIZES), rng) if rng.random() < 0.7 else None)


def _word(table: dict[str, tuple[str, ...]], value: str, rng: random.Random) -> Phrase:
    return value, rng.randrange(len(table[value]))
