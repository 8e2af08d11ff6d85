"""What every check must do, of instructions, of photos or of results, whichever plugin it comes from.

`examine` asks one plugin (a module or object of hook implementations) everything, twice, as a run would: through the
hooks, so that it may take as few of their arguments as it likes. What it does not implement is not asked. The CHECKS
judge what came of it; `check_plugin` does all of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from ip2p_cli.plugin_manager import PluginManager, each_call
from ip2p_cli.types import EditJob, Severity, Source, Step, StepSettings, Verdict
from tests.photos import gradient

INSTRUCTIONS = (
    "make it night",
    "zoom in on the face",
    "Füge Schnee hinzu 🌨",
    "x",
    "remove the watermark" + " and the wires" * 700,
    "(a+)+$ [\\",
    "\N{RIGHT-TO-LEFT OVERRIDE}thgin\N{ZERO WIDTH SPACE} ti ekam",
)
IMAGES: Mapping[str, Callable[[], Image.Image]] = {  # drawn when they are needed, and once
    "8 x 8": lambda: gradient(8, 8),
    "one pixel": lambda: gradient(1, 1),
    "a strip": lambda: gradient(1500, 3),
    "a column": lambda: gradient(3, 1500),
    "large": lambda: gradient(2400, 1600),
    "odd": lambda: gradient(641, 479),
    "grey": lambda: gradient(64, 48, "L").convert("RGB"),
    "black": lambda: Image.new("RGB", (64, 48)),
    "white": lambda: Image.new("RGB", (64, 48), "white"),
}
Check = Callable[[Sequence["Asked"]], None]
CHANGE = {"pixels": 0.1, "structure": 0.2}


def job(instruction: str = "make it night") -> EditJob:
    """A job like those of a run."""
    source = Source(Path("photos/a.jpg"), PurePosixPath("a.jpg"))
    return EditJob(source, Path("edited/a.jpg"), (Step(instruction, StepSettings(steps=8)),), seed=3)


@dataclass(frozen=True)
class Asked:
    """One question put to a plugin, its answer, that to the same one later, and whether the images are as before."""

    hook: str
    about: str
    answer: Any
    again: Any
    untouched: bool


def examine(plugin: object, name: str = "check") -> list[Asked]:
    """Ask everything, and then everything once more."""
    manager = PluginManager()
    manager.register(plugin, name)
    hooks = {caller.name for caller in manager.get_hookcallers(plugin) or []}
    questions = [question for question in _questions() if question[0] in hooks]
    first, second = ([_ask(manager, *question) for question in questions] for _ in range(2))
    return [
        Asked(hook, about, answer, again, same and same_again)
        for (hook, about, _), (answer, same), (again, same_again) in zip(questions, first, second, strict=True)
    ]


def check_plugin(plugin: object) -> None:
    """Every part of the contract."""
    asked = examine(plugin)
    for check in CHECKS:
        check(asked)


def check_verdicts(asked: Sequence[Asked]) -> None:
    """A Verdict or None; one line of reason wherever it is not `allow`; a retry only of a review, with settings."""
    for each in asked:
        answer = each.answer
        assert answer is None or isinstance(answer, Verdict), each
        if answer is None:
            continue
        assert answer.reason.strip() or answer.severity is Severity.ALLOW, each
        assert "\n" not in answer.reason, each
        if answer.severity is Severity.RETRY:
            assert each.hook == "ip2p_review_result", each
            assert answer.settings is not None, each


def check_scores(asked: Sequence[Asked]) -> None:
    """Scores are finite numbers under names."""
    for each in asked:
        for name, score in (each.answer.scores if isinstance(each.answer, Verdict) else {}).items():
            assert isinstance(name, str), each
            assert math.isfinite(float(score)), each


def check_leaves_images_alone(asked: Sequence[Asked]) -> None:
    """What it looks at is the same afterwards, to the byte."""
    assert [each for each in asked if not each.untouched] == []


def check_deterministic(asked: Sequence[Asked]) -> None:
    """The same question has the same answer, also after others were asked in between."""
    assert [each for each in asked if each.answer != each.again] == []


CHECKS: tuple[Check, ...] = (
    check_verdicts,
    check_scores,
    check_leaves_images_alone,
    check_deterministic,
)


@functools.cache
def _drawn(name: str) -> Image.Image:
    return IMAGES[name]()


def _questions() -> list[tuple[str, str, dict[str, Any]]]:
    """(hook, what it is about, arguments) of each."""
    made: list[tuple[str, str, dict[str, Any]]] = []
    for text in INSTRUCTIONS:
        made.append(("ip2p_check_instruction", text, {"job": (asked := job(text)), "step": asked.steps[0]}))
    for name in IMAGES:
        made.append(("ip2p_check_source", name, {"job": job(), "image": _drawn(name)}))
        made.append(("ip2p_review_result", name, {"job": job(), **_pair(_drawn(name), _drawn(name))}))
    gone = _pair(_drawn("odd"), Image.new("RGB", _drawn("odd").size))
    return [*made, ("ip2p_review_result", "gone black", {"job": job(), **gone})]


def _pair(before: Image.Image, after: Image.Image) -> dict[str, Any]:
    settings = StepSettings(8, 7.5, 1.5, "ddim")
    made = {"change": dict(CHANGE), "settings": settings, "chain": (settings,), "tries": ()}
    return {"before": before, "after": after, **made}


def _ask(manager: PluginManager, hook: str, about: str, arguments: Mapping[str, Any]) -> tuple[Any, bool]:
    """The answer, and whether the images are what they were."""
    given = {name: value.copy() if isinstance(value, Image.Image) else value for name, value in arguments.items()}
    answer = next((call() for _, call in each_call(manager, hook, **given)), None)
    images = [(value, given[name]) for name, value in arguments.items() if isinstance(value, Image.Image)]
    return answer, all(old.size == new.size and old.tobytes() == new.tobytes() for old, new in images)
