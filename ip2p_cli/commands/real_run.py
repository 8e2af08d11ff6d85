"""A run that edits, in this process or by several workers; what it needs is checked already."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.assembly import Setup, edit_photos
from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.claims import Claims
from ip2p_cli.commands.options import Engine
from ip2p_cli.commands.reporting import make_report
from ip2p_cli.errors import UsageError
from ip2p_cli.events import Listener, Summary
from ip2p_cli.journal import Journal
from ip2p_cli.ledger import OwnLedger
from ip2p_cli.lora import find_lora
from ip2p_cli.masks import GivenMasks
from ip2p_cli.models import known_models
from ip2p_cli.plan import Destination
from ip2p_cli.plugin_manager import PluginManager, collect_models
from ip2p_cli.prepare import RunSettings
from ip2p_cli.progress import Display
from ip2p_cli.signals import StopRequest
from ip2p_cli.sources import STDIN
from ip2p_cli.types import StepSettings
from ip2p_cli.workers import Workplace, choose_workplace
from ip2p_cli.writing import writing

if TYPE_CHECKING:
    from ip2p_cli.checkpoint import EditDefaults
    from ip2p_cli.commands.running import Request, Work


def real_run(work: Work, request: Request, display: Display, listeners: Sequence[Listener]) -> int:
    """Do it, and give the exit code.

    Raises:
        Ip2pError: it cannot be done, or the environment stopped it.
    """
    place = _place(work, request)
    setup = _setup(work, request)
    _make_output_folder(work.target)
    listeners = [*listeners, *make_report(request.run, work.target, setup.settings.defaults, work.reader)]
    with ExitStack() as stack:
        ledger = None
        writer = AtomicWriter(work.target.root)
        if work.target.root is not None:
            identity = work.orders.identity(setup.settings.identity(work.chains))
            journal = stack.enter_context(Journal(work.target.root, identity, work.target.file))
            claims = Claims(journal, work.on_exists, retry_failed=request.run.retry_failed)
            if not isinstance(place, str | None):
                return _by_workers(place, setup, work, journal, claims, display, listeners)
            ledger = OwnLedger(journal, claims, writer)
        stack.enter_context(display)
        stop = stack.enter_context(StopRequest(writer.discard_all, quiet=display.quiet))
        assert isinstance(place, str | None)
        summary = edit_photos(
            setup, work.manager, place, ledger, work.reader, work.orders.plans, listeners, lambda: stop.requested
        )
    return _exit_code(stop, summary)


def _by_workers(
    place: Workplace,
    setup: Setup,
    work: Work,
    journal: Journal,
    claims: Claims,
    display: Display,
    listeners: Sequence[Listener],
) -> int:
    from ip2p_cli.edit_pool import EditPool
    from ip2p_cli.edit_worker import EditWork, be_edit_worker

    assert setup.root is not None
    task = EditWork(_anywhere(setup, work.manager), setup.root, tuple(work.manager.plugins))
    with place.hired(be_edit_worker, task) as links, display:
        pool = EditPool(
            links,
            work.orders.plans,
            work.batch_size,
            journal,
            claims,
            listeners,
            lambda: stop.requested,
            display.notice,
        )
        with StopRequest(pool.end_at_once, quiet=display.quiet) as stop:
            summary = pool.run()
    return _exit_code(stop, summary)


def _exit_code(stop: StopRequest, summary: Summary) -> int:
    return stop.exit_code if stop.requested else summary.exit_code


def _place(work: Work, request: Request) -> Workplace | str | None:
    """Where photos are edited.

    Raises:
        UsageError: several workers are asked for what only this process can do.
    """
    run = request.run
    place = choose_workplace(work.device, run.workers, ray=run.engine is Engine.RAY, address=run.address)
    if isinstance(place, str | None):
        return place
    if work.target.root is None or work.target.file is not None:
        raise UsageError(
            "one photo is not to be divided among workers; give one --device, and no --engine or --workers"
        )
    if STDIN in request.arguments:
        raise UsageError("- is read by this process, not by its workers; name a file, or give one --device")
    return place


def _setup(work: Work, request: Request) -> Setup:
    from ip2p_cli.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(work.model, work.manager, offline=work.offline)
    lora = None if request.model.lora is None else find_lora(request.model.lora)
    settings = RunSettings(
        work.model,
        checkpoint.fingerprint if lora is None else lora.fingerprint(checkpoint.fingerprint),
        _step_settings_of(checkpoint.defaults),
        work.encoding,
        not request.output.model_res,
        work.size,
        work.frames,
        None if lora is None else lora.name,
        None if work.masks is None else work.masks.path.name,
    )
    return Setup(
        settings=settings,
        model=work.model,
        lora=request.model.lora,
        dtype=work.dtype,
        offline=work.offline,
        samplers=frozenset(work.samplers),
        batch_size=work.batch_size,
        max_megapixels=work.max_megapixels,
        check_seconds=work.check_seconds,
        masks=work.masks,
        mask_out=request.output.mask_out,
        root=work.target.root,
    )


def _anywhere(setup: Setup, manager: PluginManager) -> Setup:
    """The same for a process whose current folder may be another: with absolute paths."""
    model = Path(setup.model).expanduser()
    is_folder = setup.model not in known_models(collect_models(manager)) and model.is_dir()
    return replace(
        setup,
        model=str(model.absolute()) if is_folder else setup.model,
        lora=None if setup.lora is None else str(Path(setup.lora).expanduser().absolute()),
        masks=None if setup.masks is None else GivenMasks(setup.masks.path.absolute()),
        mask_out=None if setup.mask_out is None else setup.mask_out.expanduser().absolute(),
    )


def _step_settings_of(own: EditDefaults) -> StepSettings:
    return StepSettings(own.steps, own.text_guidance, own.image_guidance, own.sampler)


def _make_output_folder(target: Destination) -> None:
    if target.root is None:
        return
    with writing(target.root):
        target.root.mkdir(parents=True, exist_ok=True)
