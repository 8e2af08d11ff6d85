"""The options that `edit` and `apply` share, in groups; `grouped` lets a command take a group as one parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from ip2p_cli.change_band import DEFAULT_TRIES, MAX_TRIES
from ip2p_cli.choices import Engine, Frames, Metadata, OnExists

_SOURCES, _EDIT, _MODEL, _OUTPUT, _RUN = "Photos", "The edit", "Model", "Output", "The run"


@dataclass(frozen=True)
class SourceOptions:
    """Which photos."""

    files_from0: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="NUL-separated list of photos (find -print0).", rich_help_panel=_SOURCES),
    ] = None
    recurse: Annotated[
        bool,
        typer.Option("--recurse", "-r", help="Look into subfolders; the tree is mirrored.", rich_help_panel=_SOURCES),
    ] = False
    frames: Annotated[
        Frames | None,
        typer.Option(
            help="Of animations and pages edit every one, or the first. (default: all)", rich_help_panel=_SOURCES
        ),
    ] = None

    jobs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv|.jsonl",
            help="Each line a photo with its own: source, instruction, output, seed, variants, steps, text_guidance, "
            "image_guidance, sampler. Paths are relative to the file.",
            rich_help_panel=_SOURCES,
        ),
    ] = None
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Edit photos as they come, until Ctrl-C.", rich_help_panel=_SOURCES),
    ] = False


@dataclass(frozen=True)
class EditOptions:
    """What is done to each; what is not given comes from the recipe, the user's defaults, the checkpoint."""

    steps: Annotated[int | None, typer.Option(help="Denoising steps.", rich_help_panel=_EDIT)] = None
    text_guidance: Annotated[
        float | None, typer.Option(help="s_T: how strongly to follow the instruction.", rich_help_panel=_EDIT)
    ] = None
    image_guidance: Annotated[
        float | None, typer.Option(help="s_I: how closely to keep to the photo.", rich_help_panel=_EDIT)
    ] = None
    sampler: Annotated[
        str | None, typer.Option(metavar="NAME", help="ddim, euler, euler_a, dpm++2m …", rich_help_panel=_EDIT)
    ] = None
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR",
            help="White may change, black stays bit for bit, grey is a soft edge. A file for all photos, or a folder "
            "where a/b.jpg has a/b.jpg.png or a/b.png; scaled to the photo, whose shape it must have.",
            rich_help_panel=_EDIT,
        ),
    ] = None
    auto_mask: Annotated[
        bool | None,
        typer.Option(
            "--auto-mask/--no-auto-mask",
            help="Change only the area that the model thinks the instruction refers to.",
            rich_help_panel=_EDIT,
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(help="Random seed; another gives another picture. (default: 0)", rich_help_panel=_EDIT),
    ] = None
    variants: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Outputs of each photo.", rich_help_panel=_EDIT)
    ] = 1
    change: Annotated[
        str | None,
        typer.Option(
            metavar="gentle|normal|strong|LOW..HIGH",
            help="How strong edits should be, 0 to 1; guidance is adjusted until they are.",
            rich_help_panel=_EDIT,
        ),
    ] = None
    tries: Annotated[
        int,
        typer.Option(min=1, max=MAX_TRIES, metavar="N", help="Edits of a photo for --change.", rich_help_panel=_EDIT),
    ] = DEFAULT_TRIES


@dataclass(frozen=True)
class ModelOptions:
    """What edits."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="M", help="A name, a folder, a hub id. (default: mini)", rich_help_panel=_MODEL
        ),
    ] = None
    lora: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE", help="A LoRA on top of the model (`ip2p train --lora`).", rich_help_panel=_MODEL
        ),
    ] = None
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Quicker; what it costs is within noise (docs/speed.md).", rich_help_panel=_MODEL),
    ] = False
    accelerate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Trade exactness for time (repeatable): fast, none, bfloat16, compile, feature-reuse, "
            "float8, guidance-interval, guidance-reuse, int8, late-guidance, latent-chain.",
            rich_help_panel=_MODEL,
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            metavar="auto|cpu|cuda|mps|all",
            help="One, or several with a worker each: cuda:0,cuda:1; all CUDA devices. (default: the best there is)",
            rich_help_panel=_MODEL,
        ),
    ] = None
    dtype: Annotated[
        str | None,
        typer.Option(metavar="auto|float32|bfloat16|float16", help="(default: auto)", rich_help_panel=_MODEL),
    ] = None
    batch_size: Annotated[
        str | None,
        typer.Option(metavar="auto|N", help="Photos edited at once. (default: 8; on CUDA 32)", rich_help_panel=_MODEL),
    ] = None
    size: Annotated[
        str | None,
        typer.Option(metavar="auto|PIXELS", help="Side the model works at. (default: its own)", rich_help_panel=_MODEL),
    ] = None
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.", rich_help_panel=_MODEL)] = False
    no_plugin: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Switch a plugin off (repeatable).", rich_help_panel=_MODEL)
    ] = None


@dataclass(frozen=True)
class OutputOptions:
    """What is written, and where."""

    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR|FILE|-", help="(default: edited/)", rich_help_panel=_OUTPUT),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE",
            help="Of {relpath} {stem} {ext} {recipe} {slug} {seed} {variant}. (default: {stem}{ext})",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(metavar="jpeg|png|webp|tiff|avif", help="(default: the photo's own)", rich_help_panel=_OUTPUT),
    ] = None
    quality: Annotated[int | None, typer.Option(help="1 to 100. (default: 95)", rich_help_panel=_OUTPUT)] = None
    metadata: Annotated[
        Metadata | None,
        typer.Option(
            help="What to keep of EXIF and XMP: keep, strip-gps, strip-all. (default: keep)", rich_help_panel=_OUTPUT
        ),
    ] = None
    c2pa_cert: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Sign outputs: certificate chain (PEM).", rich_help_panel=_OUTPUT),
    ] = None
    c2pa_key: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Sign outputs: its private key (PEM).", rich_help_panel=_OUTPUT),
    ] = None
    model_res: Annotated[
        bool,
        typer.Option("--model-res", help="The model's own pixels, not the photo's size.", rich_help_panel=_OUTPUT),
    ] = False
    mask_out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the mask of each output that is made: of a/b.jpg it is a/b.jpg.png. --on-exists counts for "
            "masks, too.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    on_exists: Annotated[
        OnExists | None,
        typer.Option(
            help="Where an output is there already: resume skips what was made of the same photo and settings, refuses "
            "the rest; overwrite replaces it; rename keeps both; error refuses. (default: resume)",
            rich_help_panel=_OUTPUT,
        ),
    ] = None


@dataclass(frozen=True)
class RunOptions:
    """How the run behaves."""

    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="A page to look at: before, after, settings.", rich_help_panel=_RUN),
    ] = None
    contact_sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jpg", help="Before and after in a labelled grid.", rich_help_panel=_RUN),
    ] = None
    json: Annotated[
        bool, typer.Option("--json", help="Events on stdout, one JSON object a line.", rich_help_panel=_RUN)
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show errors only.", rich_help_panel=_RUN)] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be done; write nothing.", rich_help_panel=_RUN)
    ] = False
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed in earlier runs.", rich_help_panel=_RUN)
    ] = False
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="i/n",
            help="Do one photo in n, i from 0. (default: of SLURM_ARRAY_TASK_ID/_COUNT or RANK/WORLD_SIZE)",
            rich_help_panel=_RUN,
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            metavar="N",
            help="Processes that edit, dealt to the devices in turn. (default: one a device; on Ray one a GPU or node)",
            rich_help_panel=_RUN,
        ),
    ] = None
    engine: Annotated[
        Engine, typer.Option(help="Where they run: on this machine, or on a Ray cluster.", rich_help_panel=_RUN)
    ] = Engine.LOCAL
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|auto",
            help="Address of the Ray cluster, with --engine ray. (default: Ray finds it)",
            rich_help_panel=_RUN,
        ),
    ] = None
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks of errors.", rich_help_panel=_RUN)] = False


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Unfold a command's parameters that are option groups into options of their own."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hints[name] for name in hints if hasattr(hints[name], "__dataclass_fields__")}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            parameters += _unfolded(groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def flat(**values: Any) -> None:
        made = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **made)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del flat.__wrapped__
    return flat


def _unfolded(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(group)
    ]
