"""Every check, built in, installed beside, or shown in the documents, keeps the contract."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

import ip2p_wording
from ip2p_cli.checks import CHECK_HOOKS
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.plugin_manager import create_plugin_manager
from ip2p_cli.types import StepSettings, Verdict
from ip2p_safety import blank, nsfw, sd_safety
from tests.contracts import check_contract as contract
from tests.safety.conftest import make_checker

DOCS = Path(__file__).parents[2] / "docs" / "hooks"
BUILT_IN = {"wording": ip2p_wording, "nsfw": nsfw, "sd-safety": sd_safety, "blank": blank}


def example(hook: str) -> ModuleType:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / f"{hook}.md").read_text("utf-8"), re.DOTALL)
    made = ModuleType(hook)
    exec(code, vars(made))
    return made


def installed() -> dict[str, Any]:
    """Checks of plugins from elsewhere that happen to be installed: they are held to the same."""
    manager = create_plugin_manager()
    hooks = itertools.chain.from_iterable(getattr(manager.hook, hook).get_hookimpls() for hook in CHECK_HOOKS)
    return {each.plugin_name: each.plugin for each in hooks}


PLUGINS = {**installed(), **BUILT_IN, **{f"example {hook}": example(hook) for hook in CHECK_HOOKS}}


@pytest.fixture(scope="module", autouse=True)
def settings(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "deny.txt").write_text("watermark # not ours\n/\\bgore\\b/\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IP2P_DENY_LIST", str(folder / "deny.txt"))
        patch.setenv("IP2P_SD_SAFETY", str(make_checker(folder / "checker", threshold=0.3)))
        yield


@functools.cache
def examined(name: str) -> list[contract.Asked]:
    return contract.examine(PLUGINS[name], name)


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_contract(name: str, check: contract.Check) -> None:
    assert examined(name), "it checks nothing"
    check(examined(name))


def test_built_in_checks_are_installed() -> None:
    assert set(BUILT_IN) <= set(installed())


class Bad:
    """A check that breaks one rule."""

    def __init__(self, answer: Callable[[Image.Image], Any]) -> None:
        self.answer = answer

    @hookimpl
    def ip2p_check_source(self, image: Image.Image) -> Any:
        return self.answer(image)


def paints(image: Image.Image) -> Verdict:
    image.putpixel((0, 0), (1, 2, 3))
    return Verdict.allow()


TURN = itertools.count()
BAD: dict[str, tuple[Callable[[Image.Image], Any], contract.Check]] = {
    "no verdict": (lambda image: True, contract.check_verdicts),
    "no reason": (lambda image: Verdict.block(""), contract.check_verdicts),
    "a retry too early": (lambda image: Verdict.retry(StepSettings(), "again"), contract.check_verdicts),
    "NaN": (lambda image: Verdict.allow({"x": math.nan}), contract.check_scores),
    "paints": (paints, contract.check_leaves_images_alone),
    "moody": (lambda image: Verdict.allow({"x": float(next(TURN))}), contract.check_deterministic),
}


@pytest.mark.parametrize("name", BAD)
def test_contract_rejects(name: str) -> None:
    answer, check = BAD[name]
    asked = contract.examine(Bad(answer))
    with pytest.raises(AssertionError):
        check(asked)
