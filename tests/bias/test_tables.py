"""What the page says in words, against readings of which the truth can be counted by hand."""

from __future__ import annotations

import numpy as np

from ip2p_bias.corrected import Finding, correct
from ip2p_bias.effects import Settings, measure
from ip2p_bias.tables import sentence
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
