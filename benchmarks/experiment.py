"""The paper's experiment in miniature, end to end on the drawn world: every stage is a command of ip2p.

    python -m benchmarks.experiment WORK [--captions 900] [--steps 600] [--scenes 200] [--output docs/experiment]

    captions -> language model -> Prompt-to-Prompt -> CLIP filter -> editor from the text-to-image model -> curve

Beside the editor of all pairs stand four others, trained alike: on a tenth of the captions, on the pairs unfiltered,
without conditioning dropout, and on pairs rendered perfectly, which is what data can at best do. Each command goes on
where it was stopped, so that the experiment does, too. It ends with the tables, and with the curves in one picture, as
docs/experiment/ has them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_eval.plot import Line, Point, draw_lines
from ip2p_gen_data.world.rendered import render_pairs
from ip2p_gen_data.world.shipped import resolve

EDITORS = {
    "all": "all pairs",
    "tenth": "a tenth of the captions",
    "unfiltered": "not filtered",
    "no-dropout": "no conditioning dropout",
    "rendered": "perfect pairs",
}
KEEPS_ALL = ("--min-image=-1", "--min-direction=-1", "--min-caption=-1", "--best", "1000")
CURVE_ROWS = 60
KEPT = Path(__file__).parents[1] / "docs" / "experiment"
WRITTEN = "Written by `python -m benchmarks.experiment`"


@dataclass(frozen=True)
class Sizes:
    """How large the experiment is."""

    captions: int
    steps: int
    scenes: int


def main() -> None:
    """Make the data, train the editors, measure them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--captions", type=int, default=900)
    parser.add_argument("--steps", type=int, default=600, help="of training, for each editor")
    parser.add_argument("--scenes", type=int, default=200, help="held-out ones, to measure on")
    parser.add_argument("--output", type=Path, default=KEPT, help="folder for figures.md and curve.svg")
    given = parser.parse_args()
    sizes = Sizes(given.captions, given.steps, given.scenes)
    make_data(given.work, sizes)
    train_editors(given.work, sizes)
    measure(given.work, sizes)
    write_report(given.work, sizes, given.output)


def make_data(work: Path, sizes: Sizes) -> None:
    """Four datasets, and held-out pairs to draw the curve on."""
    ip2p("gen-data", "-o", work / "pairs", "--limit", sizes.captions)
    ip2p("gen-data", "-o", work / "tenth", "--limit", max(1, sizes.captions // 10))
    if not (work / "unfiltered").exists():
        shutil.copytree(work / "pairs", work / "copying", dirs_exist_ok=True)
        (work / "copying").rename(work / "unfiltered")
    ip2p("gen-data", "filter", "-o", work / "unfiltered", *KEEPS_ALL)
    render_pairs(work / "rendered", sizes.captions * 4)
    render_pairs(work / "held-out", CURVE_ROWS, for_training=False)


def train_editors(work: Path, sizes: Sizes) -> None:
    """One editor a dataset, and one that always sees photo and instruction."""
    data = {"all": "pairs", "no-dropout": "pairs"}
    for name in EDITORS:
        recipe = "experiment-no-dropout" if name == "no-dropout" else "experiment"
        dataset, output = work / data.get(name, name), work / "editors" / name
        ip2p("train", dataset, "-o", output, "--config", recipe, "--max-steps", sizes.steps, "--resume")


def measure(work: Path, sizes: Sizes) -> None:
    """By the oracle on held-out scenes; by CLIP along the curve."""
    models = [part for name in EDITORS for part in ("--model", work / "editors" / name)]
    ip2p("eval", "--suite", "world", *models, "--scenes", sizes.scenes, "-o", work / "world")
    clip = resolve("world", "clip")
    curve = ["--clip", clip, "--text-guidance", 3.0, "--sdedit", "world"]
    ip2p("eval", work / "held-out", "--suite", "curve", *models, *curve, "-o", work / "curve")


def ip2p(command: str, *arguments: object) -> None:
    """Run a command; what it says is shown."""
    subprocess.run([sys.executable, "-m", "ip2p_cli", command, *map(str, arguments)], check=True)


def world_table(work: Path) -> str:
    """What the oracle says of each editor, as Markdown."""
    rows = ["| trained on | done | rest preserved | both | attributes kept |", "|---|---|---|---|---|"]
    for said, model in zip(EDITORS.values(), read(work / "world" / "world.json")["models"], strict=True):
        shares = (_interval(model["overall"][name]) for name in ("done", "preserved", "both", "attributes"))
        rows.append(f"| {said} | {' | '.join(shares)} |")
    return "\n".join(rows)


def curve_table(work: Path) -> str:
    """Direction similarity by image similarity of each line's ends, and their rank correlations with s_I."""
    rows = ["| trained on | image similarity | direction similarity | Spearman with s_I |", "|---|---|---|---|"]
    for said, curve in _named_curves(work):
        means = [[point["mean"] for point in curve[name]] for name in ("image_similarity", "direction_similarity")]
        ends = (f"{values[0]:.3f} to {values[-1]:.3f}" for values in means)
        ranks = (curve[f"spearman_{name}"] for name in ("image_similarity", "direction_similarity"))
        rows.append(f"| {said} | {' | '.join(ends)} | {', '.join(f'{rank:+.2f}' for rank in ranks)} |")
    return "\n".join(rows)


def write_report(work: Path, sizes: Sizes, folder: Path) -> None:
    """Tables and plot."""
    folder.mkdir(parents=True, exist_ok=True)
    made = f"{sizes.captions} captions, {sizes.steps} steps an editor, {sizes.scenes} scenes, {CURVE_ROWS} rows"
    told = "\n\n".join((f"{WRITTEN}: {made}.", world_table(work), curve_table(work)))
    (folder / "figures.md").write_text(told + "\n", encoding="utf-8")
    (folder / "curve.svg").write_text(plot(work), encoding="utf-8")
    print(told)


def plot(work: Path) -> str:
    """All curves in one SVG picture."""
    lines = [_line(said, curve) for said, curve in _named_curves(work)]
    return draw_lines(lines, "CLIP image similarity", "CLIP text-image direction similarity")


def read(path: Path) -> dict[str, Any]:
    """What a suite left."""
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def _named_curves(work: Path) -> list[tuple[str, dict[str, Any]]]:
    curves = read(work / "curve" / "curve.json")["curves"]
    return list(zip([*EDITORS.values(), "SDEdit, with the strength"], curves, strict=True))


def _line(name: str, curve: dict[str, Any]) -> Line:
    axes = zip(curve["settings"], curve["image_similarity"], curve["direction_similarity"], strict=True)
    return Line(name, curve["setting"], tuple(Point(setting, _spread(x), _spread(y)) for setting, x, y in axes))


def _spread(value: dict[str, Any]) -> tuple[float, float, float]:
    return value["mean"], value["low"], value["high"]


def _interval(share: dict[str, Any]) -> str:
    return f"{100 * share['share']:.0f} % ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


if __name__ == "__main__":
    main()
