"""`--suite curve`: InstructPix2Pix's trade-off (arXiv 2211.09800, figure 8), of several checkpoints and of SDEdit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ip2p_cli.api import UsageError, find_model
from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import numbers
from ip2p_eval.curve.drawings import EditorDrawing, SDEditDrawing, load_sdedit
from ip2p_eval.curve.trace import MEASURES, Anchors, Drawing, Trace, encode_rows, trace, trace_figures
from ip2p_eval.encoders import Encoders, load_encoders, named_clip
from ip2p_eval.measured import Grid, Measured, Table
from ip2p_eval.plot import Line, Point
from ip2p_eval.rows import Row, read_rows
from ip2p_eval.shared import Shared

if TYPE_CHECKING:
    from ip2p_gen_data.clip_filter.model import ClipModel

IMAGE_GUIDANCE = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2)  # the paper's, with
TEXT_GUIDANCE = (7.5,)
SDEDIT_STEPS = 50
SHOWN = 5


@dataclass(frozen=True)
class SDEdit:
    """The baseline: loaded after the checkpoints, if it is asked for."""

    name: str
    strengths: tuple[float, ...]
    load: Callable[[], SDEditDrawing]


@dataclass(frozen=True)
class _Run:
    """One line of the plot."""

    name: str
    setting_name: str
    settings: tuple[float, ...]
    drawing: Drawing
    facts: dict[str, Any]


@dataclass(frozen=True)
class CurveSuite:
    """A line for each checkpoint and text guidance, a point for each image guidance; then SDEdit's line."""

    rows: Sequence[Row]
    encoders: Callable[[], Encoders]
    shared: Shared
    image_guidance: tuple[float, ...] = IMAGE_GUIDANCE
    text_guidance: tuple[float, ...] = TEXT_GUIDANCE
    steps: int | None = None
    seeds: int = 1  # edits of each row and setting
    sdedit: SDEdit | None = None

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Trace one line after the other."""
        encoders = self.encoders()
        assert encoders.clip is not None
        anchors = encode_rows(encoders.clip, self.rows)
        curves, lines, grids = [], [], []
        for run in self._runs(candidates):
            found = self._trace(run, anchors, encoders.clip)
            figures = trace_figures(found)
            curves.append({"model": run.name, **run.facts, "setting": run.setting_name, **figures})
            lines.append(_line(run, figures))
            grids.append(_grid(self.rows, run, found))
        named = {"rows": len(self.rows), "seeds": self.seeds, "encoders": encoders.ids, "curves": curves}
        return Measured(named, tuple(self._table(curve, encoders) for curve in curves), tuple(grids), tuple(lines))

    def _runs(self, candidates: Sequence[Candidate]) -> Iterator[_Run]:
        for candidate in candidates:
            editor = candidate.load()
            for scale in self.text_guidance:
                drawing = EditorDrawing(editor, scale, self.steps, self.shared.full_resolution)
                facts = {**facts_of(editor), "text_guidance": scale}
                name = candidate.name if len(self.text_guidance) == 1 else f"{candidate.name}, s_T {scale:g}"
                yield _Run(name, "image guidance", self.image_guidance, drawing, facts)
        if self.sdedit:
            name, strengths = f"SDEdit with {self.sdedit.name}", self.sdedit.strengths
            yield _Run(name, "strength", strengths, self.sdedit.load(), {"text_guidance": self.text_guidance[0]})

    def _trace(self, run: _Run, anchors: Anchors, clip: ClipModel) -> Trace:
        return trace(
            run.drawing,
            self.rows,
            anchors,
            clip,
            settings=run.settings,
            seeds=range(self.shared.seed, self.shared.seed + self.seeds),
            shown=SHOWN,
            label=run.name,
        )

    def _table(self, curve: dict[str, Any], encoders: Encoders) -> Table:
        header = (curve["setting"], "image similarity", "95 % interval", "direction similarity", "95 % interval")
        rows = tuple(
            (f"{setting:g}", *(text for name in MEASURES for text in _said(curve[name][place])))
            for place, setting in enumerate(curve["settings"])
        )
        ranks = ", ".join(f"{name.replace('_', ' ')} {_signed(curve[f'spearman_{name}'])}" for name in MEASURES)
        failed = [f"{curve['failed']} edits failed and are left out"] if curve["failed"] else []
        spearman = f"Spearman of {curve['setting']} and {ranks}; {len(self.rows)} rows"
        notes = (spearman, *failed, f"CLIP: {encoders.clip_id}", *encoders.limits)
        return Table(f"trade-off: {curve['model']}, s_T {curve['text_guidance']:g}", header, rows, notes)


def prepare(
    shared: Shared,
    data: Path,
    clip: str | None,
    image_guidance: str,
    text_guidance: str,
    steps: int | None,
    seeds: int,
    sdedit: str | None,
    strengths: str,
) -> CurveSuite:
    """The suite for a dataset; the settings are lists of numbers, as text.

    Raises:
        UsageError: a list that is none, no captions in the dataset, or no CLIP to compare by.
    """
    scales = numbers(text_guidance, "--text-guidance")
    chosen = named_clip(clip)
    if chosen is None:
        raise UsageError("the curve needs CLIP: name one by --clip; the paper's is openai/clip-vit-large-patch14")
    baseline = None
    if sdedit is not None:
        find_model(sdedit, offline=shared.offline)  # a wrong name is said now, not after the checkpoints' hours
        wishes: dict[str, Any] = {"steps": steps or SDEDIT_STEPS, "device": shared.device, "offline": shared.offline}
        load = partial(load_sdedit, sdedit, text_guidance=scales[0], **wishes)
        baseline = SDEdit(sdedit, numbers(strengths, "--strengths", most=1.0), load)
    encoders = partial(load_encoders, chosen, None, device=shared.device, offline=shared.offline)
    settings = numbers(image_guidance, "--image-guidance")
    return CurveSuite(read_rows(data, shared.limit), encoders, shared, settings, scales, steps, seeds, baseline)


def _said(point: dict[str, Any]) -> tuple[str, str]:
    if point["mean"] is None:
        return "–", "–"
    return f"{point['mean']:.4f}", f"{point['low']:.4f} to {point['high']:.4f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def _line(run: _Run, figures: dict[str, Any]) -> Line:
    points = [
        Point(
            setting, *(tuple(figures[name][place][key] for key in ("mean", "low", "high")) for name in MEASURES[::-1])
        )
        for place, setting in enumerate(run.settings)
        if figures["image_similarity"][place]["mean"] is not None
    ]
    return Line(run.name, run.setting_name, tuple(points))


def _grid(rows: Sequence[Row], run: _Run, found: Trace) -> Grid:
    """A row for each of the first pictures: before, then the outputs at each setting."""
    shown: list[tuple[tuple[str, Image.Image], ...]] = []
    for place, row in enumerate(rows[:SHOWN]):
        outputs = [
            (f"{setting:g}", samples[place]) for setting, samples in zip(found.settings, found.samples, strict=True)
        ]
        shown.append(((row.instruction, row.source), *((said, image) for said, image in outputs if image)))
    return Grid(
        f"{run.name}: before, then {run.setting_name} {run.settings[0]:g} to {run.settings[-1]:g}", tuple(shown)
    )
