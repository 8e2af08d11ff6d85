"""Leaves the outcome of a suite where people and scripts find it: JSON, tables, a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ip2p_cli.api import MissingExtra, writing
from ip2p_eval.measured import Measured
from ip2p_eval.page import page
from ip2p_eval.plot import draw_lines
from ip2p_eval.report import write_json

AXES = ("CLIP direction similarity (how far captions are followed)", "CLIP image similarity (how much stays)")


def publish(
    suite: str, settings: Mapping[str, Any], measured: Measured, output: Path, *, quiet: bool, as_json: bool
) -> None:
    """Write `SUITE.json` and `index.html`; tables go to stderr, the figures with `as_json` to stdout.

    Raises:
        MissingExtra: there are curves to draw and no matplotlib; everything else is there by then.
    """
    figures = {"suite": suite, **settings, **measured.figures}
    if not quiet:  # before anything is written: a full disk must not take the figures of hours with it
        print("\n\n".join(map(str, measured.tables)), file=sys.stderr)
    write_json(figures, output / f"{suite}.json")
    if as_json:
        print(json.dumps(figures))
    plot, missing = None, None
    try:
        plot = draw_lines(measured.lines, *AXES) if measured.lines else None
    except MissingExtra as problem:
        missing = problem
    with writing(output / "index.html"):
        text = page(f"ip2p eval: {suite}", _facts(settings, measured.figures), measured, plot)
        (output / "index.html").write_text(text, "utf-8")
    if missing:
        raise missing


def _facts(settings: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, str]:
    """Settings, and those figures that are one value: what was measured with, and on how much."""
    encoders = {name.upper(): str(value) for name, value in figures.get("encoders", {}).items()}
    plain = {name: value for name, value in {**settings, **figures}.items() if isinstance(value, str | int | float)}
    return {name.replace("_", " "): _said(value) for name, value in plain.items()} | encoders


def _said(value: str | int | float) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
