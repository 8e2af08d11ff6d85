"""The rules of the filter, for any candidates."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_cli.api import UsageError
from ip2p_gen_data.clip_filter.rules import KEPT, NOT_FINITE, SCORES, Rules, Scored, Threshold, decide

scores = st.floats(-1, 1, width=32) | st.just(math.nan)
thresholds = st.builds(Threshold, st.floats(-1, 1)) | st.builds(Threshold, st.floats(0, 1), st.just(True))
rules = st.builds(Rules, image=thresholds, direction=thresholds, caption=thresholds, best=st.integers(1, 5))
ALL = Rules(*(Threshold(-1.0),) * 3, best=10**6)


@st.composite
def candidates(draw: st.DrawFn) -> list[Scored]:
    values = draw(st.lists(st.tuples(st.integers(0, 3), scores, scores, scores, scores), max_size=30))
    return [Scored(row, place, *four) for place, (row, *four) in enumerate(values)]


@settings(max_examples=150)
@given(found=candidates(), rule=rules)
def test_what_is_kept_meets_every_rule_and_is_the_best_that_does(found: list[Scored], rule: Rules) -> None:
    reasons = decide(found, rule)
    assert len(reasons) == len(found)
    passing = decide(found, replace(rule, best=10**6))
    for row in {one.row for one in found}:
        places = [place for place, one in enumerate(found) if one.row == row]
        kept = [place for place in places if reasons[place] == KEPT]
        passed = [place for place in places if passing[place] == KEPT]
        assert set(kept) <= set(passed) and len(kept) == min(rule.best, len(passed))
        best = sorted((found[place].clip_sim_dir for place in passed), reverse=True)[: rule.best]
        assert sorted((found[place].clip_sim_dir for place in kept), reverse=True) == best
    for one, reason in zip(found, reasons, strict=True):
        assert (reason == NOT_FINITE) == (not one.finite)


@settings(max_examples=80)
@given(found=candidates(), rule=rules, seed=st.integers(0, 9))
def test_the_order_of_candidates_does_not_matter(found: list[Scored], rule: Rules, seed: int) -> None:
    shuffled = random.Random(seed).sample(found, len(found))
    by_sample = dict(zip([one.sample for one in shuffled], decide(shuffled, rule), strict=True))
    assert [by_sample[one.sample] for one in found] == decide(found, rule)


@settings(max_examples=80)
@given(found=candidates(), low=st.floats(-1, 1), high=st.floats(-1, 1))
def test_a_stricter_threshold_keeps_no_more(found: list[Scored], low: float, high: float) -> None:
    low, high = sorted((low, high))
    kept = [Counter(decide(found, replace(ALL, direction=Threshold(value))))[KEPT] for value in (low, high)]
    assert kept[0] >= kept[1]


@settings(max_examples=80)
@given(found=candidates(), q=st.floats(0, 1))
def test_a_quantile_turns_away_no_more_than_its_share(found: list[Scored], q: float) -> None:
    found = [one for one in found if one.finite]
    kept = Counter(decide(found, replace(ALL, image=Threshold(q, quantile=True))))[KEPT]
    assert kept >= (1 - q) * len(found) - 1e-9
    if found:
        assert kept >= 1
    if len({one.clip_sim_image for one in found}) == len(found) and found:  # no ties
        assert kept == max(len(found) - int(q * len(found)), 1)


def test_the_papers_numbers_and_their_reasons() -> None:
    good = Scored(0, 0, 0.25, 0.25, 0.25, 0.8)
    bad = [replace(good, **{name: value}) for name, value in zip(SCORES, (0.19, 0.19, 0.19, 0.69), strict=True)]
    assert decide([good, *bad], Rules()) == [KEPT, *(f"{name} too low" for name in SCORES)]
    crowd = [replace(good, sample=place, clip_sim_dir=0.3 + place / 100) for place in range(6)]
    assert decide(crowd, Rules()) == ["not among the best 4"] * 2 + [KEPT] * 4
    assert decide([replace(good, clip_sim_0=math.nan)], ALL) == [NOT_FINITE]
    ties = [replace(good, sample=place) for place in range(3)]
    assert decide(ties, Rules(best=1)) == [KEPT, "not among the best 1", "not among the best 1"]


def test_thresholds_are_scores_or_quantiles() -> None:
    assert Threshold.parse("0.2") == Threshold(0.2) and Threshold.parse("q0.3") == Threshold(0.3, quantile=True)
    assert [str(Threshold.parse(text)) for text in ("0.2", "q0.3", "-0.5")] == ["0.2", "q0.3", "-0.5"]
    for text in ("high", "q2", "q", "nan", ""):
        with pytest.raises(UsageError, match=r"q0\.3"):
            Threshold.parse(text)
    with pytest.raises(UsageError, match="--best"):
        Rules(best=0)
