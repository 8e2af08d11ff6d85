"""A planted correlation is found, an unbiased control is not, and false alarms are as rare as promised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ip2p_bias.corrected import adjust_able
from ip2p_bias.effects import Settings, compare_all
from ip2p_bias.tables import sentence
from ip2p_bias.trial import make_trials
from tests.bias.planted import (
    BLUE,
    CONTROLS,
    NULL,
    PLANTED,
    RED,
    PlantedEditor,
    Rates,
    audit,
    judge,
    make_photos,
    noise,
    readings,
)

FLIPS = 0.05  # what editor and probe change by chance, whatever is asked, both ways alike
SEEDS = 200


def editor(seed: int, share: float = 0.8) -> PlantedEditor:
    planted: Rates = {RED: share, BLUE: FLIPS}
    unbiased: Mapping[str, Rates] = {text: noise(FLIPS) for text in (NULL, *CONTROLS)}
    return PlantedEditor({**unbiased, PLANTED: planted}, seed)


def test_a_planted_correlation_is_found_and_a_control_is_not(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=30, blue=30)
    [planted, control], _ = audit(photos, (PLANTED, CONTROLS[0]), editor(0))
    assert planted.adjusted["shift"] is not None and planted.adjusted["shift"] < 0.01
    assert set(planted.found) == {"shift", "gap"}
    assert planted.effect.gap is not None and (planted.effect.gap.more, planted.effect.gap.less) == ("red", "blue")
    assert control.found == ()
    assert all(p is None or p > 0.05 for p in control.adjusted.values())
    said = sentence(planted, NULL)
    assert "'blue' is perceived more often" in said and "'red' less often" in said


def test_figures_of_what_was_planted(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=50, blue=50)
    [finding], _ = audit(photos, (PLANTED,), PlantedEditor({NULL: {}, PLANTED: {RED: 0.8}}))
    effect = finding.effect
    red, blue = effect.groups
    assert (red.attribute, blue.attribute) == ("red", "blue")
    assert red.flips.low < 0.8 < red.flips.high
    assert blue.flips.count == 0 and blue.flips.of == 50
    assert effect.moves[0].before == "red" and effect.moves[0].photos == red.flips.count
    assert effect.before == {"red": 0.5, "blue": 0.5, "unknown": 0.0} == effect.reference
    assert effect.after["blue"] == pytest.approx(0.5 + red.flips.count / 100)
    assert effect.erasure.edit.count == 0
    beyond = effect.distance.beyond
    assert beyond.low is not None and beyond.value is not None and beyond.high is not None
    assert 0 < beyond.low <= beyond.value <= beyond.high


def test_drift_that_every_edit_has_is_no_finding(tmp_path: Path) -> None:
    """The codec alone turns half of the reds: a plain comparison with the photos calls that a shift."""
    photos = make_photos(tmp_path, red=40, blue=40)
    drift: Rates = {RED: 0.5}
    [finding], _ = audit(photos, CONTROLS[:1], PlantedEditor(dict.fromkeys((NULL, *CONTROLS), drift), 3))
    assert finding.plain_adjusted is not None and finding.plain_adjusted < 0.001
    assert finding.found == ()
    flips = finding.effect.flips
    assert flips.reference.count > 10 and flips.edit.count > 10
    assert flips.beyond.low is not None and flips.beyond.high is not None
    assert flips.beyond.low < 0 < flips.beyond.high


def test_soft_erasure_is_found(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=30, blue=30)
    quiet = PlantedEditor({NULL: {}, PLANTED: {}}, 0, erase={PLANTED: 0.5})
    [finding], _ = audit(photos, (PLANTED,), quiet)
    assert finding.found == ("erasure",)
    erased = finding.effect.erasure
    assert erased.edit.count == sum(move.photos for move in finding.effect.moves if move.after == "unknown")
    assert erased.edit.share == pytest.approx(0.5, abs=0.2)  # three deviations of a coin thrown 60 times
    assert erased.reference.count == 0 and erased.beyond.value == pytest.approx(erased.edit.share)
    assert "can be told less often" in sentence(finding, NULL)


def test_nobody_found_is_a_result(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=0, blue=0, grey=12)
    [finding], observed = audit(photos, (PLANTED,), PlantedEditor({NULL: {}, PLANTED: {}}))
    assert finding.adjusted == {"shift": None, "gap": None, "erasure": 1.0}
    assert finding.effect.after == {"unknown": 1.0}
    assert sentence(finding, NULL).startswith("unknown")
    assert observed.failures == ()


def test_a_photo_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=10, blue=10)
    photos[3].write_bytes(b"no picture")
    [finding], observed = audit(photos, (PLANTED,), PlantedEditor({NULL: {}, PLANTED: {RED: 1.0}}))
    assert (finding.effect.photos, finding.effect.failed) == (19, 1)
    assert finding.effect.moves[0].photos == 9
    assert len(observed.failures) == 1 and "003.png" in observed.failures[0]


def test_the_same_audit_gives_the_same_figures(tmp_path: Path) -> None:
    photos = make_photos(tmp_path, red=12, blue=12)
    once, again = (audit(photos, (PLANTED, *CONTROLS), editor(5))[0] for _ in range(2))
    assert [one.as_figures() for one in once] == [one.as_figures() for one in again]


@pytest.mark.slow
@pytest.mark.parametrize(("red", "blue", "least"), [(20, 20, 0.8), (50, 50, 1.0), (70, 30, 1.0)])
def test_power_and_false_alarms_over_many_seeds(red: int, blue: int, least: float) -> None:
    """Each seed: a run with the planted instruction beside a control, and a run of two controls."""
    quick, beside, alone = Settings(draws=100), (PLANTED, CONTROLS[0]), CONTROLS[:2]
    found = found_at_all = alarms_beside = alarms = plain = 0
    for seed in range(SEEDS):
        planted, control = judge(readings(red, blue, beside, editor(0).rates, seed), beside, quick)
        shift = planted.adjusted["shift"]
        assert shift is not None
        found, found_at_all = found + (shift < 0.01), found_at_all + (shift < 0.05)
        alarms_beside += bool(control.found)
        controls = judge(readings(red, blue, alone, editor(0).rates, 1000 + seed), alone, quick)
        alarms += any(one.found for one in controls)
        plain += any(one.plain_adjusted is not None and one.plain_adjusted < 0.05 for one in controls)
    print(
        f"\n{red} + {blue} photos, {SEEDS} seeds: planted found at p < 0.01 {found}, at p < 0.05 {found_at_all}; "
        f"alarms of a control beside it {alarms_beside}, of a run of two controls {alarms}, of one without drift "
        f"taken out {plain}"
    )
    assert found >= least * SEEDS
    assert found_at_all >= 0.95 * SEEDS
    assert alarms <= 0.05 * SEEDS
    assert alarms_beside <= 0.05 * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize(("red", "blue"), [(10, 90), (50, 50), (90, 10)])
def test_false_alarms_where_one_group_drifts(red: int, blue: int) -> None:
    """Null edit and control turn half of the reds by the same chance, and never a blue."""
    drift: Mapping[str, Rates] = {text: {RED: 0.5} for text in (NULL, CONTROLS[0])}
    alarms = gaps = 0
    for seed in range(SEEDS):
        [control] = judge(readings(red, blue, CONTROLS[:1], drift, seed), CONTROLS[:1], Settings(draws=100))
        p = control.effect.tests["gap"].p
        alarms, gaps = alarms + bool(control.found), gaps + (p is not None and p < 0.05)
    print(f"\n{red} + {blue} photos of which the first drift: gaps at p < 0.05 {gaps}, findings {alarms} of {SEEDS}")
    assert gaps <= 0.08 * SEEDS  # 5 %, and two deviations of 200 throws
    assert alarms <= 0.08 * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize("planted", [0, 5])
def test_false_alarms_of_many_instructions_of_the_same_photos(planted: int) -> None:
    """Forty edits of each photo share the photo and its null edit: their tests depend on each other.

    A third of the reds and few blues turn by chance, whatever is asked. Without any planted effect every finding is a
    false alarm; else the share of controls in what is found may be alpha at most, on average.
    """
    texts = [f"{PLANTED} {number}" for number in range(planted)] + [f"control {n}" for n in range(40 - planted)]
    by_chance: Rates = {RED: 0.3, BLUE: FLIPS}
    rates = {text: {RED: 0.8, BLUE: FLIPS} if text.startswith(PLANTED) else by_chance for text in (NULL, *texts)}
    shares = []
    for seed in range(SEEDS):
        trials = make_trials(readings(60, 40, texts, rates, seed), texts)
        tests = [(one.instruction, test) for one in trials for test in compare_all(one, Settings()).values()]
        corrected = adjust_able([test for _, test in tests])
        found = [text for (text, _), p in zip(tests, corrected, strict=True) if p is not None and p < 0.05]
        shares.append(sum(not text.startswith(PLANTED) for text in found) / max(len(found), 1))
    print(f"\n40 instructions, {planted} planted, {SEEDS} seeds: false findings are {sum(shares) / SEEDS:.2%} of all")
    assert sum(shares) / SEEDS <= 0.05
