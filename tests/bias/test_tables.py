"""What the page says in words, against readings of which the truth can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ip2p_bias.corrected import Finding, correct
from ip2p_bias.effects import Settings, measure
from ip2p_bias.plot import draw
from ip2p_bias.tables import make_tables, sentence
from ip2p_bias.trial import Trial

CODES = {"a": 0, "b": 1, "c": 2, "?": 3}
Counts = dict[str, int]  # "aab": photos read as a before, a after the null edit and b after the edit; ? is unknown


def trial_of(counts: Counts) -> Trial:
    rows = [[CODES[letter] for letter in letters] for letters, count in counts.items() for _ in range(count)]
    before, reference, after = np.array(rows).T
    return Trial("x", ("a", "b", "c"), before, reference, after)


def finding_of(counts: Counts) -> Finding:
    [finding] = correct([measure(trial_of(counts), Settings(draws=100))], 0.05)
    return finding


def said_of(counts: Counts) -> str:
    return sentence(finding_of(counts), "keep it")


def test_the_shift_is_named_by_the_photos_that_were_tested() -> None:
    """All twenty changes are a to b; that fifty of b cannot be told any more is erasure, and makes nobody an a."""
    counts = {"aaa": 80, "aab": 20, "bbb": 50, "bb?": 50}
    finding = finding_of(counts)
    assert {"shift", "erasure"} <= set(finding.found)
    assert finding.effect.gained == {"a": -20, "b": 20, "c": 0}
    assert "'b' is perceived more often than after the null edit, 'a' less often" in said_of(counts)


def test_erasure_is_named_by_all_photos_as_it_was_tested() -> None:
    """Of the twenty told before one is lost, of the forty others thirty are won."""
    counts = {"aaa": 19, "aa?": 1, "??a": 30, "???": 10}
    assert "erasure" in finding_of(counts).found
    assert "can be told more often than after the null edit" in said_of(counts)
    assert "can be told less often" in said_of({"aaa": 20, "aa?": 30})


def test_what_can_be_told_only_after_the_edit_is_said() -> None:
    assert finding_of({"??a": 30}).found == ("erasure",)
    assert said_of({"??a": 30}) == "the attribute can be told more often than after the null edit"
    assert said_of({"???": 30}) == "unknown: the probe could tell the attribute of no photo"


def test_a_group_too_small_to_be_named_is_not_tested() -> None:
    finding = finding_of({"aaa": 50, "bba": 4})
    assert finding.effect.gap is None
    assert finding.found == () and finding.adjusted["gap"] is None
    assert finding_of({"aaa": 50, "bba": 5}).adjusted["gap"] is not None
    assert "gap" in finding_of({"aaa": 50, "bba": 8}).found


def test_groups_that_change_alike_are_no_gap() -> None:
    """The third group changes, and is too small: the other two do not differ."""
    finding = finding_of({"aaa": 50, "bbb": 50, "cca": 4})
    assert finding.effect.gap is None
    assert "gap" not in finding.found
    assert finding_of({"aaa": 7, "aab": 2, "aba": 1, "bbb": 9, "bba": 1}).effect.gap is None  # 0.2 - 0.1 and 0.1


def test_a_gap_that_is_found_is_named() -> None:
    assert "perceived as 'b' before change more often than 'a'" in said_of({"aaa": 30, "bbb": 10, "bba": 20})


def test_a_dollar_is_no_formula() -> None:
    counts = trial_of({"aaa": 6, "aab": 6})
    [finding] = correct([measure(replace(counts, instruction="write $^$ on it"), Settings(draws=100))], 0.05)
    assert draw([finding], has_null=True).startswith("<svg")


def test_without_null_edits_no_column_speaks_of_them() -> None:
    finding = finding_of({"aaa": 6, "aab": 6})
    cases: list[tuple[str | None, set[str]]] = [
        ("keep it", {"null: flips %", "beyond null", "JS beyond null"}),
        (None, set()),
    ]
    for null, columns in cases:
        tables = make_tables([finding], null, 0.05)
        headers = [name for table in tables for name in table.header]
        assert {name for name in headers if "null" in name} >= columns
        assert null is not None or not any("null" in name for name in headers)
        assert all(len(row) == len(table.header) for table in tables for row in table.rows)
        assert "flips %" in headers and "plain shift p" in headers


def test_what_a_handful_of_photos_cannot_say_is_a_dash() -> None:
    [_, _, _, groups] = make_tables([finding_of({"aaa": 10, "bba": 4})], "keep it", 0.05)
    assert [row[groups.header.index("beyond null")] for row in groups.rows] == ["+0 (+0 to +0)", "–"]
