"""Checks, reviews and masks in a run: what they stop, what they mark, what they change."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ip2p_cli.change_band import DEFAULT_TRIES, parse_band
from ip2p_cli.errors import NonFiniteResult
from ip2p_cli.events import item_event
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.journal import Journal
from ip2p_cli.plan import Chains
from ip2p_cli.types import EditJob, EditRequest, EditResult, Step, StepSettings, Try, Verdict
from ip2p_cli.xmp import find_provenance
from tests.core.bench import Bench, with_plugin
from tests.fakes import FakeEditor, shifted
from tests.photos import gradient, save


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", gradient(20 + number, 15))
    return Bench(tmp_path)


class Blocks:
    def __init__(self, hook: str, verdict: Verdict) -> None:
        self.hook, self.verdict = hook, verdict
        self.seen: list[str] = []

    def _answer(self, hook: str) -> Verdict | None:
        self.seen.append(hook)
        return self.verdict if hook == self.hook else None

    @hookimpl
    def ip2p_check_instruction(self) -> Verdict | None:
        return self._answer("instruction")

    @hookimpl
    def ip2p_check_source(self) -> Verdict | None:
        return self._answer("source")

    @hookimpl
    def ip2p_review_result(self) -> Verdict | None:
        return self._answer("review")


@pytest.mark.parametrize("hook", ["instruction", "source", "review"])
def test_a_block_at_any_stage_writes_nothing(bench: Bench, hook: str) -> None:
    check = Blocks(hook, Verdict.block("no"))
    bench = with_plugin(bench, check)
    assert bench.run("x") == ["blocked"] * 6
    assert bench.written() == []
    assert bench.recorder.outcomes[0].reason is not None
    assert "check: no" in bench.recorder.outcomes[0].reason
    assert (hook == "review") == bool(bench.editor.calls)
    assert check.seen.count("instruction") == 1


def test_a_blocked_instruction_is_known_before_any_pixel_is_read(bench: Bench) -> None:
    (bench.photos / "0.png").write_bytes(b"broken")
    assert with_plugin(bench, Blocks("instruction", Verdict.block("no"))).run("x") == ["blocked"] * 6


@pytest.mark.parametrize("hook", ["instruction", "source", "review"])
def test_a_flag_at_any_stage_writes_and_marks(bench: Bench, hook: str) -> None:
    bench = with_plugin(bench, Blocks(hook, Verdict.flag("odd")))
    assert bench.run("x") == ["flagged"] * 6
    assert len(bench.written()) == 6
    assert "odd" in str(bench.recorder.outcomes[0].reason)


THRESHOLD, EPS = 0.8, 1e-6


class Scores(Blocks):
    """A stub that scores, and blocks from a threshold on: what `nsfw` does, without a model."""

    def __init__(self, hook: str, score: float) -> None:
        block = Verdict.block(f"scores {score}", {hook: score})
        super().__init__(hook, block if score >= THRESHOLD else Verdict.allow({hook: score}))


@pytest.mark.parametrize("hook", ["source", "review"])
@pytest.mark.parametrize(
    ("score", "status"), [(THRESHOLD - EPS, "done"), (THRESHOLD, "blocked"), (THRESHOLD + EPS, "blocked")]
)
def test_on_either_side_of_a_threshold(bench: Bench, hook: str, score: float, status: str) -> None:
    bench = with_plugin(bench, Scores(hook, score))
    assert bench.run("x") == [status] * 6
    assert len(bench.written()) == (6 if status == "done" else 0)
    assert bench.exit_code == (0 if status == "done" else 1)
    assert all(outcome.scores == {f"check.{hook}": score} for outcome in bench.recorder.outcomes)
    event = item_event(bench.recorder.outcomes[0])
    assert event["scores"] == {f"check.{hook}": round(score, 6)}
    with Journal(bench.out, "another run") as journal:
        entry = journal.entry(bench.out / "0.png")
    assert entry is not None
    assert (entry.state, entry.reason) == (status, f"check: scores {score}" if status == "blocked" else None)


class Raises(Blocks):
    def _answer(self, hook: str) -> Verdict | None:
        if hook == self.hook:
            raise RuntimeError("the model fell over")
        return None


class Stalls(Blocks):
    """Never answers on one hook (until the test lets it go)."""

    def __init__(self, hook: str) -> None:
        super().__init__(hook, Verdict.allow())
        self.go = threading.Event()

    def _answer(self, hook: str) -> Verdict | None:
        if hook == self.hook:
            self.go.wait(60)
        return super()._answer(hook)


@pytest.mark.parametrize("hook", ["instruction", "source", "review"])
def test_a_check_that_crashes_lets_nothing_through(bench: Bench, hook: str) -> None:
    bench = with_plugin(bench, Raises(hook, Verdict.allow()))
    assert bench.run("x") == ["blocked"] * 6
    assert bench.written() == []
    assert bench.exit_code == 1
    assert "check: the check crashed" in str(bench.recorder.outcomes[0].reason)


@pytest.mark.parametrize("hook", ["instruction", "source", "review"])
def test_a_check_that_hangs_lets_nothing_through_and_holds_nothing_up(bench: Bench, hook: str) -> None:
    stuck = Stalls(hook)
    bench = with_plugin(bench, stuck)
    bench.check_seconds = 0.2
    assert bench.run("x") == ["blocked"] * 6
    assert bench.written() == []
    assert bench.exit_code == 1
    assert "check: the check hangs" in str(bench.recorder.outcomes[0].reason)
    stuck.go.set()


def test_what_hung_is_tried_again_by_the_next_run(bench: Bench) -> None:
    stuck = Stalls("source")
    bench = with_plugin(bench, stuck)
    bench.check_seconds = 0.2
    bench.run("x")
    stuck.go.set()
    bench.check_seconds = 60
    assert bench.run("x") == ["done"] * 6


class Reviewer:
    """Asks for higher image guidance, `enough` times; looks at the photos that are 20 wide only."""

    def __init__(self, enough: float, steps: int | None = None) -> None:
        self.enough, self.tries = enough, 0
        self.steps = steps  # None: sets the last one only
        self.befores: set[bytes] = set()

    @hookimpl
    def ip2p_review_result(self, job: EditJob, before: Image.Image) -> Verdict:
        if before.width != 20:
            return Verdict.allow()
        self.tries += 1
        self.befores.add(before.tobytes())
        if self.tries >= self.enough:
            return Verdict.allow()
        scale = float(self.tries)
        if self.steps is None:
            return Verdict.retry(StepSettings(image_guidance=scale), "too far")
        each = [StepSettings(image_guidance=scale + 10 * step) for step in range(self.steps)]
        return Verdict.retry(each, "too far")


def chain_with_scales(*scales: float) -> Chains:
    return Chains((tuple(Step("x", StepSettings(image_guidance=scale)) for scale in scales),))


@pytest.mark.parametrize(
    ("steps", "asked"),
    [(None, [[1.5, 1.7], [1.5, 1.0], [1.5, 2.0]]), (2, [[1.5, 1.7], [1.0, 11.0], [2.0, 12.0]])],
)
def test_a_retry_starts_again_from_the_photo_and_sets_the_last_step_or_each(
    bench: Bench, steps: int | None, asked: list[list[float]]
) -> None:
    reviewer = Reviewer(enough=3, steps=steps)
    bench = with_plugin(bench, reviewer)
    assert bench.run(plans=bench.plans(chain_with_scales(1.5, 1.7))) == ["done"] * 6
    of_that = [call[0] for call in bench.editor.calls if call[0].image.width == 20]
    assert [request.step_index for request in of_that] == [0, 1] * 3
    assert [request.image_guidance for request in of_that] == [scale for one in asked for scale in one]
    assert of_that[2].image.tobytes() == gradient(20, 15).tobytes()
    assert reviewer.befores == {gradient(20, 15).tobytes()}
    outcome = bench.recorder.outcomes[0]
    assert [settings.image_guidance for settings in outcome.settings] == asked[-1]
    event = item_event(outcome)
    assert [each["image_guidance"] for each in event["settings"]] == asked[-1]  # type: ignore[attr-defined]
    assert [[each["image_guidance"] for each in one["chain"]] for one in event["tries"]] == asked  # type: ignore[attr-defined]
    written = find_provenance((bench.out / "0.png").read_bytes())
    assert written is not None
    assert [step.settings.image_guidance for step in written.steps] == asked[-1]


def test_a_retry_for_another_number_of_steps_blocks(bench: Bench) -> None:
    bench = with_plugin(bench, Reviewer(enough=3, steps=3))
    assert bench.run("x", "y") == ["blocked"] + ["done"] * 5
    assert "the check set 3 steps of a chain of 2" in str(bench.recorder.outcomes[0].reason)


def test_a_run_that_is_to_stop_gives_up_photos_whose_tries_are_not_over(bench: Bench) -> None:
    reviewer = Reviewer(enough=3)
    bench = with_plugin(bench, reviewer)
    bench.stop = lambda: reviewer.tries > 0  # it comes in the first batch
    assert bench.run("x") == ["done"] * 3
    assert reviewer.tries == 1
    assert bench.written() == ["1.png", "2.png", "3.png"]
    bench.stop = lambda: False
    assert bench.run("x") == ["done"] + ["skipped"] * 3 + ["done"] * 2
    assert [outcome.tries for outcome in bench.recorder.outcomes].count(()) == 5


def test_retries_are_bounded_and_end_flagged(bench: Bench) -> None:
    reviewer = Reviewer(enough=1000)
    bench = with_plugin(bench, reviewer)
    assert bench.run("x") == ["flagged"] + ["done"] * 5
    assert reviewer.tries == DEFAULT_TRIES
    assert f"{DEFAULT_TRIES} tries: check: too far" in str(bench.recorder.outcomes[0].reason)


class Misses:
    """Never content; says how far off each try is, and with which scale to go on."""

    def __init__(self, misses: list[float | None], last: Verdict | None = None) -> None:
        self.misses, self.last = misses, last

    @hookimpl
    def ip2p_review_result(self, tries: list[Try]) -> Verdict:
        done = len(tries)
        if done == len(self.misses) - 1 and self.last is not None:
            return self.last
        return Verdict.retry(StepSettings(image_guidance=float(done + 2)), f"miss {done}", miss=self.misses[done])


class Fails(FakeEditor):
    """Every try moves the pixels on; one image guidance gives no picture."""

    def __init__(self, at: float | None = None) -> None:
        super().__init__()
        self.at = at

    def _edit(self, request: EditRequest, full_resolution: bool) -> EditResult | NonFiniteResult:
        if self.at is not None and request.image_guidance == self.at:
            return NonFiniteResult("the network gave NaN")
        scale = round(request.image_guidance or 1.0)
        return replace(super()._edit(request, full_resolution), image=shifted(request.image, scale))  # type: ignore


def run_misses(
    bench: Bench, misses: list[float | None], fails: float | None = None, last: Verdict | None = None
) -> tuple[Bench, list[int]]:
    """The bench, and which try of each photo was written."""
    bench = Bench(bench.photos.parent, Fails(fails), check=Misses(misses, last))
    change = parse_band("normal", "--change", len(misses))
    assert bench.run(plans=bench.plans(Chains(((Step("x"),),), change=change))) == ["flagged"] * 6
    written = [Image.open(bench.out / f"{n}.png").getpixel((0, 0))[0] for n in range(6)]  # type: ignore[index]
    first = [Image.open(bench.photos / f"{n}.png").getpixel((0, 0))[0] for n in range(6)]  # type: ignore[index]
    return bench, [after - before - 1 for after, before in zip(written, first, strict=True)]


@pytest.mark.parametrize(
    ("misses", "nearest"),
    [([0.3, 0.1, 0.2, 0.4], 1), ([0.1, 0.2, 0.3], 0), ([None, None, None], 2), ([0.2, None], 0), ([None, 0.2], 1)],
)
def test_of_tries_that_run_out_the_nearest_is_written_and_flagged(
    bench: Bench, misses: list[float | None], nearest: int
) -> None:
    bench, written = run_misses(bench, misses)
    assert written == [nearest] * 6
    outcome = bench.recorder.outcomes[0]
    assert outcome.reason == f"still not as wanted after {len(misses)} tries: check: miss {nearest}"
    assert len(outcome.tries) == len(misses)


def test_a_later_try_that_fails_takes_no_picture_away(bench: Bench) -> None:
    bench, written = run_misses(bench, [0.3, 0.1, 0.2, 0.2], fails=4.0)
    assert written == [1] * 6
    assert "after 3 tries (another failed: the network gave NaN): check: miss 1" in str(
        bench.recorder.outcomes[0].reason
    )


@pytest.mark.parametrize(("miss", "written_try"), [(0.4, 1), (0.05, 2), (None, 2)])
def test_a_search_that_gives_up_leaves_the_nearest_try(bench: Bench, miss: float | None, written_try: int) -> None:
    _, written = run_misses(bench, [0.3, 0.1, None], last=Verdict.flag("no farther", miss=miss))
    assert written == [written_try] * 6


def test_a_block_of_a_later_try_writes_nothing(bench: Bench) -> None:
    bench = with_plugin(bench, Misses([0.1, None], Verdict.block("bad")))
    assert bench.run("x") == ["blocked"] * 6
    assert bench.written() == []


class LeftHalf:
    @hookimpl
    def ip2p_make_mask(self, image: Image.Image) -> Image.Image:
        mask = Image.new("L", image.size, 0)
        mask.paste(255, (0, 0, image.width // 2, image.height))
        return mask


def test_outside_a_mask_pixels_are_bit_identical(bench: Bench) -> None:
    with_plugin(bench, LeftHalf()).run("x", "longer")
    before, after = gradient(20, 15), Image.open(bench.out / "0.png")
    right, left = (10, 0, 20, 15), (0, 0, 10, 15)
    assert after.crop(right).tobytes() == before.crop(right).tobytes()
    assert after.crop(left).tobytes() == shifted(before, 47 + 82).crop(left).tobytes()


class Crashes:
    @hookimpl
    def ip2p_make_mask(self) -> None:
        raise ValueError("no mask here")


def test_a_plugin_that_makes_no_mask_fails_the_items(bench: Bench) -> None:
    bench = with_plugin(bench, Crashes())
    assert bench.run("x") == ["failed"] * 6
    assert "'check' could not make a mask" in str(bench.recorder.outcomes[0].reason)


class NoImage:
    @hookimpl
    def ip2p_make_mask(self) -> object:
        return [[0, 255]]


def test_a_mask_that_is_no_image_fails_the_items(bench: Bench) -> None:
    bench = with_plugin(bench, NoImage())
    assert bench.run("x") == ["failed"] * 6
    assert "'check' gave a list for a mask" in str(bench.recorder.outcomes[0].reason)


class MasksSome(FakeEditor):
    """Gives a mask where it is asked to edit "here"."""

    def _edit(self, request: EditRequest, full_resolution: bool) -> EditResult | NonFiniteResult:
        made = super()._edit(request, full_resolution)
        mask = Image.new("L", request.image.size, 9) if request.instruction == "here" else None
        return replace(made, mask=mask) if isinstance(made, EditResult) else made


@pytest.mark.parametrize("words", [("here", "x"), ("x", "here"), ("x", "here", "here")])
def test_after_a_step_without_a_mask_the_photo_may_differ_anywhere(bench: Bench, words: tuple[str, ...]) -> None:
    bench = Bench(bench.photos.parent, MasksSome())
    seen = bench.photos.parent / "seen"
    assert bench.run(*words, mask_folder=seen) == ["done"] * 6
    assert not seen.exists()
