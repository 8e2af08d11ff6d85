"""Puts together what edits photos in one process: the run itself, or one of its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.checks import Checks
from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.events import Listener, Summary
from ip2p_cli.ledger import Ledger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.masks import GivenMasks
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.plugin_manager import PluginManager
from ip2p_cli.prepare import Preparer, RunSettings
from ip2p_cli.sequences import Frames
from ip2p_cli.sources import SourceReader

if TYPE_CHECKING:
    from ip2p_cli.editor import Editor


@dataclass(frozen=True)
class Setup:
    """All that editing takes but the photos and the device. It travels by pickle: its paths are absolute."""

    settings: RunSettings
    model: str  # as `load_editor` takes it
    lora: str | None
    dtype: str | None
    offline: bool
    samplers: frozenset[str]  # that are asked for by name
    batch_size: int
    max_megapixels: int
    check_seconds: float
    masks: GivenMasks | None
    mask_out: Path | None
    root: Path | None  # of the outputs; None: standard output


def edit_photos(
    setup: Setup,
    manager: PluginManager,
    device: str | None,
    ledger: Ledger | None,
    reader: SourceReader,
    plans: Iterable[PhotoPlan | None],
    listeners: Sequence[Listener],
    stop_requested: Callable[[], bool],
) -> Summary:
    """Edit photos in this process, the model loaded for the first that needs it.

    Raises:
        Ip2pError: what ends a run.
    """
    from ip2p_cli.batch import BatchRun
    from ip2p_cli.chain import ChainRunner
    from ip2p_cli.decoders import Decoders
    from ip2p_cli.frames import FrameRunner
    from ip2p_cli.store import Store

    settings, checks = setup.settings, Checks(manager, setup.check_seconds)
    runner = ChainRunner(
        lambda: load(setup, manager, device),
        checks,
        settings.model,
        full_resolution=settings.full_resolution,
        size=settings.size,
    )
    mask_folder = None if setup.mask_out is None else MaskFolder(setup.mask_out, setup.root)
    with Decoders(setup.max_megapixels, first_only=settings.frames is Frames.FIRST) as decoders:
        run = BatchRun(
            Preparer(settings, checks, ledger, reader, decoders.decode, setup.masks),
            FrameRunner(runner, setup.batch_size),
            Store(settings, ledger, masks=mask_folder),
            listeners,
            setup.batch_size,
            stop_requested,
        )
        return run.run(plans)


def load(setup: Setup, manager: PluginManager, device: str | None) -> Editor:
    """The editor, its samplers checked.

    Raises:
        EnvironmentStop: it does not fit into memory.
        Ip2pError: as `load_editor`.
    """
    from ip2p_cli.api import load_editor
    from ip2p_cli.chain import is_out_of_memory

    try:
        editor = load_editor(
            setup.model,
            device=device,
            dtype=setup.dtype,
            offline=setup.offline,
            lora=setup.lora,
            plugins=manager,
        )
    except Exception as problem:
        if is_out_of_memory(problem):
            raise EnvironmentStop(
                "not enough memory to load the model; use a smaller --model, or --device cpu"
            ) from problem
        raise
    editor.batch_size = setup.batch_size
    editor.check_samplers(setup.samplers)  # now, not when the second step of a chain comes to it
    return editor
