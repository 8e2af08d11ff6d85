"""Photos edited by several workers with a fake editor: each output once, whichever worker dies, and wherever."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.assembly import Setup
from ip2p_cli.atomic import AtomicWriter, temporary_name
from ip2p_cli.choices import OnExists
from ip2p_cli.claims import Claims
from ip2p_cli.distributed import requests
from ip2p_cli.distributed import worker as edit_worker
from ip2p_cli.distributed.desk import EditDesk
from ip2p_cli.distributed.pool import EditPool
from ip2p_cli.distributed.worker import EditWork, be_edit_worker
from ip2p_cli.errors import EnvironmentStop, Ip2pError
from ip2p_cli.images import decode
from ip2p_cli.journal import Journal
from ip2p_cli.ledger import OwnLedger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.masks import GivenMasks
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.plan import Chains, PhotoPlan
from ip2p_cli.plugin_manager import PluginManager
from ip2p_cli.prepare import RunSettings
from ip2p_cli.time_limit import LIMIT
from ip2p_cli.types import EditJob, Source, Step
from ip2p_cli.workers import WorkQueue
from tests.core.bench import Bench, Recorder
from tests.fakes import EXPLOSIVE, FakeEditor
from tests.photos import gradient, save
from tests.proofs.rig import contents
from tests.workers.threads import Dies, Killed, Threads

BATCH = 2


class InProcess:
    """Decoders without processes of their own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.decode = decode

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *problem: object) -> None:
        """Nothing to end."""


class Office:
    """A folder of photos, and runs over it by threads that are workers."""

    def __init__(self, root: Path, photos: int = 5) -> None:
        self.photos, self.out = root / "photos", root / "out"
        for number in range(photos):
            save(self.photos / f"{number}.png", gradient(20 + number, 15))
        self.mask: Path | None = None
        self.mask_out: Path | None = None
        self.recorder = Recorder()
        self.notices: list[str] = []
        self.stop: Callable[[], bool] = lambda: False

    def run(
        self,
        instruction: str = "x",
        *,
        workers: int = 2,
        dies: Dies = lambda worker, request: None,
        variants: int = 1,
        on_exists: OnExists = OnExists.RESUME,
        plans: Iterator[PhotoPlan | None] | None = None,
    ) -> Threads:
        chains = Chains(((Step(instruction),),), variants=variants)
        settings = RunSettings("fake", "fake-1")
        setup = Setup(settings, ModelChoice("fake", batch_size=BATCH), frozenset(), self.mask, 9, LIMIT)
        work = EditWork(setup, self.out, on_exists, self.mask_out, (), ())
        place = Threads(workers, dies)
        self.recorder, self.notices = Recorder(), []
        self.out.mkdir(exist_ok=True)
        with (
            Journal(self.out, settings.identity(chains)) as journal,
            place.hired(be_edit_worker, work) as links,
        ):
            if plans is None:
                plans = Bench(self.out.parent).plans(chains)
            masks = None if self.mask_out is None else MaskFolder(self.mask_out, self.out, on_exists)
            ledger = OwnLedger(journal, Claims(journal, on_exists, mask_folder=masks), AtomicWriter(self.out))
            pool = EditPool(
                links, plans, "fake", BATCH, ledger, [self.recorder], lambda: self.stop(), self.notices.append
            )
            pool.run()
        return place

    @property
    def statuses(self) -> Counter[str]:
        return Counter(self.recorder.statuses)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(edit_worker, "create_plugin_manager", PluginManager)
    monkeypatch.setattr("ip2p_cli.api.load_editor", lambda *arguments, **options: FakeEditor())
    monkeypatch.setattr("ip2p_cli.decoders.Decoders", InProcess)
    monkeypatch.setattr("ip2p_cli.batch.POLL", 0.005)
    monkeypatch.setattr("ip2p_cli.workers.pool.POLL", 0.005)
    return Office(tmp_path)


@contextmanager
def clean(office: Office) -> Iterator[None]:
    """Nothing is left in the output folder but outputs and the journal, in which nothing is in hand."""
    yield
    assert not [name for name in contents(office.out) if name.endswith(".tmp")]
    with Journal(office.out, "another run would be refused if one were alive") as journal:
        assert journal._database.execute("SELECT COUNT(*) FROM runs").fetchone() == (1,)
        assert journal._database.execute("SELECT COUNT(*) FROM items WHERE state <> 'done'").fetchone() == (0,)


def alone(office: Office, **options: Any) -> dict[str, str]:
    """What one process makes of the photos."""
    bench = Bench(office.out.parent)
    bench.out = office.out.with_name("alone")
    bench.run("x", batch_size=BATCH, **options)
    return contents(bench.out)


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_several_make_what_one_does_and_tell_it_in_order(office: Office, workers: int) -> None:
    with clean(office):
        place = office.run(workers=workers)
    assert contents(office.out) == alone(office)
    assert office.recorder.statuses == ["done"] * 5
    assert [outcome.job.source.relative.name for outcome in office.recorder.outcomes] == [f"{n}.png" for n in range(5)]
    assert office.recorder.finished == 1
    assert sum(place.asked) > 5
    assert office.notices == []


def check_deaths(office: Office, every: int, **options: Any) -> None:
    """See that a worker may die before or after any of its requests, or after one in `every`."""
    expected = alone(office, **options)
    others = {}
    if "on_exists" in options:
        office.out.mkdir()
        save(office.out / "1.png", Image.new("RGB", (9, 9)))  # somebody else's
        others = contents(office.out)
    if options.get("on_exists") is OnExists.RENAME:
        expected = {"1_1.png": expected["1.png"], **expected, **others}
    total = max(office.run(**options).asked)
    assert contents(office.out) == expected
    for fatal, when in list(itertools.product(range(1, total + 1), ("before", "after")))[::every]:
        for path in office.out.glob("*.png"):
            path.unlink()
        for name in others:
            save(office.out / name, Image.new("RGB", (9, 9)))
        (office.out / ".ip2p" / "journal.sqlite").unlink()

        def dies(worker: int, request: int, fatal: int = fatal, when: str = when) -> str | None:
            return when if (worker, request) == (0, fatal) else None

        with clean(office):
            office.run(dies=dies, **options)
        assert contents(office.out) == expected, (fatal, when)
        assert office.statuses == {"done": len(expected) - ("1_1.png" in expected)}, (fatal, when)


def test_a_worker_that_dies_costs_nothing(office: Office) -> None:
    check_deaths(office, 11, variants=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "every"),
    [({"variants": 2}, 3), ({"on_exists": OnExists.RENAME}, 1), ({"on_exists": OnExists.OVERWRITE}, 1)],
)
def test_a_worker_that_dies_at_any_request_costs_nothing(office: Office, options: dict[str, Any], every: int) -> None:
    check_deaths(office, every, **options)


def test_masks_are_written_as_by_one_process_whoever_dies(office: Office, tmp_path: Path) -> None:
    office.mask, office.mask_out = tmp_path / "given", tmp_path / "seen"
    for number in range(5):
        save(office.mask / f"{number}.png", gradient(20 + number, 15).convert("L"))
    alone(office, masks=GivenMasks(office.mask, decode), mask_folder=tmp_path / "expected")
    for fatal in (5, 8, 11):

        def dies(worker: int, request: int, fatal: int = fatal) -> str | None:
            return "after" if (worker, request) == (0, fatal) else None

        with clean(office):
            office.run(dies=dies, on_exists=OnExists.OVERWRITE)
        assert office.statuses == {"done": 5}
        assert contents(office.mask_out) == contents(tmp_path / "expected")


def test_a_hard_stop_leaves_nothing_half_written(office: Office, tmp_path: Path) -> None:
    outputs, masks = tmp_path / "out", tmp_path / "seen"
    outputs.mkdir()
    masks.mkdir()
    job = EditJob(Source(None, PurePosixPath("0.png")), outputs / "0.png", (Step("x"),))
    folder = MaskFolder(masks, outputs, OnExists.RESUME)
    with Journal(outputs, "x") as journal:
        ledger = OwnLedger(journal, Claims(journal, OnExists.RESUME, mask_folder=folder), AtomicWriter(outputs))
        desk = EditDesk(WorkQueue(iter(()), 1, 1), 1, "fake", ledger, lambda: False, office.notices.append)
        desk.answer(0, requests.Claim(job, "key"))
        (outputs / temporary_name("0.png", "0")).touch()
        (masks / temporary_name("0.png.png", "0")).touch()
        desk.discard_temporary()
    assert not list(outputs.glob("*.tmp")) + list(masks.glob("*"))


def test_a_photo_that_ends_two_workers_fails_and_the_others_are_done(office: Office) -> None:
    """Like one that draws the system's out-of-memory killer each time."""

    class Deadly(FakeEditor):
        def edit_chains(self, chains: Any, **options: Any) -> Any:
            if any(chain[0].image.width == 22 for chain in chains):
                raise Killed
            return super().edit_chains(chains, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ip2p_cli.api.load_editor", lambda *arguments, **options: Deadly())
        office.run(workers=3)
    assert office.statuses == {"done": 4, "failed": 1}
    [failed] = [outcome for outcome in office.recorder.outcomes if outcome.status == "failed"]
    assert failed.job.source.relative.name == "2.png" and "two workers were lost over it" in str(failed.reason)
    office.run()
    assert office.statuses == {"skipped": 4, "failed": 1}, "it does not end workers again"


def test_where_all_die_the_run_stops_and_the_next_goes_on(office: Office) -> None:
    with pytest.raises(EnvironmentStop, match=r"no worker is left \(worker \d was killed\); run"):
        office.run(dies=lambda worker, request: "after" if request == 6 else None)
    assert office.recorder.finished == 1
    told = office.statuses["done"]
    office.run()
    assert office.statuses == {"done": 5 - told, "skipped": told} if told else {"done": 5}
    assert contents(office.out) == alone(office)


def test_a_second_run_skips_everything(office: Office) -> None:
    office.run()
    office.run()
    assert office.statuses == {"skipped": 5}


def test_one_photo_that_fails_is_named_and_the_others_are_done(office: Office) -> None:
    save(office.photos / "2.png", Image.new("RGB", (20, 15), EXPLOSIVE))
    (office.photos / "3.png").write_bytes(b"text")
    office.run()
    assert office.recorder.statuses == ["done", "done", "failed", "failed", "done"]
    assert "bang" in str(office.recorder.outcomes[2].reason)


def test_a_name_that_two_photos_want_fails_the_second(office: Office, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    plans = list(bench.plans(Chains(((Step("x"),),))))
    [item] = plans[0].jobs
    other = PhotoPlan(plans[1].source, (replace(item, job=replace(item.job, source=plans[1].source)),))
    office.run(plans=iter([*plans, other]))
    assert office.statuses == {"done": 5, "failed": 1}
    assert "is made of" in str(office.recorder.outcomes[-1].reason)


def test_an_output_of_something_else_is_an_error(office: Office) -> None:
    office.run("make it night")
    office.run("add snow")
    assert office.statuses == {"failed": 5}
    assert "'make it night', not" in str(office.recorder.outcomes[0].reason)


def test_a_lost_device_ends_its_worker_and_the_run_when_it_is_the_last(office: Office) -> None:
    with pytest.raises(EnvironmentStop, match="the device is lost"):
        office.run("device lost")
    assert office.statuses == {}


def test_what_every_worker_would_meet_ends_the_run_with_its_exit_code(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> FakeEditor:
        raise Ip2pError("no such device")

    monkeypatch.setattr("ip2p_cli.api.load_editor", refuse)
    with pytest.raises(Ip2pError, match=r"^no such device$") as told:
        office.run()
    assert told.value.exit_code == 2
    assert contents(office.out) == {}


def test_a_bug_in_a_worker_shows_where_it_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ip2p_cli.api.load_editor", lambda *arguments, **options: 1 / 0)
    with pytest.raises(RuntimeError, match=r"^ZeroDivisionError: division by zero\n(.*\n)*Traceback"):
        office.run()


def test_asked_to_stop_it_finishes_what_it_has_begun(office: Office) -> None:
    office.stop = lambda: bool(office.recorder.outcomes)
    with clean(office):
        office.run()
    assert 1 <= office.statuses["done"] == office.statuses.total() == len(contents(office.out))


def test_a_disk_that_fails_in_the_run_stops_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ip2p_cli.atomic.os.replace", full)
    with pytest.raises(EnvironmentStop, match="make room"):
        office.run()
    assert contents(office.out) == {}


def test_photos_that_come_later_are_done_too(office: Office, tmp_path: Path) -> None:
    chains = Chains(((Step("x"),),))

    def watched() -> Iterator[PhotoPlan | None]:
        for plan in Bench(tmp_path).plans(chains):
            yield plan
            while len(office.recorder.outcomes) < plan.jobs[0].job.number:
                yield None

    office.run(plans=watched())
    assert office.statuses == {"done": 5}
