"""The options of `ip2p eval`: parse, make a suite of them, run it, publish."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ip2p_cli.api import find_model, load_editor, make_output_folder

if TYPE_CHECKING:
    from ip2p_eval.shared import Editing


def evaluate(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Argument(help="Photos, a dataset, or a split of MagicBrush, that the model never saw.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="M", help="A name, a folder or a hub id; repeats. [default: mini]"),
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="Measure every model with this adapter, too; repeats."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="looks, local, guidance (photos), curve, emu (datasets), magicbrush, world, masks. [default: by DATA]"
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures and pictures.")] = Path(
        "ip2p-eval"
    ),
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many photos, rows or sessions, spread over DATA.")
    ] = None,
    families: Annotated[
        str, typer.Option(metavar="A,B", help="looks, local, guidance: only these families. [default: all]")
    ] = "",
    scenes: Annotated[int, typer.Option(min=2, help="world, masks: how many held-out scenes.")] = 500,
    clip: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="CLIP or SigLIP to compare by. [default: the world's]")
    ] = None,
    dino: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="emu, magicbrush: DINO to compare by, too.")
    ] = None,
    image_guidance: Annotated[
        str, typer.Option(metavar="X,Y", help="curve: the settings.")
    ] = "1.0,1.2,1.4,1.6,1.8,2.0,2.2",
    text_guidance: Annotated[str, typer.Option(metavar="X,Y", help="curve: a line for each.")] = "7.5",
    steps: Annotated[int | None, typer.Option(min=1, help="curve: steps. [default: the model's; SDEdit 50]")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="curve: edits of each row and setting.")] = 1,
    sdedit: Annotated[
        str | None, typer.Option(metavar="M", help="curve: a text-to-image checkpoint, for SDEdit's line.")
    ] = None,
    strengths: Annotated[str, typer.Option(metavar="X,Y", help="curve: SDEdit's settings.")] = "0.3,0.5,0.7,0.9",
    generated: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="magicbrush: pictures made elsewhere, to score; repeats.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="emu, magicbrush: what DATA is, for published figures beside.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of every edit.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Edits at once.")] = 8,
    model_res: Annotated[bool, typer.Option("--model-res", help="Judge the model's own pixels.")] = False,
    device: Annotated[str | None, typer.Option(metavar="cpu|cuda|mps", help="[default: the best there is]")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="float32|bfloat16|float16", help="[default: auto]")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Figures on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show errors only.")] = False,
) -> None:
    """Measure checkpoints on pictures that they never saw; figures go to the output folder as JSON and as a page."""
    from ip2p_eval.choice import check_options, choose_suite, models_to_compare
    from ip2p_eval.shared import Shared, Suite

    name = choose_suite(suite, data)
    check_options([one for one in context.params if _was_given(context, one)], name)
    names = models_to_compare(model or (), generated or ())
    shared = Shared(output, limit, seed, not model_res, device, offline)
    prepared: Suite
    if name == "masks":
        from ip2p_eval.suites import masks

        prepared = masks.prepare(shared, scenes)
    elif data is None or name == "world":
        from ip2p_eval.suites import world

        prepared = world.prepare(shared, scenes)
    elif name == "looks":
        from ip2p_eval.suites import looks

        prepared = looks.prepare(shared, data, families)
    elif name == "local":
        from ip2p_eval.suites import local

        prepared = local.prepare(shared, data, families)
    elif name == "guidance":
        from ip2p_eval.suites import guidance

        prepared = guidance.prepare(shared, data, families)
    elif name == "curve":
        from ip2p_eval.suites import curve

        scales = (image_guidance, text_guidance)
        prepared = curve.prepare(shared, data, clip, *scales, steps, seeds, sdedit, strengths)
    elif name == "emu":
        from ip2p_eval.suites import emu

        prepared = emu.prepare(shared, data, clip, dino, split)
    else:
        from ip2p_eval.suites import magicbrush

        prepared = magicbrush.prepare(shared, data, clip, dino, generated or (), split)
    make_output_folder(output)
    for one in names:
        find_model(one, offline=offline)  # all are looked for before the first is measured for hours
    from ip2p_eval.candidates import Candidate
    from ip2p_eval.publish import publish

    load = partial(_load, batch_size=batch_size, device=device, dtype=dtype, offline=offline)
    measured = prepared.run(
        [Candidate(one, partial(load, one)) for one in names]
        + [Candidate(f"{one} + {each}", partial(load, one, lora=each)) for one in names for each in lora or ()]
    )
    settings = {"seed": seed, "model_res": model_res}
    publish(name, settings, measured, output, quiet=quiet, as_json=as_json)


def _was_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _load(
    model: str, *, batch_size: int, device: str | None, dtype: str | None, offline: bool, lora: str | None = None
) -> Editing:
    editor = load_editor(model, device=device, dtype=dtype, offline=offline, lora=lora)
    editor.batch_size = batch_size
    return editor
