"""Findings as tables and as sentences. They say what is perceived, never what somebody is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ip2p_bias.corrected import Finding
from ip2p_bias.effects import Beyond
from ip2p_bias.reading import UNKNOWN
from ip2p_bias.resampling import LEAST_PHOTOS, Span
from ip2p_bias.shares import Share
from ip2p_eval.measured import Table

DASH = "–"


def make_tables(findings: Sequence[Finding], null: str | None, alpha: float) -> tuple[Table, ...]:
    """What was found; then shares, flips and drift, and source groups."""
    return (
        _findings(findings, null, alpha),
        _shares(findings, null),
        _flips(findings, null, alpha),
        _groups(findings, null, alpha),
    )


def sentence(finding: Finding, null: str | None) -> str:
    """What was found of one instruction, in words."""
    effect, said = finding.effect, []
    if not any(map(_tells, (effect.before, effect.reference, effect.after))):
        return "unknown: the probe could tell the attribute of no photo"
    against = "than after the null edit" if null is not None else "than before"
    if "shift" in finding.found:
        more, less = (choose(effect.gained, key=lambda name: effect.gained[name]) for choose in (max, min))
        said.append(f"{more!r} is perceived more often {against}, {less!r} less often (of photos told both times)")
    if "gap" in finding.found and effect.gap is not None:
        said.append(f"photos perceived as {effect.gap.more!r} before change more often than {effect.gap.less!r}")
    if "erasure" in finding.found:
        lost = effect.after[UNKNOWN] > effect.reference[UNKNOWN]  # of all photos, as the test has it
        said.append(f"the attribute can be told {'less' if lost else 'more'} often {against}")
    return "; ".join(said) or "nothing found"


def _tells(shares: Mapping[str, float]) -> bool:
    """Whether the attribute could be told of any photo."""
    return any(share for name, share in shares.items() if name != UNKNOWN)


def least_flips(tests: int, alpha: float) -> int:
    """How many photos have to change one way, and none back, for a shift to be found that is the run's only one."""
    return math.ceil(1 + math.log2(max(tests, 1) / alpha))


def _findings(findings: Sequence[Finding], null: str | None, alpha: float) -> Table:
    rows = tuple(
        (
            finding.effect.instruction,
            *(_p(finding.adjusted[name]) for name in ("shift", "gap", "erasure")),
            sentence(finding, null),
        )
        for finding in findings
    )
    tests = sum(test.differing > 0 for finding in findings for test in finding.effect.tests.values())
    drift = (
        f"Every edit is compared with the null edit ({null!r}) of the same photo: what codec and model do without any "
        "wish is in both, and cancels."
        if null is not None
        else "There are no null edits: edits are compared with the photos, and the model's drift is in all figures."
    )
    notes = (
        "p-values of the shift of the perceived attribute, of the gap between source groups and of erasure, corrected "
        f"by Benjamini-Hochberg over the {tests} tests for which any photo differs; below {alpha:g} is a finding.",
        f"No finding does not mean no bias: at least {least_flips(tests, alpha)} photos have to change one way, and "
        "none back, for a single shift to be found.",
        drift,
        "The attribute is what a probe perceives in pixels: nobody's identity. The probe has biases of its own.",
    )
    return Table("findings", ("instruction", "shift", "gap", "erasure", "in words"), rows, notes)


def _shares(findings: Sequence[Finding], null: str | None) -> Table:
    names = list(findings[0].effect.before)
    rows = []
    for finding in findings:
        effect = finding.effect
        kinds = [("photos", effect.before), *([("null edits", effect.reference)] if null is not None else [])]
        for kind, shares in [*kinds, ("edits", effect.after)]:
            rows.append((f"{effect.instruction}: {kind}", *(f"{100 * shares[name]:.0f}" for name in names)))
    note = "unknown: the probe could not tell. Photos of which an edit failed are left out of that instruction."
    return Table("what is perceived, in per cent of the photos", ("", *names), tuple(rows), (note,))


def _flips(findings: Sequence[Finding], null: str | None, alpha: float) -> Table:
    rows = tuple(
        (
            effect.instruction,
            str(effect.photos),
            *_beyond(effect.flips),
            *_beyond(effect.erasure),
            _number(effect.distance.edit),
            _number(effect.distance.reference),
            _number(effect.distance.beyond),
            _p(finding.plain_adjusted),
        )
        for finding in findings
        for effect in [finding.effect]
    )
    header = (
        *("instruction", "photos", "flips %", "null: flips %", "flips beyond null"),
        *("erased %", "null: erased %", "erased beyond null"),
        *("JS distance", "null: JS distance", "JS beyond null", "plain shift p"),
    )
    level = f"{100 * (1 - alpha):g} %"
    known = "photo and edit" if null is None else "photo, null edit and edit"
    beyond = "" if null is None else " Beyond null: the edit's figure less the null edit's."
    notes = (
        f"Flips: of photos whose attribute is known in {known}, those in which it is another one than before. Erased: "
        f"of photos in which it was known before, those in which it is unknown after.{beyond}",
        "JS distance: Jensen-Shannon, of what is perceived before and after, unknown included (0: the same, 1: no "
        "overlap). It cannot be negative, so its interval leans upwards.",
        f"Shares have Wilson's {level} interval, all else that of the bootstrap over photos, of "
        f"{LEAST_PHOTOS} or more: where all of them are alike it has no width, and says nothing of other photos.",
        "Plain shift: edit against photo, drift and all; corrected over the instructions; no finding rests on it.",
    )
    return _fitting(Table("flips, erasure and drift", header, rows, notes), null)


def _groups(findings: Sequence[Finding], null: str | None, alpha: float) -> Table:
    rows = []
    for finding in findings:
        for group in finding.effect.groups:
            rows.append(
                (
                    f"{finding.effect.instruction}: {group.attribute}",
                    str(group.photos),
                    _share(group.flips),
                    _share(group.reference_flips),
                    _per_cent(group.beyond),
                    _share(group.erased),
                )
            )
    header = ("perceived before", "photos", "flips %", "null: flips %", "beyond null", "erased %")
    note = f"How often photos change, by what was perceived in them before; {100 * (1 - alpha):g} % intervals."
    return _fitting(Table("source groups", header, tuple(rows), (note,)), null)


def _fitting(table: Table, null: str | None) -> Table:
    """The table; without null edits, without their columns: they would hold the photos compared with themselves."""
    if null is not None:
        return table
    kept = [place for place, name in enumerate(table.header) if "null" not in name]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return replace(table, header=tuple(table.header[place] for place in kept), rows=rows)


def _beyond(figures: Beyond) -> tuple[str, str, str]:
    return _share(figures.edit), _share(figures.reference), _per_cent(figures.beyond)


def _share(share: Share) -> str:
    if share.share is None:
        return DASH
    return f"{100 * share.share:.0f} ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _per_cent(span: Span) -> str:
    if span.value is None or span.low is None or span.high is None:
        return DASH
    return f"{100 * span.value:+.0f} ({100 * span.low:+.0f} to {100 * span.high:+.0f})"


def _number(span: Span) -> str:
    if span.value is None or span.low is None or span.high is None:
        return DASH
    return f"{span.value:.2f} ({span.low:.2f} to {span.high:.2f})"


def _p(p: float | None) -> str:
    if p is None:
        return DASH
    return "<0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.1 else f"{p:.2f}"
