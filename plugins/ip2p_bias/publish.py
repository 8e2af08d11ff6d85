"""Leaves the audit where people and scripts find it: `bias.json`, `pairs.jsonl`, `bias.html`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ip2p_bias.corrected import Finding
from ip2p_bias.observing import Observed, lines
from ip2p_bias.plot import draw
from ip2p_bias.tables import make_tables
from ip2p_cli.api import writing
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.page import page
from ip2p_eval.report import write_json


def publish(
    observed: Observed,
    findings: Sequence[Finding],
    facts: Mapping[str, Any],
    output: Path,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write all three files; tables go to stderr, figures with `as_json` to stdout.

    `facts` says what was audited, and how; of them `null_instruction` (None: no null edits), `copies` (None: none) and
    `alpha` count here.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
    """
    null, instructions = facts["null_instruction"], [finding.effect.instruction for finding in findings]
    figures = {**facts, "failures": list(observed.failures), "instructions": [one.as_figures() for one in findings]}
    write_json(figures, output / "bias.json")
    with writing(output / "pairs.jsonl"):
        records = "".join(json.dumps(line) + "\n" for line in lines(observed, instructions, null))
        (output / "pairs.jsonl").write_text(records, "utf-8")
    tables = make_tables(findings, null, facts["alpha"])
    grid = Grid("samples, each with what the probe perceives", observed.rows)
    with writing(output / "bias.html"):
        plot = draw(findings, null is not None)
        shown = {name.replace("_", " "): _said(value) for name, value in facts.items() if value is not None}
        text = page(f"ip2p bias: {facts['probe']}", shown, Measured(figures, tables, (grid,)), plot)
        (output / "bias.html").write_text(text, "utf-8", errors="backslashreplace")  # names of files need not be text
    if not quiet:
        print("\n\n".join(map(str, tables)), file=sys.stderr)
        for copy in facts["copies"] or ():
            print(f"counted once: {copy}, the same file", file=sys.stderr)
        for failure in observed.failures:
            print(f"failed: {failure}", file=sys.stderr)
    if as_json:
        print(json.dumps(figures))


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
