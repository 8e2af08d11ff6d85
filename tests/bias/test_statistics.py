"""The tests and intervals against textbooks, and what has to hold for any readings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from ip2p_bias import resampling, swapping
from ip2p_bias.comparing import Compared, marks_test, shift_test
from ip2p_bias.corrected import adjust, adjust_able
from ip2p_bias.effects import Settings, measure
from ip2p_bias.groups import _spread_of, gap_test, shuffled, swapped
from ip2p_bias.resampling import Span, Values, distance, distributions, draw_weights, draws_for, share, span
from ip2p_bias.swapping import FIRST, resamples_for
from ip2p_bias.tables import least_flips
from ip2p_bias.trial import Codes, Trial
from ip2p_cli.api import UsageError

# Unaided distance vision of 7,477 women, right eye by left eye (Stuart 1953, 1955)
VISION = np.array([[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]])

GAP = [np.array([1.0] * 9 + [-1.0, 0.0]), np.array([1.0] * 3 + [-1.0] * 4 + [0.0] * 5)]
triples = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=40)


def of_table(table: Codes) -> tuple[Codes, Codes]:
    rows, columns = np.indices(table.shape)
    return np.repeat(rows.ravel(), table.ravel()), np.repeat(columns.ravel(), table.ravel())


def trial(triple: list[tuple[int, int, int]]) -> Trial:
    before, reference, after = np.array(triple).T
    return Trial("x", ("a", "b", "c"), before, reference, after)


def test_stuart_maxwell_of_the_vision_data() -> None:
    found = shift_test(*of_table(VISION), unknown=4, seed=0)
    assert found.method == "Stuart-Maxwell"
    assert found.statistic == pytest.approx(11.957, abs=1e-3)
    assert found.df == 3
    assert found.p == pytest.approx(0.0075, abs=1e-4)


def test_mcnemar_is_exact_and_leaves_unknown_out() -> None:
    one = np.array([0] * 9 + [1] + [0] * 20 + [2] * 5)
    other = np.array([1] * 9 + [0] + [0] * 20 + [1] * 5)
    found = shift_test(one, other, unknown=2, seed=0)
    assert (found.method, found.photos, found.differing) == ("exact McNemar", 30, 10)
    assert found.p == pytest.approx(2 * 11 / 2**10)  # 10 coins, one or none on the other side


def test_few_flips_among_three_attributes_are_swapped_exactly() -> None:
    """Eight photos, all towards the third: of 256 ways to swap, one and its mirror are as far."""
    one, other = np.array([0] * 4 + [1] * 4), np.array([2] * 8)
    found = shift_test(one, other, unknown=3, seed=0)
    assert found.method == "swaps"
    assert found.p == pytest.approx(2 / 256)


def test_few_flips_among_many_attributes_are_swapped_exactly() -> None:
    """Of 13 attributes there are 78 pairs; twelve photos went from one each to the last, or each to one of its own."""
    star = shift_test(np.arange(12), np.full(12, 12), unknown=13, seed=0)
    assert star.p == pytest.approx(2 / 2**12)
    apart = shift_test(np.arange(0, 12, 2), np.arange(1, 12, 2), unknown=13, seed=0)
    assert apart.p == 1.0  # any way to swap them is as far


def test_a_singular_covariance_is_no_way_out() -> None:
    """Two pairs of attributes that never mix: Stuart-Maxwell has no inverse, the shift is plain all the same."""
    one, other = np.array([0] * 20 + [2] * 20), np.array([1] * 20 + [3] * 20)
    found = shift_test(one, other, unknown=4, seed=0)
    assert found.method == "swaps"
    assert found.p is not None and found.p < 0.001


def test_the_gap_test_is_fishers_by_other_means() -> None:
    from scipy.stats import fisher_exact

    before = np.array([0] * 12 + [1] * 10)
    after = np.array([1] * 9 + [0] * 3 + [0] * 2 + [1] * 8)
    flips = (before != after).astype(float)
    shuffles = shuffled([flips[:12], flips[12:]], seed=0)
    assert shuffles == pytest.approx(fisher_exact([[9, 3], [2, 8]]).pvalue, abs=0.01)
    swaps = swapped([flips[:12], flips[12:]], seed=0)
    found = gap_test(Trial("x", ("a", "b"), before, before, after), seed=0)
    assert found.p == max(shuffles, swaps) and (found.photos, found.differing) == (22, 11)


def test_swaps_of_a_gap_are_all_ways_to_sign_it() -> None:
    """Six of ten and one of five: counted out over 2^7 signs, of the difference of the two means."""
    samples = [np.array([1.0] * 6 + [0] * 4), np.array([1.0] + [0] * 4)]
    signs = np.array(list(itertools.product((-1, 1), repeat=7)))
    gaps = np.abs(signs[:, :6].sum(1) / 10 - signs[:, 6] / 5)
    assert swapped(samples, seed=0) == pytest.approx(np.mean(gaps >= 0.6 - 0.2 - 1e-9))


def test_a_group_that_drifts_beside_one_that_does_not_is_no_gap() -> None:
    """Null edit and edit flip ten photos by the same chance, and ninety never: shuffles alone find half of it."""
    rng, before = np.random.default_rng(0), np.array([0] * 10 + [1] * 90)
    alarms = 0
    for seed in range(100):
        reference, after = (np.where((before == 0) & (rng.random(100) < 0.5), 1, before) for _ in range(2))
        p = gap_test(Trial("x", ("a", "b"), before, reference, after), seed).p
        alarms += p is not None and p < 0.05
    assert alarms <= 9


GROUPS = st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=3), min_size=2, max_size=3)


@given(GROUPS)
@settings(max_examples=40)
def test_sums_are_swapped_and_shuffled_as_photos_are(groups: list[list[float]]) -> None:
    """Against scipy's permutation of each photo, which counts all ways where they are few."""
    arrays = [np.array(group) for group in groups]
    sizes, spread = [len(group) for group in groups], _spread_of(arrays)

    def of_values(sample: Values, axis: int) -> Values:
        ends = np.cumsum(sizes)[:-1]
        return spread(np.stack([part.sum(axis) for part in np.split(sample, ends, axis)], -1))

    def of_groups(*samples: Values, axis: int) -> Values:
        return spread(np.stack([sample.sum(axis) for sample in samples], -1))

    options = {"n_resamples": 2000, "vectorized": True, "alternative": "greater"}  # all ways: 2^9, 9! / 3!^3
    swaps = permutation_test((np.concatenate(arrays),), of_values, permutation_type="samples", **options).pvalue
    shuffles = permutation_test(arrays, of_groups, permutation_type="independent", **options).pvalue
    assert swapped(arrays, seed=0) == pytest.approx(swaps)
    assert shuffled(arrays, seed=0) == pytest.approx(shuffles, abs=1e-9 if len(groups) == 2 else 0.02)


@pytest.mark.parametrize("groups", [GAP, [*GAP, np.array([1.0, -1.0, 0.0, 0.0])]], ids=["two groups", "three"])
def test_draws_agree_with_what_is_counted_out(groups: list[Values], monkeypatch: pytest.MonkeyPatch) -> None:
    counted = swapped(groups, seed=0), shuffled(groups, seed=0)
    monkeypatch.setattr(swapping, "COUNTED", 0)
    assert swapped(groups, seed=0, resamples=200_000) == pytest.approx(counted[0], abs=0.004)
    assert shuffled(groups, seed=0, resamples=200_000) == pytest.approx(counted[1], abs=0.015)


@given(triples)
@settings(max_examples=25)
def test_any_readings_give_figures_in_range(triple: list[tuple[int, int, int]]) -> None:
    effect = measure(trial(triple), Settings(draws=50))
    for test in (*effect.tests.values(), effect.plain_shift):
        assert test.p is None or 0 <= test.p <= 1
        assert 0 <= test.differing <= test.photos <= len(triple)
    for shares in (effect.before, effect.reference, effect.after):
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    for name, low in (("edit", 0), ("reference", 0), ("beyond", -1)):
        found = getattr(effect.distance, name)
        assert low <= found.value <= 1 and (found.low is None) == (len(triple) < 5)
        assert found.low is None or low <= found.low <= found.high <= 1
    assert sum(move.photos for move in effect.moves) == sum(before != after for before, _, after in triple)


@given(triples)
@settings(max_examples=25)
def test_a_shift_has_no_direction_and_photos_no_order(triple: list[tuple[int, int, int]]) -> None:
    _, one, other = np.array(triple).T
    there, back = shift_test(one, other, 3, seed=0), shift_test(other, one, 3, seed=0)
    assert there.p == pytest.approx(back.p, abs=0.03)
    assert (there.differing, there.photos) == (back.differing, back.photos)
    assert marks_test(one == 3, other == 3).p == marks_test(other == 3, one == 3).p


@given(triples)
def test_the_same_readings_are_no_shift(triple: list[tuple[int, int, int]]) -> None:
    one = np.array(triple)[:, 0]
    assert shift_test(one, one, 3, seed=0).p in (None, 1.0)
    assert marks_test(one == 3, one == 3).p == 1.0


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_corrected_values_are_never_smaller(values: list[float | None]) -> None:
    corrected = adjust(values)
    assert [value is None for value in values] == [value is None for value in corrected]
    both = sorted((p, q) for p, q in zip(values, corrected, strict=True) if p is not None and q is not None)
    assert all(p <= q + 1e-12 for p, q in both)
    assert all(q <= r + 1e-12 for (_, q), (_, r) in itertools.pairwise(both))


def test_benjamini_hochbergs_own_example_starts_alike() -> None:
    """Four hypotheses: p times their number over their rank, made monotone from the largest."""
    assert adjust([0.01, None, 0.04, 0.03, 0.2]) == pytest.approx([0.04, None, 0.05333333, 0.05333333, 0.2])


def test_what_cannot_find_anything_makes_nothing_less_sure() -> None:
    tests = [
        Compared("one", 0.02, photos=20, differing=8),
        Compared("still", 1.0, photos=20, differing=0),
        Compared("other", 0.3, photos=20, differing=9),
        Compared("nothing to compare", None, photos=0, differing=0),
    ]
    assert adjust_able(tests) == [pytest.approx(0.04), 1.0, pytest.approx(0.3), None]


def test_the_bootstrap_draws_photos_whole_and_starts_with_the_sample() -> None:
    weights = draw_weights(30, 400, seed=1)
    assert weights.shape == (401, 30)
    assert (weights[0] == 1).all() and (weights.sum(1) == 30).all()
    marked = np.arange(30) < 12
    found = span(share(weights, marked, np.ones(30, bool)), alpha=0.05, photos=30)
    assert found.value == 0.4
    assert found.low == pytest.approx(0.23, abs=0.05) and found.high == pytest.approx(0.57, abs=0.05)
    assert span(share(weights, marked, np.zeros(30, bool)), alpha=0.05, photos=0).value is None


def test_draws_in_small_batches_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = draw_weights(30, 400, seed=1)
    monkeypatch.setattr(resampling, "AT_ONCE", 100)
    assert (draw_weights(30, 400, seed=1) == whole).all()


def test_draws_are_enough_for_the_interval() -> None:
    assert (draws_for(0.05, None), draws_for(0.05, 400), draws_for(0.001, None)) == (2000, 400, 20_000)
    with pytest.raises(UsageError, match=r"--bootstrap 399 .*give 400 or more"):
        draws_for(0.05, 399)


@given(st.integers(1, 5000), st.floats(0.0001, 0.5))
def test_resamples_are_enough_for_a_lone_finding(tests: int, alpha: float) -> None:
    count = resamples_for(tests, alpha)
    assert count >= FIRST
    corrected = adjust([4 / (count + 1), *[1.0] * (tests - 1)])[0]
    assert corrected is not None and corrected <= alpha * (1 + 1e-9)


def test_a_p_value_may_be_as_small_as_a_run_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty photos that all went one way: of 2^40 ways, two are as far out."""
    groups = [np.ones(40), np.zeros(40)]
    assert swapped(groups, seed=0) == pytest.approx(2 / 2**40)
    monkeypatch.setattr(swapping, "COUNTED", 0)
    assert swapped(groups, seed=0) == shuffled(groups, seed=0) == pytest.approx(1 / (FIRST + 1))
    assert swapped(groups, seed=0, resamples=59_999) == pytest.approx(1 / 60_000)


def test_a_handful_of_photos_has_no_interval() -> None:
    """None of four flips: every draw is the same, and a width of zero would say that it is sure."""
    values = share(draw_weights(4, 400, seed=1), np.zeros(4, bool), np.ones(4, bool))
    assert span(values, alpha=0.05, photos=4) == Span(0.0, None, None)
    assert span(values, alpha=0.05, photos=5) == Span(0.0, 0.0, 0.0)


def test_the_distance_is_one_where_nothing_overlaps() -> None:
    weights = draw_weights(4, 1, seed=0)
    one, other = np.array([0, 0, 0, 0]), np.array([1, 1, 1, 1])
    found = distance(distributions(weights, one, 3), distributions(weights, other, 3))
    assert found == pytest.approx([1, 1])
    assert distance(distributions(weights, one, 3), distributions(weights, one, 3)) == pytest.approx([0, 0])


@pytest.mark.parametrize("tests", [1, 3, 9])
def test_the_least_flips_are_the_least(tests: int) -> None:
    least = least_flips(tests, 0.05)
    ones = [shift_test(np.zeros(n, int), np.ones(n, int), 2, seed=0).p for n in (least - 1, least)]
    first, second = (adjust([p, *[1.0] * (tests - 1)])[0] for p in ones)
    assert first is not None and second is not None
    assert second <= 0.05 < first
