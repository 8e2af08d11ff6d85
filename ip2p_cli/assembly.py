"""Puts together what edits photos in one process: the run itself, or each of its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ip2p_cli.checks import Checks
from ip2p_cli.choices import Frames
from ip2p_cli.events import Listener, Summary
from ip2p_cli.ledger import Ledger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.plugin_manager import PluginManager
from ip2p_cli.prepare import Preparer, RunSettings
from ip2p_cli.sources import SourceReader


@dataclass(frozen=True)
class Setup:
    """All that editing takes but the photos, the same in every process of a run. It travels by pickle."""

    settings: RunSettings
    model: ModelChoice
    samplers: frozenset[str]  # that are asked for by name
    mask: Path | None  # a file, or a folder of them
    max_megapixels: int
    check_seconds: float
    enough: int | None = None  # pixels that a photo's sides need to have for the model; None: all are needed

    def on(self, device: str | None) -> Setup:
        """The same on a device; None: the best there is."""
        return replace(self, model=replace(self.model, device=device))


def edit_photos(
    setup: Setup,
    manager: PluginManager,
    ledger: Ledger | None,
    mask_folder: MaskFolder | None,
    reader: SourceReader,
    plans: Iterable[PhotoPlan | None],
    listeners: Sequence[Listener],
    stop_requested: Callable[[], bool],
) -> Summary:
    """Edit photos in this process, the model loaded for the first that needs it.

    Without a ledger, the one picture goes to stdout.

    Raises:
        Ip2pError: what ends a run.
    """
    from ip2p_cli.batch import BatchRun
    from ip2p_cli.decoders import Decoders
    from ip2p_cli.frames import FrameRunner
    from ip2p_cli.masks import GivenMasks
    from ip2p_cli.store import Store
    from ip2p_cli.tries import TryRunner

    settings, model, checks = setup.settings, setup.model, Checks(manager, setup.check_seconds)
    runner = TryRunner(
        lambda: model.load(manager, setup.samplers),
        checks,
        model.name,
        full_resolution=settings.full_resolution,
        size=settings.size,
        latent_chain="latent-chain" in model.accelerations,
        stop_requested=stop_requested,
    )
    first_only = settings.frames is Frames.FIRST
    with Decoders(setup.max_megapixels, first_only=first_only, enough=setup.enough) as decoders:
        masks = None if setup.mask is None else GivenMasks(setup.mask, decoders.decode)
        run = BatchRun(
            Preparer(settings, checks, ledger, reader, decoders.decode, masks),
            FrameRunner(runner, model.photos_at_once),
            Store(settings, ledger, mask_folder=mask_folder),
            listeners,
            model.photos_at_once,
            stop_requested,
        )
        return run.run(plans)
