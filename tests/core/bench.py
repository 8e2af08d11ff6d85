"""A folder of photos, a fake editor, and everything between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pluggy

from ip2p_cli import hookspecs
from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.batch import BatchRun
from ip2p_cli.checks import Checks
from ip2p_cli.choices import OnExists
from ip2p_cli.claims import Claims
from ip2p_cli.frames import FrameRunner
from ip2p_cli.images import decode
from ip2p_cli.journal import Journal
from ip2p_cli.ledger import OwnLedger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.masks import GivenMasks
from ip2p_cli.plan import Chains, PhotoPlan, destination, plan
from ip2p_cli.prepare import Preparer, RunSettings
from ip2p_cli.sources import SourceReader
from ip2p_cli.store import Store
from ip2p_cli.time_limit import LIMIT
from ip2p_cli.tries import TryRunner
from ip2p_cli.types import Outcome, Source, Step
from tests.fakes import FakeEditor


class Recorder:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.finished = 0

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def finish(self, summary: object) -> None:
        self.finished += 1

    @property
    def statuses(self) -> list[str]:
        return [outcome.status for outcome in self.outcomes]


class Bench:
    """A folder of photos and everything a run needs."""

    def __init__(self, root: Path, editor: FakeEditor | None = None, **plugins: object) -> None:
        self.photos, self.out = root / "photos", root / "out"
        self.editor = editor or FakeEditor()
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        for name, plugin in plugins.items():
            self.manager.register(plugin, name)
        self.recorder = Recorder()
        self.exit_code: int | None = None
        self.stop: Callable[[], bool] = lambda: False
        self.check_seconds = LIMIT

    def plans(self, chains: Chains) -> Iterator[PhotoPlan]:
        sources = (Source(path, PurePosixPath(path.name)) for path in sorted(self.photos.iterdir()))
        return plan(sources, chains, destination(str(self.out), None, None, chains.outputs))

    def run(
        self,
        *instructions: str,
        on_exists: OnExists = OnExists.RESUME,
        batch_size: int = 4,
        variants: int = 1,
        seed: int = 0,
        full_resolution: bool = True,
        retry_failed: bool = False,
        plans: Iterator[PhotoPlan] | None = None,
        listeners: tuple[Any, ...] = (),
        masks: GivenMasks | None = None,
        mask_folder: Path | None = None,
        latent_chain: bool = False,
    ) -> list[str]:
        chains = Chains((tuple(map(Step, instructions)),), seed=seed, variants=variants)
        settings = RunSettings("fake", self.editor.fingerprint, full_resolution=full_resolution)
        checks = Checks(self.manager, self.check_seconds)
        self.recorder = Recorder()
        self.editor.batch_size = batch_size
        self.out.mkdir(exist_ok=True)
        runner = TryRunner(
            lambda: self.editor,
            checks,
            "fake",
            full_resolution=full_resolution,
            latent_chain=latent_chain,
            stop_requested=self.stop,
        )
        self.mask_folder = mask_folder and MaskFolder(mask_folder, self.out, on_exists)
        with Journal(self.out, settings.identity(chains)) as journal:
            claims = Claims(journal, on_exists, retry_failed=retry_failed, mask_folder=self.mask_folder)
            ledger = OwnLedger(journal, claims, AtomicWriter(self.out))
            run = BatchRun(
                Preparer(settings, checks, ledger, SourceReader(BytesIO()), decode, masks),
                FrameRunner(runner, batch_size),
                Store(settings, ledger, mask_folder=self.mask_folder),
                [self.recorder, *listeners],
                batch_size,
                self.stop,
            )
            self.exit_code = run.run(self.plans(chains) if plans is None else plans).exit_code
        return self.recorder.statuses

    def written(self) -> list[str]:
        return sorted(p.name for p in self.out.rglob("*") if p.is_file() and ".ip2p" not in p.parts)


def with_plugin(bench: Bench, plugin: object) -> Bench:
    return Bench(bench.photos.parent, bench.editor, check=plugin)
