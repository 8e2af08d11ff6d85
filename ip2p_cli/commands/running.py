"""What `edit` and `apply` have in common: options -> plan -> run -> exit code."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.change_band import parse_band
from ip2p_cli.checks import Checks, require_checks
from ip2p_cli.choices import Frames, Metadata, OnExists
from ip2p_cli.claims import Claims
from ip2p_cli.commands.masking import find_masks, make_mask_folder, may_mask
from ip2p_cli.commands.options import EditOptions, ModelOptions, OutputOptions, RunOptions, SourceOptions
from ip2p_cli.commands.ordering import Asked, Orders, read_orders
from ip2p_cli.commands.reporting import check_reports, make_report
from ip2p_cli.config import UserConfig, load_config
from ip2p_cli.errors import UsageError
from ip2p_cli.events import JsonLines, Listener, Summary
from ip2p_cli.images import MAX_MEGAPIXELS
from ip2p_cli.journal import Journal
from ip2p_cli.lora import find_lora
from ip2p_cli.model_choice import ModelChoice, choose_model
from ip2p_cli.output import Encoding, check_quality
from ip2p_cli.plan import STDOUT, Chains, Destination, destination
from ip2p_cli.plugin_manager import PluginManager, collect_samplers, create_plugin_manager
from ip2p_cli.prepare import Preparer, RunSettings, planned_outcomes
from ip2p_cli.progress import Display
from ip2p_cli.recipe import Recipe, check_guidance, check_steps, merged
from ip2p_cli.sampler_names import sampler_named, with_own_sampler
from ip2p_cli.shard import Shard, parse_shard, shard_from_environment
from ip2p_cli.signals import StopRequest
from ip2p_cli.signing import load_signing
from ip2p_cli.sources import SourceReader
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.time_limit import LIMIT
from ip2p_cli.types import ChangeBand, StepSettings
from ip2p_cli.writing import writing

if TYPE_CHECKING:
    from ip2p_cli.mask_folder import MaskFolder

DEFAULT_OUTPUT = "edited"
MEASURES_CHANGE = "guidance"  # the plugin that --change works by


@dataclass(frozen=True)
class Request:
    """All that the command line says."""

    recipe: Recipe
    arguments: Sequence[str]
    source: SourceOptions
    edit: EditOptions
    model: ModelOptions
    output: OutputOptions
    run: RunOptions


@dataclass(frozen=True)
class Work:
    """All that a run needs, checked; nothing is loaded yet."""

    chains: Chains
    target: Destination
    orders: Orders
    samplers: Set[str]  # that are asked for by name
    reader: SourceReader
    manager: PluginManager
    model: ModelChoice
    encoding: Encoding
    on_exists: OnExists
    max_megapixels: int
    checks: Checks
    frames: Frames
    shard: Shard | None
    mask: Path | None  # a file, or a folder of them
    mask_folder: MaskFolder | None
    shard_origin: str | None  # the variables that a shard comes from, if nobody asked for it


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
    return _real_run(work, request, display, listeners)


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
    require_checks(manager, (*recipe.require, *config.get("require_checks", ()), *asked))
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
    checks = Checks(manager, config.get("check_seconds", LIMIT))
    has_masks = may_mask(edit, chains, of_lines, checks)
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
        ),
        encoding=Encoding(target.format, quality, metadata, load_signing(output.c2pa_cert, output.c2pa_key)),
        on_exists=on_exists,
        max_megapixels=config.get("max_megapixels", MAX_MEGAPIXELS),
        checks=checks,
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
    summary = Summary()
    for photo in filter(None, work.orders.plans):
        for outcome in planned_outcomes(photo, work.checks, work.model.name):
            summary.add(outcome)
            for listener in listeners:
                listener.outcome(outcome)
    for listener in listeners:
        listener.finish(summary)
    return summary.exit_code


def _real_run(work: Work, request: Request, display: Display, listeners: Sequence[Listener]) -> int:
    from ip2p_cli.batch import BatchRun
    from ip2p_cli.checkpoint import open_checkpoint
    from ip2p_cli.decoders import Decoders
    from ip2p_cli.frames import FrameRunner
    from ip2p_cli.masks import GivenMasks
    from ip2p_cli.store import Store
    from ip2p_cli.tries import TryRunner

    model = work.model
    checkpoint = open_checkpoint(model.name, work.manager, offline=model.offline)
    lora = None if model.lora is None else find_lora(model.lora)
    full_resolution = not request.output.model_res
    settings = RunSettings(
        model.name,
        checkpoint.fingerprint if lora is None else lora.fingerprint(checkpoint.fingerprint),
        checkpoint.defaults.settings,
        work.encoding,
        full_resolution,
        model.size,
        work.frames,
        None if lora is None else lora.name,
        None if work.mask is None else work.mask.name,
    )
    _make_output_folder(work.target)
    checks, folder = work.checks, work.mask_folder
    with ExitStack() as stack:
        journal = claims = None
        if work.target.root is not None:
            opened = Journal(work.target.root, work.orders.identity(settings.identity(work.chains)), work.target.file)
            journal = stack.enter_context(opened)
            claims = Claims(journal, work.on_exists, retry_failed=request.run.retry_failed, mask_folder=folder)
        decoders = stack.enter_context(Decoders(work.max_megapixels, first_only=work.frames is Frames.FIRST))
        masks = None if work.mask is None else GivenMasks(work.mask, decoders.decode)
        store = Store(settings, journal, AtomicWriter(work.target.root), mask_folder=folder)
        stack.enter_context(display)
        stop = stack.enter_context(StopRequest(store.discard_all, quiet=display.quiet))
        runner = TryRunner(
            lambda: model.load(work.manager, work.samplers),
            checks,
            model.name,
            full_resolution=full_resolution,
            size=model.size,
            stop_requested=lambda: stop.requested,
        )
        run = BatchRun(
            Preparer(settings, checks, journal, claims, work.reader, decoders.decode, masks),
            FrameRunner(runner, model.batch_size),
            store,
            [*listeners, *make_report(request.run, work.target, settings.defaults, work.reader)],
            model.batch_size,
            lambda: stop.requested,
        )
        summary = run.run(work.orders.plans)
    return stop.exit_code if stop.requested else summary.exit_code


def _make_output_folder(target: Destination) -> None:
    if target.root is None:
        return
    with writing(target.root):
        target.root.mkdir(parents=True, exist_ok=True)


__all__ = ["STDOUT", "Request", "run_request"]
