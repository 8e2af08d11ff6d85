"""Judgements of the world -> figures for JSON, and a table for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ip2p_eval.intervals import share
from ip2p_eval.measured import Table, percent
from ip2p_gen_data.world.edits import VERBS

from .judging import Judged

COLUMNS = ("done", "preserved", "both", "attributes", "places")


def block(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares of edits that were done, that left all the rest, and both; shares of single attributes and places."""
    attributes = [kept for one in judged for kept in one.stayed.attributes]
    places = [kept for one in judged for kept in one.stayed.places]
    return {
        "done": _count(judged, lambda one: one.done),
        "preserved": _count(judged, lambda one: one.preserved),
        "both": _count(judged, lambda one: one.done and one.preserved),
        "attributes": share(sum(attributes), len(attributes)),
        "places": share(sum(places), len(places)),
        "failed": sum(one.failed for one in judged),
    }


def by_verb(judged: Sequence[Judged]) -> dict[str, Any]:
    """A block for each verb that was asked for."""
    groups = {verb: [one for one in judged if one.verb == verb] for verb in VERBS}
    return {verb: block(group) for verb, group in groups.items() if group}


def world_tables(name: str, figures: Mapping[str, Any]) -> tuple[Table, Table]:
    """One of what was asked, with the controls below; one of the kinds of instructions that are known to fail."""
    verbs = [(verb, block) for verb, block in figures["verbs"].items()]
    controls = [(f"control: {control}", block) for control, block in figures["controls"].items()]
    rows = tuple(_row(title, part) for title, part in [("all", figures["overall"]), *verbs, *controls])
    header = ("per cent (95 % interval)", "edits", "done", "rest preserved", "both", "attributes kept", "places kept")
    failing = tuple((kind, str(part["of"]), percent(part)) for kind, part in figures["failure_classes"].items())
    return (
        Table(f"world, held-out scenes and wordings: {name}", header, rows, _notes(figures)),
        Table(f"instructions of kinds that no one trains on: {name}", ("kind", "asked", "done"), failing),
    )


def _notes(figures: Mapping[str, Any]) -> tuple[str, ...]:
    failed = figures["overall"]["failed"]
    return (f"{failed} edits failed and count as not done and not preserved",) if failed else ()


def _row(title: str, part: Mapping[str, Any]) -> tuple[str, ...]:
    return (title, str(part["done"]["of"]), *(percent(part[column]) for column in COLUMNS))


def _count(judged: Sequence[Judged], test: Callable[[Judged], bool]) -> dict[str, Any]:
    return share(sum(map(test, judged)), len(judged))
