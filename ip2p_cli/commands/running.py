"""What `edit` and `apply` have in common: options -> plan -> run -> exit code."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from ip2p_cli.accelerations import FAST
from ip2p_cli.change_band import parse_band
from ip2p_cli.checks import Checks, require_checks
from ip2p_cli.choices import Frames, Metadata, OnExists
from ip2p_cli.commands.masking import find_masks, make_mask_folder, may_mask
from ip2p_cli.commands.options import EditOptions
from ip2p_cli.commands.ordering import Asked, read_orders
from ip2p_cli.commands.real_run import real_run
from ip2p_cli.commands.reporting import check_reports
from ip2p_cli.commands.work import Request, Work
from ip2p_cli.config import UserConfig, load_config
from ip2p_cli.errors import ModelNotHere, UsageError
from ip2p_cli.events import JsonLines, Listener, Summary
from ip2p_cli.images import MAX_MEGAPIXELS
from ip2p_cli.model_choice import choose_model
from ip2p_cli.output import Encoding, check_quality
from ip2p_cli.plan import Chains, Destination, destination
from ip2p_cli.plugin_manager import PluginManager, collect_samplers, create_plugin_manager
from ip2p_cli.prepare import planned_outcomes
from ip2p_cli.progress import Display
from ip2p_cli.recipe import Recipe, check_guidance, check_steps, merged
from ip2p_cli.sampler_names import check_samplers, sampler_named, with_own_sampler
from ip2p_cli.shard import Shard, parse_shard, shard_from_environment
from ip2p_cli.signing import load_signing
from ip2p_cli.sources import SourceReader
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.time_limit import LIMIT
from ip2p_cli.types import ChangeBand, StepSettings

DEFAULT_OUTPUT = "edited"
MEASURES_CHANGE = "guidance"  # the plugin that --change works by


def run_request(request: Request) -> int:
    """Do it, and give the exit code.

    Raises:
        Ip2pError: it cannot be done, or the environment stopped it.
    """
    config = load_config()
    work = _prepare_work(request, config)
    quiet = request.run.quiet or config.get("quiet", False)
    display = Display(
        str(work.target.file or work.target.root or "stdout"),
        quiet=quiet,
        count=work.orders.count,
    )
    if work.shard_origin is not None:
        display.notice(f"doing part {work.shard} of the photos, as {work.shard_origin} say; --shard 0/1 does all")
    listeners: list[Listener] = [display]
    if request.run.json:
        listeners.insert(0, JsonLines(sys.stdout))
    if request.run.dry_run:
        return _dry_run(work, listeners)
    return real_run(work, request, display, listeners)


def _prepare_work(request: Request, config: UserConfig) -> Work:
    edit, output, model = request.edit, request.output, request.model
    check_reports(request.run)
    manager = create_plugin_manager(model.no_plugin or ())
    _check_plugin_names(manager, model.no_plugin or ())
    recipe = request.recipe.with_settings(_step_settings(edit), config.step_settings())
    samplers = collect_samplers(manager)
    named = functools.partial(with_own_sampler, samplers=samplers)
    recipe = recipe.map_settings(named)
    seed = config.get("seed", 0) if edit.seed is None else edit.seed
    chains = Chains(tuple(recipe.chains()), recipe.name, seed, edit.variants, _band(edit, recipe))
    out = output.output if output.output is not None else config.get("output", DEFAULT_OUTPUT)
    target = destination(
        out, output.format or config.get("format", None), output.name or recipe.output_name, chains.outputs
    )
    if target.root is None and request.run.json:
        raise UsageError("--json and -o - both want stdout; leave one of them out")
    if target.root is None and sys.stdout.isatty() and not request.run.dry_run:
        raise UsageError("-o - would write an image to the terminal; redirect stdout, or give a file")
    quality = output.quality if output.quality is not None else config.get("quality", None)
    check_quality(quality)
    metadata = output.metadata or _one_of(Metadata, config.get("metadata", "keep"), "metadata")
    asked = [MEASURES_CHANGE] if chains.change else []
    required = (*recipe.require, *config.get("require_checks", ()), *asked)
    require_checks(manager, required)
    of_lines = named(merged(_step_settings(edit), config.step_settings()))
    reader = SourceReader()
    shard, shard_origin = _shard(request.run.shard, target)
    orders = read_orders(
        Asked(tuple(request.arguments), recipe.sources, request.source, request.run, shard),
        chains,
        target,
        of_lines,
        reader,
        named,
    )
    on_exists = output.on_exists or _one_of(OnExists, config.get("on_exists", "resume"), "on_exists")
    check_seconds = config.get("check_seconds", LIMIT)
    has_masks = may_mask(edit, chains, of_lines, Checks(manager, check_seconds))
    asked_samplers = {sampler_named(name, samplers) for name in orders.samplers}
    return Work(
        chains=chains,
        target=target,
        orders=orders,
        samplers=asked_samplers | {s.settings.sampler for chain in chains.chains for s in chain if s.settings.sampler},
        reader=reader,
        manager=manager,
        model=choose_model(
            config,
            model=model.model,
            lora=model.lora,
            device=model.device,
            dtype=model.dtype,
            batch_size=model.batch_size,
            size=model.size,
            offline=model.offline,
            accelerate=[*([FAST] if model.fast else []), *(model.accelerate or ())],
        ),
        encoding=Encoding(target.format, quality, metadata, load_signing(output.c2pa_cert, output.c2pa_key)),
        on_exists=on_exists,
        max_megapixels=config.get("max_megapixels", MAX_MEGAPIXELS),
        check_seconds=check_seconds,
        required=required,
        frames=request.source.frames or Frames.ALL,
        shard=shard,
        mask=find_masks(edit.mask),
        mask_folder=make_mask_folder(output.mask_out, target.root, on_exists, has_masks=has_masks),
        shard_origin=shard_origin,
    )


def _shard(asked: str | None, target: Destination) -> tuple[Shard | None, str | None]:
    if asked is not None:
        return parse_shard(asked), None
    if target.root is None or target.file is not None:
        return None, None  # one photo is not to be divided
    return shard_from_environment(os.environ) or (None, None)


def _step_settings(edit: EditOptions) -> StepSettings:
    def guidance(value: float | None, option: str) -> float | None:
        return None if value is None else check_guidance(value, option)

    return StepSettings(
        steps=None if edit.steps is None else check_steps(edit.steps, "--steps"),
        text_guidance=guidance(edit.text_guidance, "--text-guidance"),
        image_guidance=guidance(edit.image_guidance, "--image-guidance"),
        sampler=edit.sampler,
        auto_mask=edit.auto_mask,
    )


def _band(edit: EditOptions, recipe: Recipe) -> ChangeBand | None:
    if edit.change is not None:
        return parse_band(edit.change, "--change", edit.tries)
    return recipe.change and replace(recipe.change, tries=edit.tries)


def _check_plugin_names(manager: PluginManager, names: Sequence[str]) -> None:
    known = [plugin.name for plugin in manager.plugins]
    for name in names:
        if name not in known:
            raise UsageError(f"--no-plugin {name}: no such plugin; {did_you_mean(name, known)}")


def _one_of(choices: type, value: str, key: str):  # type: ignore[no-untyped-def]  # an Enum class and its member
    try:
        return choices(value)
    except ValueError:
        raise UsageError(f"{key} is {value!r}; {did_you_mean(value, [c.value for c in choices])}") from None  # type: ignore[attr-defined]


def _dry_run(work: Work, listeners: Sequence[Listener]) -> int:
    _check_model(work)
    summary, checks = Summary(), Checks(work.manager, work.check_seconds)
    for photo in filter(None, work.orders.plans):
        for outcome in planned_outcomes(photo, checks, work.model.name):
            summary.add(outcome)
            for listener in listeners:
                listener.outcome(outcome)
    for listener in listeners:
        listener.finish(summary)
    return summary.exit_code


def _check_model(work: Work) -> None:
    """Find what a run would find wrong with the model or its samplers, as far as the model is on this machine."""
    from ip2p_cli.checkpoint import open_checkpoint

    try:
        checkpoint = open_checkpoint(work.model.name, work.manager, offline=True)
    except ModelNotHere:
        if work.model.offline:
            raise
        return  # a run would fetch it
    check_samplers(work.samplers, collect_samplers(work.manager), checkpoint.scheduler)
