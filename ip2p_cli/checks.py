"""The checks of all plugins: every verdict is collected, the strictest wins; one that crashes or hangs blocks."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pluggy

from ip2p_cli.errors import Ip2pError, ItemError, RecipeError, UsageError
from ip2p_cli.plugin_manager import each_call
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.time_limit import LIMIT, NoAnswer, TimeLimit
from ip2p_cli.types import EditJob, Severity, Source, Step, StepSettings, Try, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

CHECK_HOOKS = ("ip2p_check_instruction", "ip2p_check_source", "ip2p_review_result")


def strictest(verdicts: Iterable[tuple[str, Verdict]]) -> Verdict:
    """One verdict of many: the greatest severity, with the reasons of all that reach it and the scores of all.

    Flags are told beside a retry, too: it may be the last, and what is flagged is written then.
    """
    given = list(verdicts)
    if not given:
        return Verdict.allow()
    severity = max(verdict.severity for _, verdict in given)
    deciding = [(plugin, verdict) for plugin, verdict in given if verdict.severity == severity]
    flags = [one for one in given if severity is Severity.RETRY and one[1].severity is Severity.FLAG]
    return Verdict(
        severity,
        "; ".join(f"{plugin}: {verdict.reason}" for plugin, verdict in [*deciding, *flags] if verdict.reason),
        {f"{plugin}.{name}": score for plugin, verdict in given for name, score in verdict.scores.items()},
        next((verdict.settings for _, verdict in deciding if verdict.settings is not None), None),
        max((verdict.miss for _, verdict in given if verdict.miss is not None), default=None),
    )


def highest(scores: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Of several frames or stages, the highest score of each name."""
    top: dict[str, float] = {}
    for each in scores:
        for name, value in each.items():
            top[name] = max(value, top.get(name, value))
    return top


def text_check(manager: pluggy.PluginManager, seconds: float = LIMIT) -> Callable[[str], Verdict]:
    """text -> the verdict of all plugins' instruction checks on it, for texts that no photo belongs to yet."""
    checks = Checks(manager, seconds)
    source = Source(None, PurePosixPath("-"))
    return lambda text: checks.instructions(EditJob(source, None, (Step(text),)))


def require_checks(manager: pluggy.PluginManager, required: Iterable[str]) -> None:
    """See that the checks that a recipe or the user requires are installed, switched on and able to work.

    Raises:
        RecipeError: one is not installed, or is switched off.
        MissingExtra, ModelError: one lacks an extra or its weights; whatever its `ip2p_prepare_check` raises.
    """
    installed = {plugin for hook in CHECK_HOOKS for plugin, _ in _implementers(manager, hook)}
    names = set(required)
    for name in sorted(names):
        if name not in installed:
            raise RecipeError(f"the check {name!r} is required, and not installed; {did_you_mean(name, installed)}")
    for plugin, prepare in each_call(manager, "ip2p_prepare_check"):
        if plugin in names:
            _prepare(plugin, prepare)


def _prepare(plugin: str, prepare: Callable[[], None]) -> None:
    try:
        prepare()
    except Ip2pError:
        raise
    except Exception as problem:
        raise UsageError(
            f"the check {plugin!r} is required, and cannot work ({type(problem).__name__}: {problem})"
        ) from problem


def _implementers(manager: pluggy.PluginManager, hook: str) -> Iterator[tuple[str, object]]:
    for impl in getattr(manager.hook, hook).get_hookimpls():
        yield impl.plugin_name, impl.plugin


class Checks:
    """Asks the plugins. Their code may not be ready for threads, so it is called by one thread at a time.

    Each has `seconds` to answer in; one that is late blocks.
    """

    def __init__(self, manager: pluggy.PluginManager, seconds: float = LIMIT) -> None:
        self._manager = manager
        self._time = TimeLimit(seconds)
        self._lock = threading.Lock()
        self._instructions: dict[str, Verdict] = {}

    def instructions(self, job: EditJob) -> Verdict:
        """The verdict on a job's instructions; each distinct one is asked about once."""
        return strictest(
            (f"{step.instruction!r}", verdict) for step in job.steps if (verdict := self._of(job, step)).severity
        )

    def _of(self, job: EditJob, step: Step) -> Verdict:
        with self._lock:
            if step.instruction not in self._instructions:
                verdict = strictest(self._verdicts("ip2p_check_instruction", job=job, step=step))
                self._instructions[step.instruction] = verdict
            return self._instructions[step.instruction]

    def source(self, job: EditJob, image: Image) -> Verdict:
        """The verdict on a decoded photo."""
        with self._lock:
            return strictest(self._verdicts("ip2p_check_source", job=job, image=image))

    def review(
        self,
        job: EditJob,
        before: Image,
        after: Image,
        change: Mapping[str, float],
        chain: Sequence[StepSettings] = (StepSettings(),),
        tries: Sequence[Try] = (),
    ) -> Verdict:
        """The verdict on a result; it may ask for a retry with other settings. `chain` are those of each step."""
        seen = {"job": job, "before": before, "after": after, "change": change, "tries": tries}
        with self._lock:
            return strictest(self._verdicts("ip2p_review_result", **seen, settings=chain[-1], chain=chain))

    def _verdicts(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Verdict]]:
        for plugin, call in each_call(self._manager, hook, **arguments):
            try:
                verdict = _sound(self._time.call(plugin, call), len(arguments.get("chain", ())))
            except NoAnswer as problem:
                verdict = Verdict.block(f"the check hangs, and so blocks ({problem})")
            except Exception as problem:
                verdict = Verdict.block(f"the check crashed, and so blocks ({type(problem).__name__}: {problem})")
            if verdict is not None:
                yield plugin, verdict

    @property
    def make_masks(self) -> bool:
        """Whether any plugin makes masks."""
        return any(True for _ in _implementers(self._manager, "ip2p_make_mask"))

    def mask(self, job: EditJob, image: Image) -> Image | None:
        """Where a photo may change (mode L): only where every plugin with an opinion lets it.

        Raises:
            ItemError: a plugin failed, or its mask does not fit the photo.
        """
        from PIL import ImageChops

        together: Image | None = None
        with self._lock:
            for plugin, call in each_call(self._manager, "ip2p_make_mask", job=job, image=image):
                mask = _mask_of(plugin, functools.partial(self._time.call, plugin, call), image)
                if mask is not None:
                    together = mask if together is None else ImageChops.darker(together, mask)
        return together


def _mask_of(plugin: str, call: Callable[[], Image | None], image: Image) -> Image | None:
    try:
        mask = call()
    except NoAnswer as problem:
        raise ItemError(f"plugin {plugin!r} hangs over a mask ({problem})") from problem
    except Exception as problem:
        raise ItemError(f"plugin {plugin!r} could not make a mask ({type(problem).__name__}: {problem})") from problem
    if mask is not None and not (hasattr(mask, "mode") and hasattr(mask, "size")):
        raise ItemError(f"plugin {plugin!r} gave a {type(mask).__name__} for a mask; it must be a PIL image or None")
    if mask is not None and (mask.mode != "L" or mask.size != image.size):
        raise ItemError(
            f"plugin {plugin!r} made a mask of mode {mask.mode} and size {mask.size}; it must be L, {image.size}"
        )
    return mask


def _sound(verdict: object, steps: int) -> Verdict | None:
    """`steps` is the number of those that a retry can set: none, but of a result."""
    if verdict is None:
        return None
    if not isinstance(verdict, Verdict):
        return Verdict.block(f"the check gave {verdict!r}, which is no verdict, and so blocks")
    unsound = [name for name, score in verdict.scores.items() if not math.isfinite(float(score))]
    if unsound:  # NaN is neither above nor below a threshold
        return Verdict.block(f"the check gave no number for {unsound[0]!r}, and so blocks")
    if verdict.miss is not None and not math.isfinite(verdict.miss):
        return Verdict.block("the check gave no number for how far off it is, and so blocks")
    if verdict.severity is Severity.RETRY and not steps:
        return Verdict.block(f"{verdict.reason}; only a review of a result can ask for a retry, and so this blocks")
    if isinstance(verdict.settings, tuple) and len(verdict.settings) != steps:
        return Verdict.block(f"the check set {len(verdict.settings)} steps of a chain of {steps}, and so blocks")
    return verdict
