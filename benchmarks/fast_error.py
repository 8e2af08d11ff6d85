"""What each acceleration costs and gains: the same edits, exact and accelerated, side by side.

    python -m benchmarks.fast_error PHOTOS                 # mini, 12 photos, all looks: two hours of one core
    python -m benchmarks.fast_error PHOTOS --photos 2 --looks night winter fog --side 512
    python -m benchmarks.fast_error PHOTOS --names fast    # only this one
    python -m benchmarks.fast_error --tables docs/speed.json    # the tables of docs/speed.md

Each photo is scaled to `--side` and edited at full size by every look, or those named. All accelerations have a turn at
it, one after the other, so that a busy machine is as busy for all of them. Figures:

- error: mean absolute difference to the exact edit, in grey levels of 255; "another seed" is what chance alone does;
- followed, kept: how many edits the judge of `ip2p eval --suite looks` takes for followed, and for the same photo;
- changed: of both verdicts together, how many differ from those on the exact edit;
- gain: the processor time of the exact edit of a photo / that of the accelerated one, the median of all photos.

Chains of two looks are edited too: for `latent-chain`, which changes nothing else.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ip2p_cli.accelerations import FAST, NAMES
from ip2p_cli.api import EditRequest, EditResult, load_editor, read_photo
from ip2p_eval.looks.suite import check_families, judge, plan_cases
from ip2p_eval.original import Original
from ip2p_eval.photos import choose_photos

if TYPE_CHECKING:
    from ip2p_cli.editor import Editor

EXACT, OTHER_SEED, CHAIN = "exact", "another seed", "latent-chain"
NAMED = (*(name for name in NAMES if name not in ("compile", CHAIN)), FAST)  # compile changes nothing but the time
Edit = Callable[[Sequence[EditRequest]], Sequence[EditResult]]


@dataclass
class Row:
    """What is found of one way to edit: an entry an edit, of `gains` an entry a photo."""

    errors: list[float] = field(default_factory=list)
    followed: list[bool] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)

    def figures(self, exact: Row) -> dict[str, Any]:
        """The sums, against those of the exact edits."""
        figures: dict[str, Any] = {
            "edits": len(self.errors),
            "error": round(statistics.fmean(self.errors), 2),
            "largest": round(max(self.errors), 2),
            "gain": round(statistics.median(self.gains), 2),
        }
        if self.followed:
            figures |= {name: round(statistics.fmean(getattr(self, name)), 3) for name in ("followed", "kept")}
            pairs = zip(self.followed + self.kept, exact.followed + exact.kept, strict=True)
            figures["changed"] = sum(one != other for one, other in pairs)
        return figures


def main() -> None:
    """Parse, measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="photos")
    parser.add_argument("--photos", type=int, default=12, help="so many of them, spread evenly")
    parser.add_argument("--looks", nargs="*", default=[], help="default: all")
    parser.add_argument("--names", nargs="*", default=NAMED, help="accelerations")
    parser.add_argument("--side", type=int, default=1024, help="the photos' longer side")
    parser.add_argument("--model", default="mini")
    parser.add_argument(
        "--dtype", help="of the accelerated edits: bfloat16's error can be seen where it is emulated, too"
    )
    parser.add_argument("--output", type=Path, help="a JSON file; it is written after every photo")
    parser.add_argument("--tables", type=Path, help="print the tables of such a file, measure nothing")
    options = parser.parse_args()
    if options.tables is not None:
        print(tables(json.loads(options.tables.read_text(encoding="utf-8"))))
        return
    for found in measure(options):
        if options.output is not None:
            options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(tables(found))


def measure(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The figures so far, after each photo."""
    photos, families = choose_photos(options.folder, options.photos), check_families(options.looks)
    exact = load_editor(options.model, device="cpu")
    quick = {
        name: load_editor(options.model, device="cpu", dtype=options.dtype, accelerate=(name,))
        for name in options.names
    }
    for editor in (exact, *quick.values()):  # whoever edits first would pay for what is made once
        editor.edit([EditRequest(Image.new("RGB", (options.side, options.side), "grey"), "make it night", steps=2)])
    rows = {name: Row() for name in (EXACT, OTHER_SEED, *quick)}
    chains = {name: Row() for name in (EXACT, OTHER_SEED, CHAIN)}
    for number, path in enumerate(photos, 1):
        image = read_photo(path)
        image = image.resize([max(1, round(side * options.side / max(image.size))) for side in image.size])
        cases = plan_cases(path, Original(image), families, seed=0)
        asked = [EditRequest(image, case.instruction, seed=case.seed) for case in cases]
        ways = {EXACT: exact.edit, OTHER_SEED: _with_another_seed(exact.edit)}
        ways |= {name: editor.edit for name, editor in quick.items()}
        for name, pictures in _edited(ways, asked, rows):
            verdicts = [judge(case, Original(image), picture) for case, picture in zip(cases, pictures, strict=True)]
            rows[name].followed += [verdict.followed for verdict in verdicts]
            rows[name].kept += [verdict.preserved for verdict in verdicts]
        ways = {EXACT: _chain(exact), OTHER_SEED: _with_another_seed(_chain(exact)), CHAIN: _latent_chain(exact)}
        for _ in _edited(ways, asked, chains):
            pass
        yield {"model": options.model, "side": options.side, "photos": number} | {
            table: {name: row.figures(found[EXACT]) for name, row in found.items()}
            for table, found in (("edits", rows), ("chains", chains))
        }


def _edited(
    ways: dict[str, Edit], asked: Sequence[EditRequest], rows: dict[str, Row]
) -> Iterator[tuple[str, list[Image.Image]]]:
    """Edit in each way, the exact one first; note errors and gains."""
    truth: list[Image.Image] = []
    exactly = 0.0
    for name, edit in ways.items():
        started = time.process_time()
        pictures = [result.image for result in edit(asked)]
        took = time.process_time() - started
        truth, exactly = truth or pictures, exactly or took
        rows[name].errors += [_difference(*pair) for pair in zip(pictures, truth, strict=True)]
        rows[name].gains.append(exactly / took)
        yield name, pictures


def _with_another_seed(edit: Edit) -> Edit:
    return lambda asked: edit([replace(request, seed=request.seed + 1) for request in asked])


def _chain(editor: Editor) -> Edit:
    """Each edit, and the next one's instruction on what came of it."""

    def edit(asked: Sequence[EditRequest]) -> Sequence[EditResult]:
        first = editor.edit(asked)
        seconds = zip(first, _seconds(asked), strict=True)
        return editor.edit([replace(request, image=result.image) for result, request in seconds])

    return edit


def _latent_chain(editor: Editor) -> Edit:
    """The same, handing on latents."""

    def edit(asked: Sequence[EditRequest]) -> Sequence[EditResult]:
        results = editor.edit_chains(list(zip(asked, _seconds(asked), strict=True)))
        return [result for result in results if isinstance(result, EditResult)]

    return edit


def _seconds(asked: Sequence[EditRequest]) -> list[EditRequest]:
    """The second steps: another look each, on the same photo."""
    return [
        replace(request, instruction=other.instruction, step_index=1)
        for request, other in zip(asked, [*asked[1:], asked[0]], strict=True)
    ]


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute, in grey levels."""
    pair = (np.asarray(picture, dtype=np.float32) for picture in (one, other))
    return float(np.abs(np.subtract(*pair)).mean())


def tables(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| | error | largest | followed | kept | changed | gain |", "|---|---|---|---|---|---|---|"]
    for name, row in found["edits"].items():
        shares = f"{100 * row['followed']:.1f} % | {100 * row['kept']:.1f} % | {row['changed']}"
        lines.append(f"| {name} | {row['error']:.2f} | {row['largest']:.2f} | {shares} | {row['gain']:.2f} |")
    lines += ["", "| chains of two | error | largest | gain |", "|---|---|---|---|"]
    for name, row in found["chains"].items():
        lines.append(f"| {name} | {row['error']:.2f} | {row['largest']:.2f} | {row['gain']:.2f} |")
    edits = found["edits"][EXACT]["edits"]
    return "\n".join([f"{edits} edits of {found['photos']} photos, {found['side']} px, {found['model']}", "", *lines])


if __name__ == "__main__":
    main()
