"""What each check costs a photo: all its hooks on one photo and its edit, beside the edit itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from benchmarks.measuring import paired, ratios, timed
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting
from ip2p_cli.api import EditJob, EditRequest, EditResult, Source, Step, StepSettings, find_photos, load_editor
from ip2p_cli.plugin_manager import PluginManager, create_plugin_manager, each_call

PICTURES = ("ip2p_check_source", "ip2p_review_result")  # for every photo
WORDS = ("ip2p_check_instruction",)  # once an instruction, however many photos
EDIT = "the edit"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    photos: int  # edited together
    photo_size: tuple[int, int]
    repeats: int  # of each check in a round
    rounds: int


SIZES = {
    "quick": Scale(1, (384, 256), 1, 2),
    "normal": Scale(8, (1024, 768), 5, 9),
    "full": Scale(8, (1024, 768), 10, 15),
}


def run(setting: Setting, scale: Scale) -> Result:
    """Edit, then every check, in random order."""
    manager = create_plugin_manager()
    editor = load_editor(setting.model, device=setting.device, dtype=setting.dtype, plugins=manager)
    paths = find_photos(make_photos(setting.work / "photos", scale.photos, scale.photo_size))
    requests = [EditRequest(image=Image.open(path).convert("RGB"), instruction=INSTRUCTION) for path in paths]
    [edited, *_] = editor.edit(requests)
    checks = _checks(manager, requests[0].image, edited, scale.repeats)
    sides = {EDIT: lambda: editor.edit(requests), **checks}
    for side in checks.values():
        side()  # models of checks are loaded once a run
    found = paired({name: timed(side, setting.clock) for name, side in sides.items()}, scale.rounds)
    edit = [each / scale.photos for each in found[EDIT]]
    figures = [figure(f"{EDIT}, a photo", "ms", [1000 * each for each in edit])]
    for name in checks:
        figures += _figures(name, [each / scale.repeats for each in found[name]], edit)
    return Result(figures, found)


def _figures(name: str, check: list[float], edit: list[float]) -> list[Figure]:
    return [
        figure(name, "ms", [1000 * each for each in check]),
        figure(f"time, {name} / {EDIT}", "share", ratios(check, edit)),
    ]


def _checks(
    manager: PluginManager, photo: Image.Image, edited: EditResult, repeats: int
) -> dict[str, Callable[[], None]]:
    """All hooks of each plugin that checks anything."""
    step = Step(INSTRUCTION)
    job = EditJob(Source(None, PurePosixPath("photo.jpg")), None, (step,))
    used = StepSettings(edited.steps, edited.text_guidance, edited.image_guidance, edited.sampler)
    given = {"job": job, "step": step, "image": photo, "before": photo, "after": edited.image}
    given |= {"change": edited.change, "settings": used, "chain": (used,), "tries": ()}
    found: dict[str, list[Callable[[], Any]]] = {}
    for hooks, what in ((PICTURES, "a photo"), (WORDS, "an instruction")):
        for hook in hooks:
            for plugin, call in each_call(manager, hook, **given):
                found.setdefault(f"check {plugin}, {what}", []).append(call)
    return {name: _repeating(calls, repeats) for name, calls in found.items()}


def _repeating(calls: list[Callable[[], Any]], repeats: int) -> Callable[[], None]:
    def run_all() -> None:
        for _ in range(repeats):
            for call in calls:
                call()

    return run_all
