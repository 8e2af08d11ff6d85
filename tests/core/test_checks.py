"""Checks: all verdicts are collected, the strictest wins, a crash blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pluggy
import pytest
from PIL import Image

from ip2p_cli import hookspecs
from ip2p_cli.checks import Checks, require_checks, strictest
from ip2p_cli.errors import ItemError, RecipeError
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
