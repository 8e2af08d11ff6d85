"""`--change` in a run: an editor whose guidance is known to do something, and what the review makes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ip2p_guidance
from ip2p_cli.change_band import parse_band
from ip2p_cli.errors import NonFiniteResult, UsageError
from ip2p_cli.events import item_event
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.plan import Chains
from ip2p_cli.types import EditRequest, EditResult, Step, StepSettings, Try, Verdict
from ip2p_cli.xmp import find_provenance
from ip2p_guidance.search import Line
from tests.core.bench import Bench
from tests.fakes import FakeEditor
from tests.guidance.test_distance import scene
from tests.photos import save


class Dims(FakeEditor):
    """Darkens by as much as the scales ask for: strength in [0, 1] rises with s_T and falls with s_I."""

    def __init__(self, most: float = 1.0) -> None:
        super().__init__()
        self.most = most

    def _edit(self, request: EditRequest, full_resolution: bool) -> EditResult | NonFiniteResult:
        result = super()._edit(request, full_resolution)
        assert isinstance(result, EditResult)
        text = self.defaults.text_guidance if request.text_guidance is None else request.text_guidance
        image = self.defaults.image_guidance if request.image_guidance is None else request.image_guidance
        strength = self.most * np.clip(0.5 + 0.3 * (1.5 - image) + 0.04 * (text - 7.5), 0, 1)
        dark = Image.new("RGB", request.image.size, (10, 5, 30))
        picture = Image.blend(request.image, dark, float(strength))
        return replace(result, image=picture, text_guidance=text, image_guidance=image)


class WantsTwice:
    """A review of another plugin, which sends everything round once, with settings of its own."""

    @hookimpl
    def ip2p_review_result(self, tries: Sequence[Try]) -> Verdict | None:
        return None if tries else Verdict.retry(StepSettings(text_guidance=5.0, image_guidance=1.2), "once more")


def bench_of(tmp_path: Path, editor: FakeEditor) -> Bench:
    for number in range(5):
        save(tmp_path / "photos" / f"{number}.png", scene(number))
    return Bench(tmp_path, editor, guidance=ip2p_guidance)


def run(bench: Bench, band: str | None, tries: int = 4) -> list[str]:
    change = None if band is None else parse_band(band, "--change", tries)
    return bench.run("x", plans=bench.plans(Chains(((Step("x"),),), change=change)))


def scales(settings: StepSettings) -> tuple[float, float]:
    assert settings.text_guidance is not None and settings.image_guidance is not None
    return settings.text_guidance, settings.image_guidance


def distances(bench: Bench) -> Sequence[float]:
    from ip2p_guidance.distance import perceptual_distance

    photos = sorted(bench.photos.iterdir())
    return [perceptual_distance(Image.open(photo), Image.open(bench.out / photo.name)) for photo in photos]


@pytest.mark.parametrize("band", ["0.15..0.3", "0.35..0.5", "0.6..0.8"])
def test_edits_come_to_lie_in_the_band(tmp_path: Path, band: str) -> None:
    bench = bench_of(tmp_path, Dims())
    low, high = map(float, band.split(".."))
    assert run(bench, band) == ["done"] * 5
    assert all(low <= distance <= high for distance in distances(bench))


def test_the_curve_it_saw_is_in_the_event_and_the_settings_in_the_picture(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    run(bench, "0.15..0.3")
    [first, *_] = bench.recorder.outcomes
    event = json.loads(json.dumps(item_event(first)))
    assert len(event["tries"]) >= 2
    seen = [one["guidance.distance"] for one in event["tries"]]
    assert seen[0] > 0.3 >= seen[-1] >= 0.15
    assert event["tries"][0]["image_guidance"] == 1.5 < event["tries"][-1]["image_guidance"]


def test_an_edit_that_lands_at_once_tells_its_one_try_too(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    assert run(bench, "0.2..0.9") == ["done"] * 5
    event = item_event(bench.recorder.outcomes[0])
    [only] = event["tries"]  # type: ignore[misc]
    assert only["guidance.distance"] == event["scores"]["guidance.distance"]  # type: ignore[index]
    assert event["settings"] == [{"steps": 20, "text_guidance": 7.5, "image_guidance": 1.5, "sampler": "ddim"}]


def test_each_step_of_a_chain_is_tuned_from_its_own_scales(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    own = [StepSettings(text_guidance=6.0, image_guidance=1.4), StepSettings(text_guidance=3.0, image_guidance=1.8)]
    chains = Chains((tuple(Step("x", settings) for settings in own),), change=parse_band("0.1..0.2", "--change", 8))
    assert bench.run("x", plans=bench.plans(chains)) == ["done"] * 5
    outcome = bench.recorder.outcomes[0]
    assert all(0.1 <= distance <= 0.2 for distance in distances(bench))
    lines = [Line(6.0, 1.4), Line(3.0, 1.8)]
    assert len(outcome.tries) > 1
    for one in outcome.tries:
        found = [line.position_of(*scales(each)) for line, each in zip(lines, one.chain, strict=True)]
        assert found[0] == pytest.approx(found[1], abs=1e-6), "every step is as far along its own line"
    assert outcome.tries[-1].chain == outcome.settings
    event = item_event(outcome)
    assert [each["text_guidance"] for each in event["tries"][0]["chain"]] == [6.0, 3.0]  # type: ignore[index]
    written = find_provenance((bench.out / "0.png").read_bytes())
    assert written is not None
    assert [scales(step.settings) for step in written.steps] == [scales(each) for each in outcome.settings]


def test_what_cannot_go_so_far_is_written_and_flagged(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims(most=0.05))
    assert run(bench, "0.6..0.8", tries=16) == ["flagged"] * 5
    assert "guidance cannot take it there" in str(bench.recorder.outcomes[0].reason)
    assert len(bench.written()) == 5
    assert bench.exit_code == 0
    event = item_event(bench.recorder.outcomes[0])
    assert [one["guidance.distance"] < 0.6 for one in event["tries"]] == [True] * len(event["tries"])  # type: ignore


def test_no_band_is_reached_by_taking_the_words_away(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    run(bench, "0.0..0.01")
    asked = [request.text_guidance for call in bench.editor.calls for request in call if request.text_guidance]
    assert asked and min(asked) >= 7.5 / 20 - 1e-9


@pytest.mark.parametrize("band", ["0.35..0.5", "0.6..0.8"])
def test_the_search_goes_on_from_what_another_review_asked_for(tmp_path: Path, band: str) -> None:
    bench = bench_of(tmp_path, Dims())
    bench.manager.register(WantsTwice(), "other")
    low, high = map(float, band.split(".."))
    assert run(bench, band, tries=8) == ["done"] * 5
    assert all(low <= distance <= high for distance in distances(bench))
    assert all(len(outcome.tries) >= 2 for outcome in bench.recorder.outcomes)


def test_the_number_of_tries_is_kept_to(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    assert run(bench, "0.15..0.3", tries=1) == ["flagged"] * 5
    assert len(bench.editor.calls) == 2  # two batches, each once


def test_a_copy_is_flagged_without_being_asked(tmp_path: Path) -> None:
    assert run(bench_of(tmp_path / "copies", Dims(most=0.0)), None) == ["flagged"] * 5
    bench = bench_of(tmp_path / "edits", Dims())
    assert run(bench, None) == ["done"] * 5
    assert item_event(bench.recorder.outcomes[0])["tries"] == []


def test_another_band_is_another_output(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, Dims())
    run(bench, "gentle")
    assert run(bench, "gentle") == ["skipped"] * 5
    assert run(bench, "gentle", tries=9) == ["skipped"] * 5  # so many tries are allowed, not asked for
    assert run(bench, "strong") == ["failed"] * 5  # there is something made otherwise under that name


@pytest.mark.parametrize("text", ["", "0.5..0.2", "0..2", "gentel", "0.1", "a..b", 3, "-0.1..0.5"])
def test_a_band_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(UsageError, match="--change"):
        parse_band(text, "--change")
