"""How many steps each sampler needs on a checkpoint: measured edits, written as the checkpoint's `samplers.json`.

    python -m benchmarks.sampler_steps                      # mini, two of the example photos: about 5 minutes of a core
    python -m benchmarks.sampler_steps --model FOLDER --photos DIR --size 256
    python -m benchmarks.sampler_steps --tables             # the tables of docs/samplers.md, of what is written already

The same command goes on where it was stopped. For every sampler and number of steps the same edits are made, from the
same noise, and looked at in the model's own pixels:

- `distance`: of samplers without noise of their own, the mean absolute difference to the converged edit (DPM-Solver++
  2M with 64 steps, sampler-independent: UniPC with 64 is measured against it as the floor). In grey levels of 255.
- `strength`: mean absolute difference of edit and photo, in grey levels; `followed`: the share of edits that the judge
  of `ip2p eval --suite looks` takes for followed. For ancestral samplers, which have no edit to converge to.

Advised is the least number of steps after which more bring little: the distance is within one grey level of the
sampler's best in the table; for ancestral ones, the strength is within a tenth of that with the most steps, and no
fewer edits are followed than with the most.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.photos import EXAMPLES
from ip2p_cli.api import EditRequest, EditResult, Ip2pError, find_model, load_editor, read_photo, samplers
from ip2p_cli.checkpoint import read_checkpoint
from ip2p_cli.sampler_names import own_names
from ip2p_eval.looks.suite import Case, judge
from ip2p_eval.looks.wordings import wording_for
from ip2p_eval.original import Original
from ip2p_eval.photos import choose_photos

STEPS = (4, 6, 8, 12, 16, 24, 32)
FIRST = ("ddim", "dpm++2m", "unipc", "euler_a", "heun", "dpm++2m-karras", "dpm++2m-sde", "lms")  # to be measured
TWO_CALLS = ("heun", "kdpm2", "kdpm2_a")
MOST_CALLS = 32  # of the network, in the table: samplers with two calls a step are measured up to 16 steps
REFERENCE, FLOOR, CONVERGED = "dpm++2m", "unipc", 64
ANCESTRAL = (
    "ddpm", "dpm++2m-sde", "dpm++2m-sde-karras", "dpm++sde", "dpm++sde-karras", "euler_a", "kdpm2_a", "sa-solver",
)  # fmt: skip
FAMILIES = ("night", "winter")  # the first photo is edited by the first, the second by the second …
GREY_LEVEL, SHARE = 1.0, 0.1
NAME = "samplers.json"
Row = dict[str, Any]


def main() -> None:
    """Parse, measure what is missing, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--photos", type=Path, default=EXAMPLES)
    parser.add_argument("--size", type=int, default=128, help="side in pixels that photos are edited at")
    parser.add_argument("--output", type=Path, help=f"default: {NAME} in the checkpoint's folder")
    parser.add_argument("--tables", action="store_true", help="measure nothing")
    options = parser.parse_args()
    folder = find_model(options.model)
    output = options.output or folder / NAME
    found = _read(output, read_checkpoint(folder).fingerprint, options.size)
    if not options.tables:
        for _ in measure(options, found):
            found["advised"] = advise(found["measured"])
            output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(tables(found))


def _read(path: Path, fingerprint: str, size: int) -> dict[str, Any]:
    """What is measured of this very checkpoint already; nothing, where it is another one's."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if found.get("fingerprint") == fingerprint and found.get("size") == size:
        return dict(found)
    return {"fingerprint": fingerprint, "size": size, "families": list(FAMILIES), "advised": {}, "measured": []}


def measure(options: argparse.Namespace, found: dict[str, Any]) -> Iterator[None]:
    """Add a row to `found["measured"]` for each sampler and number of steps; yields after each."""
    editor = load_editor(options.model, device="cpu")
    editor.batch_size = 3 * len(FAMILIES)  # all rows in one call
    photos = choose_photos(options.photos, len(FAMILIES))
    cases = [Case(photo, family, wording_for(photo.name, family), 0) for photo, family in zip(photos, FAMILIES)]  # noqa: B905
    images = [read_photo(case.photo) for case in cases]
    originals = [Original(image) for image in images]

    def edit(sampler: str, steps: int) -> list[EditResult]:
        wanted = [
            EditRequest(image=image, instruction=case.instruction, sampler=sampler, steps=steps)
            for image, case in zip(images, cases, strict=True)
        ]
        return editor.edit(wanted, full_resolution=False, size=options.size)

    reference = _pixels(edit(REFERENCE, CONVERGED))
    if "floor" not in found:
        found["floor"] = _distance(_pixels(edit(FLOOR, CONVERGED)), reference)
        found["photos"] = [photo.name for photo in photos]
    done = {(row["sampler"], row["steps"]) for row in found["measured"]}
    runnable = sorted(_runnable(editor, found), key=lambda name: (name not in FIRST, (*FIRST, name).index(name), name))
    for sampler, steps in [(sampler, steps) for sampler in runnable for steps in STEPS]:
        if (sampler, steps) in done or _calls(sampler, steps) > MOST_CALLS:
            continue
        started = time.process_time()
        results = edit(sampler, steps)
        row: Row = {"sampler": sampler, "steps": steps, "calls": _calls(sampler, steps)}
        if sampler not in ANCESTRAL:
            row["distance"] = _distance(_pixels(results), reference)
        row["strength"] = round(float(np.mean([255 * result.change["pixels"] for result in results])), 2)
        judged = [judge(*each).followed for each in zip(cases, originals, (r.image for r in results), strict=True)]
        row["followed"] = sum(judged) / len(judged)
        found["measured"] = sorted([*found["measured"], row], key=lambda row: (row["sampler"], row["steps"]))
        print(f"{row}  {time.process_time() - started:.1f} s of the processor", flush=True)
        yield


def _runnable(editor: Any, found: dict[str, Any]) -> Iterator[str]:
    """The samplers that run this checkpoint; why the others do not is noted, in place of what was noted before."""
    found["refused"] = {}
    for sampler in _names():
        try:
            editor.check_samplers([sampler])
        except Ip2pError as problem:
            found["refused"][sampler] = str(problem)
        else:
            yield sampler


def _names() -> list[str]:
    """The own names of all registered samplers."""
    return sorted(own_names(samplers()))


def _calls(sampler: str, steps: int) -> int:
    return 2 * steps - 1 if sampler in TWO_CALLS else steps


def _pixels(results: Sequence[EditResult]) -> list[np.ndarray]:
    return [np.asarray(result.image, dtype=np.float64) for result in results]


def _distance(edits: Sequence[np.ndarray], reference: Sequence[np.ndarray]) -> float:
    """Mean absolute difference in grey levels, over all edits alike."""
    return round(float(np.mean([np.abs(a - b).mean() for a, b in zip(edits, reference, strict=True)])), 2)


def advise(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Sampler -> the least number of steps after which more bring little (see the module); of whole rows only."""
    advised = {}
    for sampler in dict.fromkeys(row["sampler"] for row in rows):
        own = [row for row in rows if row["sampler"] == sampler]
        if [row["steps"] for row in own] != [steps for steps in STEPS if _calls(sampler, steps) <= MOST_CALLS]:
            continue  # the measuring was stopped
        most = own[-1]
        if "distance" in most:
            best = min(row["distance"] for row in own)
            enough = [row["steps"] for row in own if row["distance"] <= best + GREY_LEVEL]
        else:
            near = SHARE * most["strength"]
            enough = [
                row["steps"]
                for row in own
                if abs(row["strength"] - most["strength"]) <= near and row["followed"] >= most["followed"]
            ]
        advised[sampler] = enough[0]
    return advised


def tables(found: Mapping[str, Any]) -> str:
    """Markdown of all that is measured, for docs/samplers.md."""
    lines = ["| sampler | advised steps | network calls | " + " | ".join(f"{steps}" for steps in STEPS) + " |"]
    lines.append("|---|---|---|" + "---|" * len(STEPS))
    for sampler in dict.fromkeys(row["sampler"] for row in found["measured"]):
        advised = found["advised"].get(sampler)
        calls = "" if advised is None else _calls(sampler, advised)
        own = {row["steps"]: row for row in found["measured"] if row["sampler"] == sampler}
        cells = [_cell(own.get(steps)) for steps in STEPS]
        lines.append(f"| {sampler} | {advised or ''} | {calls} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    return f"{row['distance']:.1f}" if "distance" in row else f"{row['strength']:.1f} ({row['followed']:.0%})"


if __name__ == "__main__":
    main()
