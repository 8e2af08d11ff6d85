"""The options of `ip2p eval`: parse, run a suite, report."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ip2p_cli.api import UsageError, load_editor, make_output_folder, progress_bar, writing

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_eval.suite import Editing, Judged

SHEET_PHOTOS = 6
Suite = Callable[..., tuple[dict[str, Any], str]]  # (editor, photos, what to ask, seed, full resolution, folder)


def evaluate(
    photos: Annotated[Path, typer.Argument(help="Folder of photos that the model was never trained on.")],
    model: Annotated[str, typer.Option("--model", "-m", metavar="M", help="A name, a folder or a hub id.")] = "mini",
    suite: Annotated[
        str,
        typer.Option(
            help="looks: instruction following. local: things added or changed. guidance: what the two scales do."
        ),
    ] = "looks",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures and pictures.")] = Path(
        "ip2p-eval"
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many photos, spread over the folder.")] = None,
    families: Annotated[str, typer.Option(metavar="A,B", help="Only these families. [default: all]")] = "",
    seed: Annotated[int, typer.Option(help="Seed of every edit.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Edits at once.")] = 8,
    model_res: Annotated[bool, typer.Option("--model-res", help="Judge the model's own pixels.")] = False,
    device: Annotated[str | None, typer.Option(metavar="cpu|cuda|mps", help="[default: the best there is]")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="float32|bfloat16|float16", help="[default: auto]")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Figures on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show errors only.")] = False,
) -> None:
    """Measure a checkpoint on a folder of photos; figures go to DIR as JSON, with a sheet of samples."""
    from ip2p_eval.local.command import run_local
    from ip2p_eval.local.suite import choose

    suites: dict[str, Suite] = {"looks": _looks, "guidance": _guidance, "local": run_local}
    if suite not in suites:
        raise UsageError(f"unknown suite {suite!r}; there are: {', '.join(suites)}")
    from ip2p_eval.report import write_json
    from ip2p_eval.suite import check_families, find_photos

    found = find_photos(photos, limit)
    names = [name.strip() for name in families.split(",") if name.strip()]
    chosen = choose(names) if suite == "local" else check_families(names)
    make_output_folder(output)
    editor = load_editor(model, device=device, dtype=dtype, offline=offline)
    editor.batch_size = batch_size
    settings = {"model": model, "fingerprint": editor.fingerprint, "seed": seed, "photos": len(found)}
    settings |= {"model_res": model_res, "dtype": str(editor.dtype).removeprefix("torch.")}
    figures, table = suites[suite](editor, found, chosen, seed, not model_res, output)
    figures = {"suite": suite, **settings, **figures}
    write_json(figures, output / f"{suite}.json")
    if not quiet:
        print(table, file=sys.stderr)
    if as_json:
        print(json.dumps(figures))


def _looks(
    editor: Editing, photos: list[Path], families: tuple[str, ...], seed: int, full_resolution: bool, output: Path
) -> tuple[dict[str, Any], str]:
    from ip2p_eval.figures import aggregate
    from ip2p_eval.report import looks_table, sample_sheet
    from ip2p_eval.suite import run_suite, unrelated_layout

    judgements = []
    rows = []
    shown = {i * len(photos) // SHEET_PHOTOS for i in range(SHEET_PHOTOS)}
    run = run_suite(editor, photos, families, seed=seed, full_resolution=full_resolution)
    for place, judged in enumerate(progress_bar(run, total=len(photos), label="judging photos")):
        judgements += [each.judgement for each in judged]
        if place in shown:
            rows.append(_row(judged))
    with writing(output / "looks.jpg"):
        sample_sheet(rows).save(output / "looks.jpg", quality=90)
    figures = aggregate(judgements)
    figures["unrelated_layout"] = round(unrelated_layout(photos, families), 4)
    return figures, looks_table(figures)


def _row(judged: list[Judged]) -> list[tuple[str, Image]]:
    """The photo, then its edits; a star marks those that were followed, a minus those whose layout is gone."""
    row = [("before", judged[0].before)] if judged else []
    for each in judged:
        verdict = each.judgement
        marks = ("*" if verdict.followed else "") + ("" if verdict.preserved else "-")
        if each.after is not None:
            row.append((verdict.case.family + marks, each.after))
    return row


def _guidance(
    editor: Editing, photos: list[Path], families: tuple[str, ...], seed: int, full_resolution: bool, output: Path
) -> tuple[dict[str, Any], str]:
    from ip2p_eval.guidance import FAMILIES_ASKED, run_guidance, summarise
    from ip2p_eval.report import guidance_table
    from ip2p_eval.wordings import held_out

    asked = [held_out()[family][0] for family in FAMILIES_ASKED if family in families]
    if not asked:
        raise UsageError(f"the guidance suite asks for {', '.join(FAMILIES_ASKED)}: name one of these, or leave it out")
    run = run_guidance(editor, photos, asked, seed=seed, full_resolution=full_resolution)
    figures = summarise(list(progress_bar(run, total=len(photos), label="measuring guidance")))
    return {"instructions": asked, **figures}, guidance_table(figures)
