"""Checks: all verdicts are collected, the strictest wins, a crash blocks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pluggy
import pytest
from PIL import Image

from ip2p_cli import hookspecs
from ip2p_cli.checks import Checks, require_checks, strictest
from ip2p_cli.errors import ItemError, MissingExtra, RecipeError, UsageError
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.types import EditJob, Severity, Source, Step, StepSettings, Verdict

PHOTO = Image.new("RGB", (4, 4))


def job(*instructions: str) -> EditJob:
    return EditJob(Source(Path("a.jpg"), PurePosixPath("a.jpg")), Path("o.jpg"), tuple(map(Step, instructions)))


class SourceCheck:
    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    @hookimpl
    def ip2p_check_source(self, job: EditJob, image: Image.Image) -> Any:
        return self.answer()


class InstructionCheck:
    def __init__(self) -> None:
        self.asked: list[str] = []

    @hookimpl
    def ip2p_check_instruction(self, step: Step) -> Verdict | None:
        self.asked.append(step.instruction)
        return Verdict.block("rude") if "rude" in step.instruction else None


class Mask:
    def __init__(self, mask: Image.Image | None) -> None:
        self.mask = mask

    @hookimpl
    def ip2p_make_mask(self) -> Image.Image | None:
        return self.mask


def manager(**plugins: object) -> pluggy.PluginManager:
    made = pluggy.PluginManager(hookspecs.PROJECT)
    made.add_hookspecs(hookspecs)
    for name, plugin in plugins.items():
        made.register(plugin, name)
    return made


def crash() -> Verdict:
    raise ValueError("no model here")


def test_without_plugins_all_is_allowed() -> None:
    checks = Checks(manager())
    assert checks.source(job("x"), PHOTO) == Verdict.allow()
    assert checks.instructions(job("x")) == Verdict.allow()
    assert checks.mask(job("x"), PHOTO) is None


def test_the_strictest_verdict_wins_whatever_the_order() -> None:
    mild, hard = Verdict.flag("odd", {"x": 0.5}), Verdict.block("bad", {"y": 0.9})
    for first, second in ((mild, hard), (hard, mild)):
        verdict = strictest([("a", first), ("b", second)])
        assert verdict.severity is Severity.BLOCK
        assert verdict.reason in ("a: bad", "b: bad")
        assert len(verdict.scores) == 2


def test_reasons_of_equal_verdicts_are_all_given() -> None:
    verdict = strictest([("a", Verdict.flag("one")), ("b", Verdict.flag("two"))])
    assert verdict.reason == "a: one; b: two"


def test_a_retry_outweighs_a_flag_and_keeps_its_settings() -> None:
    wanted = StepSettings(image_guidance=2.0)
    verdict = strictest([("a", Verdict.flag("odd")), ("b", Verdict.retry(wanted, "more"))])
    assert (verdict.severity, verdict.settings) == (Severity.RETRY, wanted)


def test_flags_are_told_beside_a_retry_but_not_beside_a_block() -> None:
    flag, retry = ("a", Verdict.flag("odd")), ("b", Verdict.retry(StepSettings(), "more", miss=0.2))
    assert strictest([flag, retry]).reason == "b: more; a: odd"
    assert strictest([flag, retry]).miss == 0.2
    assert strictest([flag, retry, ("c", Verdict.block("bad"))]).reason == "c: bad"


@pytest.mark.parametrize(
    "answer", [crash, lambda: True, lambda: "fine", lambda: Verdict.retry(StepSettings(), "again")]
)
def test_a_check_that_crashes_or_talks_nonsense_blocks(answer: Callable[[], Any]) -> None:
    verdict = Checks(manager(good=SourceCheck(Verdict.allow), bad=SourceCheck(answer))).source(job("x"), PHOTO)
    assert verdict.severity is Severity.BLOCK
    assert verdict.reason.startswith("bad: ")
    assert "blocks" in verdict.reason


def test_each_distinct_instruction_is_asked_about_once() -> None:
    check = InstructionCheck()
    checks = Checks(manager(check=check))
    for _ in range(3):
        assert checks.instructions(job("add snow", "be rude", "add snow")).severity is Severity.BLOCK
    assert check.asked == ["add snow", "be rude"]
    assert "'be rude'" in checks.instructions(job("be rude")).reason


class Hangs:
    """Answers one of the hooks only when it is let go."""

    def __init__(self, hook: str) -> None:
        self.hook, self.go = hook, threading.Event()

    def _answer(self, hook: str) -> None:
        if hook == self.hook:
            self.go.wait(60)

    @hookimpl
    def ip2p_check_instruction(self) -> None:
        self._answer("instruction")

    @hookimpl
    def ip2p_check_source(self) -> None:
        self._answer("source")

    @hookimpl
    def ip2p_review_result(self) -> None:
        self._answer("review")

    @hookimpl
    def ip2p_make_mask(self) -> None:
        self._answer("mask")


def ask(checks: Checks, hook: str) -> Verdict:
    if hook == "instruction":
        return checks.instructions(job("x"))
    if hook == "source":
        return checks.source(job("x"), PHOTO)
    return checks.review(job("x"), PHOTO, PHOTO, {})


@pytest.mark.parametrize("hook", ["instruction", "source", "review"])
def test_a_check_that_hangs_blocks_and_is_named(hook: str) -> None:
    hanging = Hangs(hook)
    checks = Checks(manager(good=SourceCheck(Verdict.allow), stuck=hanging), 0.05)
    verdict = ask(checks, hook)
    assert verdict.severity is Severity.BLOCK
    assert "stuck: the check hangs, and so blocks (no answer within 0.05 s" in verdict.reason
    others = {"instruction", "source", "review"} - {hook}
    assert all("still busy" in ask(checks, other).reason for other in others), (
        "nothing of it is trusted until it is back"
    )
    hanging.go.set()


def test_a_mask_that_hangs_fails_the_item() -> None:
    hanging = Hangs("mask")
    with pytest.raises(ItemError, match="'stuck' hangs over a mask"):
        Checks(manager(stuck=hanging), 0.05).mask(job("x"), PHOTO)
    hanging.go.set()


@pytest.mark.parametrize("score", [math.nan, math.inf, "high", None])
def test_a_score_that_is_no_number_blocks(score: Any) -> None:
    verdict = Checks(manager(bad=SourceCheck(lambda: Verdict.allow({"x": score})))).source(job("x"), PHOTO)
    assert verdict.severity is Severity.BLOCK
    assert verdict.reason.startswith("bad: the check")
    assert verdict.scores == {}


class Prepared(SourceCheck):
    def __init__(self, problem: Exception | None = None) -> None:
        super().__init__(Verdict.allow)
        self.problem, self.prepared = problem, 0

    @hookimpl
    def ip2p_prepare_check(self) -> None:
        self.prepared += 1
        if self.problem is not None:
            raise self.problem


def test_a_required_check_is_prepared_and_no_other() -> None:
    wanted, other = Prepared(), Prepared(ValueError("never asked"))
    require_checks(manager(wanted=wanted, other=other, plain=SourceCheck(Verdict.allow)), ["wanted", "plain", "wanted"])
    assert (wanted.prepared, other.prepared) == (1, 0)


@pytest.mark.parametrize(
    ("problem", "raised", "says"),
    [
        (MissingExtra("the check 'nsfw'", "safety"), MissingExtra, r"pip install 'ip2p\[safety\]'"),
        (OSError("no such file"), UsageError, "check 'nsfw' is required, and cannot work .*no such file"),
    ],
)
def test_a_required_check_that_cannot_work_ends_the_run(problem: Exception, raised: type[Exception], says: str) -> None:
    with pytest.raises(raised, match=says):
        require_checks(manager(nsfw=Prepared(problem)), ["nsfw"])


def test_required_checks() -> None:
    found = manager(nsfw=SourceCheck(Verdict.allow), mask=Mask(None))
    require_checks(found, ["nsfw"])
    with pytest.raises(RecipeError, match="did you mean 'nsfw'"):
        require_checks(found, ["nfsw"])
    with pytest.raises(RecipeError, match="'mask'"):
        require_checks(found, ["mask"])  # it is installed, but checks nothing


def test_of_several_masks_only_what_all_allow_may_change() -> None:
    left, top = Image.new("L", (4, 4)), Image.new("L", (4, 4))
    left.paste(255, (0, 0, 2, 4))
    top.paste(255, (0, 0, 4, 2))
    mask = Checks(manager(a=Mask(left), b=Mask(None), c=Mask(top))).mask(job("x"), PHOTO)
    assert mask is not None
    assert mask.getbbox() == (0, 0, 2, 2)


@pytest.mark.parametrize("mask", [Image.new("L", (3, 4)), Image.new("RGB", (4, 4))])
def test_a_mask_that_does_not_fit_fails_the_item(mask: Image.Image) -> None:
    with pytest.raises(ItemError, match="'a' made a mask"):
        Checks(manager(a=Mask(mask))).mask(job("x"), PHOTO)
