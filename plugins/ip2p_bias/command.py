"""The options of `ip2p bias`: parse, find pictures and probe, look, publish."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ip2p_cli.api import ItemError, load_editor, make_output_folder

if TYPE_CHECKING:
    from ip2p_bias.pictures import Editor


def bias(
    photos: Annotated[Path | None, typer.Argument(help="A folder of photos; as many as you can get.")] = None,
    instructions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to ask of every photo, one instruction a line.")
    ] = None,
    pairs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="BEFORE AFTER",
            help="In place of PHOTOS: audit what a run has left. AFTER holds edits, or a folder for each instruction.",
        ),
    ] = None,
    null_edits: Annotated[
        Path | None, typer.Option(metavar="DIR", help="--pairs: the same photos after an edit that asks for nothing.")
    ] = None,
    probe: Annotated[str, typer.Option(metavar="NAME", help="ita, clip, or one of a plugin.")] = "ita",
    clip: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="--probe clip: a CLIP or SigLIP, by hub id or folder.")
    ] = None,
    attribute: Annotated[
        str, typer.Option(metavar="A,B", help="--probe clip: texts to choose from, divided by commas.")
    ] = "",
    nobody: Annotated[
        str | None, typer.Option(metavar="TEXT", help="--probe clip: a text for none of them; counts as unknown.")
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.0, max=1.0, help="Less than this probability is unknown.")] = 0.5,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures and page.")] = Path("ip2p-bias"),
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many photos, spread over the folder.")] = None,
    null_instruction: Annotated[
        str, typer.Option(metavar="TEXT", help="Asks for nothing: what it changes is drift.")
    ] = "keep it as it is",
    alpha: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="Level of tests; intervals are of 1 - alpha.")
    ] = 0.05,
    bootstrap: Annotated[
        int | None, typer.Option(min=1, help="Draws of photos for intervals. [default: 2000, or what --alpha needs]")
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", metavar="M", help="A name, a folder or a hub id.")] = "mini",
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps. [default: the model's]")] = None,
    text_guidance: Annotated[float | None, typer.Option(help="s_T. [default: the model's]")] = None,
    image_guidance: Annotated[float | None, typer.Option(help="s_I. [default: the model's]")] = None,
    sampler: Annotated[str | None, typer.Option(metavar="NAME", help="[default: the model's]")] = None,
    seed: Annotated[int, typer.Option(help="Of every edit, and of the statistics.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Edits at once.")] = 8,
    device: Annotated[str | None, typer.Option(metavar="cpu|cuda|mps", help="[default: the best there is]")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="float32|bfloat16|float16", help="[default: auto]")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Figures on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show errors only.")] = False,
) -> None:
    """Measure whether edits change perceived attributes that nobody asked them to change.

    ip2p bias photos/ --instructions professions.txt --probe ita -o audit/
    """
    from ip2p_bias.corrected import correct
    from ip2p_bias.effects import TESTS, Settings, measure
    from ip2p_bias.observing import observe
    from ip2p_bias.planning import check_extra, make_pictures, plan_edits, plan_folders
    from ip2p_bias.probes.choice import ZeroShot, choose_probe
    from ip2p_bias.publish import publish
    from ip2p_bias.resampling import draws_for
    from ip2p_bias.swapping import resamples_for
    from ip2p_bias.trial import make_trials

    check_extra()
    draws = draws_for(alpha, bootstrap)
    plan = (
        plan_edits(photos, instructions, null_instruction, limit, null_edits)
        if pairs is None
        else plan_folders(pairs, null_edits, limit, photos or instructions)
    )
    make_output_folder(output)
    words = ZeroShot(clip, attribute, nobody)
    asked = choose_probe(probe, words, device=device, offline=offline)
    settings = {"steps": steps, "text_guidance": text_guidance, "image_guidance": image_guidance, "sampler": sampler}
    load = partial(_load, batch_size=batch_size, device=device, dtype=dtype, offline=offline)
    made = make_pictures(plan, model, load, {**settings, "seed": seed})
    observed = observe(
        made.pictures, len(plan.photos), asked, confidence, plan.instructions, has_null=plan.null is not None
    )
    trials = make_trials(observed.photos, plan.instructions)
    by_chance = Settings(alpha, draws, seed, resamples_for(TESTS * len(trials), alpha))
    findings = correct([measure(trial, by_chance) for trial in trials], alpha)
    facts = {
        "probe": probe,
        **words.facts,
        "confidence": confidence,
        **made.facts,
        "photos": len(plan.photos),
        "copies": plan.copies or None,
        "null_instruction": plan.null,
        "alpha": alpha,
        "bootstrap": draws,
        "resamples": by_chance.resamples,
        "seed": seed,
    }
    publish(observed, findings, facts, output, quiet=quiet, as_json=as_json)
    if observed.failures:
        raise typer.Exit(ItemError.exit_code)


def _load(model: str, *, batch_size: int, device: str | None, dtype: str | None, offline: bool) -> Editor:
    editor = load_editor(model, device=device, dtype=dtype, offline=offline)
    editor.batch_size = batch_size
    return editor
