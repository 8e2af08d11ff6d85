"""A run that edits, in this process or by several workers; what it needs is checked already."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ip2p_cli.assembly import Setup, edit_photos
from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.checks import Checks
from ip2p_cli.choices import Engine
from ip2p_cli.claims import Claims
from ip2p_cli.commands.reporting import make_report
from ip2p_cli.commands.work import Request, Work
from ip2p_cli.errors import UsageError
from ip2p_cli.events import Listener
from ip2p_cli.journal import Journal
from ip2p_cli.ledger import OwnLedger
from ip2p_cli.lora import find_lora
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.models import known_models
from ip2p_cli.plugin_manager import PluginManager, collect_models
from ip2p_cli.prepare import RunSettings
from ip2p_cli.progress import Display
from ip2p_cli.signals import StopRequest
from ip2p_cli.sources import STDIN
from ip2p_cli.workers import Workplace, choose_workplace
from ip2p_cli.writing import writing

ENOUGH = 2  # native sizes of a photo's shorter side, from which a smaller copy shows the model as much


def real_run(work: Work, request: Request, display: Display, listeners: Sequence[Listener]) -> int:
    """Do it, and give the exit code.

    Raises:
        Ip2pError: it cannot be done, or the environment stopped it.
    """
    place = _place(work, request)
    setup = _setup(work, request)
    _make_folders(work)
    listeners = [*listeners, *make_report(request.run, work.target, setup.settings.defaults, work.reader)]
    with ExitStack() as stack:
        writer, ledger = AtomicWriter(work.target.root), None
        if work.target.root is not None:
            identity = work.orders.identity(setup.settings.identity(work.chains))
            journal = stack.enter_context(Journal(work.target.root, identity, work.target.file))
            retry = request.run.retry_failed
            claims = Claims(journal, work.on_exists, retry_failed=retry, mask_folder=work.mask_folder)
            ledger = OwnLedger(journal, claims, writer)
        if isinstance(place, str | None):
            return _here(setup.on(place), work, ledger, writer, display, listeners)
        assert ledger is not None  # as `_place` has seen to
        return _by_workers(place, setup, work, request.output.mask_out, ledger, display, listeners)


def _here(
    setup: Setup,
    work: Work,
    ledger: OwnLedger | None,
    writer: AtomicWriter,
    display: Display,
    listeners: Sequence[Listener],
) -> int:
    def leave_nothing_half_written() -> None:
        writer.discard_all()
        if work.mask_folder is not None:
            work.mask_folder.discard_all()

    with display, StopRequest(leave_nothing_half_written, quiet=display.quiet) as stop:
        summary = edit_photos(
            setup,
            work.manager,
            ledger,
            work.mask_folder,
            work.reader,
            work.orders.plans,
            listeners,
            lambda: stop.requested,
        )
    return stop.exit_code if stop.requested else summary.exit_code


def _by_workers(
    place: Workplace,
    setup: Setup,
    work: Work,
    mask_out: Path | None,
    ledger: OwnLedger,
    display: Display,
    listeners: Sequence[Listener],
) -> int:
    from ip2p_cli.distributed.pool import EditPool
    from ip2p_cli.distributed.worker import EditWork, be_edit_worker

    assert work.target.root is not None
    task = EditWork(
        replace(setup, model=_anywhere(setup.model, work.manager)),
        work.target.root,
        work.on_exists,
        None if mask_out is None else mask_out.expanduser().absolute(),
        tuple(work.manager.plugins),
        work.required,
    )
    with place.hired(be_edit_worker, task) as links, display:
        pool = EditPool(
            links,
            work.orders.plans,
            setup.settings.model,
            max(setup.on(link.device).model.photos_at_once for link in links),
            ledger,
            listeners,
            lambda: stop.requested,
            display.notice,
        )
        with StopRequest(pool.end_at_once, quiet=display.quiet) as stop:
            summary = pool.run()
    return stop.exit_code if stop.requested else summary.exit_code


def _place(work: Work, request: Request) -> Workplace | str | None:
    """Where photos are edited.

    Raises:
        UsageError: several workers are asked for what only this process can do.
    """
    run = request.run
    place = choose_workplace(work.model.device, run.workers, ray=run.engine is Engine.RAY, address=run.address)
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

    model = work.model
    checkpoint = open_checkpoint(model.name, work.manager, offline=model.offline)
    lora = None if model.lora is None else find_lora(model.lora)
    settings = RunSettings(
        model.name,
        checkpoint.fingerprint if lora is None else lora.fingerprint(checkpoint.fingerprint),
        checkpoint.defaults.settings,
        work.encoding,
        not request.output.model_res,
        model.size,
        work.frames,
        None if lora is None else lora.name,
        None if work.mask is None else work.mask.name,
        tuple(sorted(model.accelerations)),
    )
    # A mask is drawn, and made by plugins, on the photo as it is.
    whole = settings.full_resolution or work.mask is not None or Checks(work.manager).make_masks
    enough = None if whole else ENOUGH * (model.size or checkpoint.native_size)
    return Setup(settings, model, frozenset(work.samplers), work.mask, work.max_megapixels, work.check_seconds, enough)


def _anywhere(model: ModelChoice, manager: PluginManager) -> ModelChoice:
    """The same for a process whose current folder may be another: with absolute paths."""
    path = Path(model.name).expanduser()
    is_folder = model.name not in known_models(collect_models(manager)) and path.is_dir()
    return replace(
        model,
        name=str(path.absolute()) if is_folder else model.name,
        lora=None if model.lora is None else str(Path(model.lora).expanduser().absolute()),
    )


def _make_folders(work: Work) -> None:
    """Those that are written to: what cannot be is said before anything is loaded."""
    if work.target.root is not None:
        with writing(work.target.root):
            work.target.root.mkdir(parents=True, exist_ok=True)
    if work.mask_folder is not None:
        work.mask_folder.make()
