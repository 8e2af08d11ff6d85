"""A worker that edits photos: the way of a photo as in one process, with the journal kept by the run that hired it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli import __version__
from ip2p_cli.assembly import Setup, edit_photos
from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.checks import require_checks
from ip2p_cli.choices import OnExists
from ip2p_cli.claims import Ended, Held
from ip2p_cli.distributed import requests
from ip2p_cli.entries import FILE, FOLDER, digest_of
from ip2p_cli.errors import EnvironmentStop, Ip2pError
from ip2p_cli.events import Summary
from ip2p_cli.ledger import output_of
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.plugin_manager import PluginInfo, PluginManager, create_plugin_manager
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import EditJob, Outcome
from ip2p_cli.workers import Channel, Post


@dataclass(frozen=True)
class EditWork:
    """What each worker of a run is given; its paths are absolute."""

    setup: Setup  # but for the device, which is the worker's own
    root: Path  # of the outputs
    on_exists: OnExists
    mask_out: Path | None  # the folder that masks are written to
    plugins: tuple[PluginInfo, ...]  # of the run: checks among them
    required: tuple[str, ...]  # checks that have to work
    version: str = __version__


def be_edit_worker(work: EditWork, post: Post, channel: Channel) -> None:
    """Edit what the run gives, until it says that there is no more.

    Raises:
        Ip2pError: what ends a run; this machine is not set up as the run's.
    """
    manager = create_plugin_manager()
    check_machine(work, post, manager)
    attempt = f"{post.number}-{secrets.token_hex(4)}"  # a worker of a run before may still be at its last file
    edit_photos(
        work.setup.on(post.device),
        manager,
        RunsLedger(channel, AtomicWriter(work.root, attempt=attempt)),
        None if work.mask_out is None else MaskFolder(work.mask_out, work.root, work.on_exists, attempt),
        SourceReader(),
        _photos(channel),
        [_Teller(channel)],
        lambda: channel.ask(requests.IsStopRequested()),
    )


def check_machine(work: EditWork, post: Post, manager: PluginManager) -> None:
    """See that a worker here makes the same as one on the run's own machine.

    Raises:
        EnvironmentStop: it would not; the others go on.
    """
    if not post.is_elsewhere:
        return
    try:
        difference = _difference(work, manager)
    except Ip2pError as problem:
        difference = f"where {problem}"
    if difference is not None:
        raise EnvironmentStop(f"worker {post.number} is on another machine than the run, {difference}")


def _difference(work: EditWork, manager: PluginManager) -> str | None:
    """What keeps a worker here from making the same.

    Raises:
        Ip2pError: a required check cannot work here, or the model is not here.
    """
    from ip2p_cli.checkpoint import open_checkpoint
    from ip2p_cli.lora import find_lora

    model = work.setup.model
    if work.version != __version__:
        return f"which has ip2p {__version__}, not {work.version}; install the same"
    if set(work.plugins) != set(manager.plugins):
        names = sorted({plugin.name for plugin in set(work.plugins) ^ set(manager.plugins)})
        return f"with other plugins ({', '.join(names)}); install the same on both"
    require_checks(manager, work.required)
    if not (work.root / FOLDER / FILE).exists():
        return f"which does not see {work.root}; give -o on a file system that all machines share"
    fingerprint = open_checkpoint(model.name, manager, offline=model.offline).fingerprint
    if model.lora is not None:
        fingerprint = find_lora(model.lora).fingerprint(fingerprint)
    if fingerprint != work.setup.settings.fingerprint:
        return f"where {model.name} holds other weights; give one that all machines share"
    return None


class RunsLedger:
    """The ledger of a worker: the run keeps the journal. Files are written here, and put in place there."""

    def __init__(self, channel: Channel, writer: AtomicWriter) -> None:
        self._channel, self._writer = channel, writer

    def claim(self, job: EditJob, key: str) -> EditJob | Ended | Held:
        """As `Claims.claim`."""
        return self._channel.ask(requests.Claim(job, key))

    def is_held(self, held: Held) -> bool:
        """As `Claims.is_held`."""
        return self._channel.ask(requests.IsHeld(held))

    def ended(self, outcome: Outcome, state: str) -> None:
        """Have it noted."""
        self._channel.ask(requests.Ended(outcome, state))

    def write(self, outcome: Outcome, data: bytes) -> None:
        """Write it under a temporary name, and have it put in place."""
        with self._writer.staged(output_of(outcome.job), data) as temporary:
            self._channel.ask(requests.PutInPlace(outcome, temporary.name, digest_of(data)))


def _photos(channel: Channel) -> Iterator[PhotoPlan | None]:
    """The photos that the run gives, as they are asked for."""
    while not isinstance(photo := channel.ask(requests.TakePhoto()), requests.NoMore):
        yield photo


class _Teller:
    """The listener that tells the run."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def outcome(self, outcome: Outcome) -> None:
        """Tell it."""
        self._channel.ask(requests.Tell(outcome))

    def finish(self, summary: Summary) -> None:
        """The run has its own."""
