"""Where the work is done, by what the options say."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ip2p_cli.errors import MissingExtra, UsageError
from ip2p_cli.workers import choose, choose_workplace
from ip2p_cli.workers.processes import Processes
from ip2p_cli.workers.ray_actors import RayCluster, _share


def gpus(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(choose, "_all_devices", lambda: [f"cuda:{index}" for index in range(number)])


@pytest.mark.parametrize(("device", "workers"), [(None, None), ("cpu", None), ("cuda:1", 1), (None, 1)])
def test_one_device_is_worked_on_in_this_process(device: str | None, workers: int | None) -> None:
    assert choose_workplace(device, workers) == device


@pytest.mark.parametrize(
    ("device", "workers", "devices"),
    [
        ("cpu,cpu", None, ("cpu", "cpu")),
        ("cuda:0, cuda:2", None, ("cuda:0", "cuda:2")),
        ("cpu", 3, ("cpu",) * 3),
        ("cuda:0,cuda:1", 3, ("cuda:0", "cuda:1", "cuda:0")),
        ("all", None, ("cuda:0", "cuda:1")),
        (None, 3, ("cuda:0", "cuda:1", "cuda:0")),
    ],
)
def test_several_have_a_process_each(
    monkeypatch: pytest.MonkeyPatch, device: str | None, workers: int | None, devices: tuple[str, ...]
) -> None:
    gpus(monkeypatch, 2)
    place = choose_workplace(device, workers)
    assert isinstance(place, Processes)
    assert place._devices == devices


def test_without_accelerators_several_workers_take_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    place = choose_workplace(None, 2)
    assert isinstance(place, Processes)
    assert place._devices == (None, None)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"device": "all"}, "no CUDA device"),
        ({"device": "cpu,"}, "empty name"),
        ({"device": "cpu", "address": "auto"}, "--engine ray"),
        ({"device": "cuda:1", "ray": True}, "Ray chooses"),
        ({"device": "cpu,cpu", "ray": True}, "Ray chooses"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], says: str
) -> None:
    gpus(monkeypatch, 0)
    with pytest.raises(UsageError, match=says):
        choose_workplace(**arguments)


def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[ray\]'"):
        choose_workplace(None, ray=True)


NODES = [{"CPU": 8.0, "GPU": 4.0}, {"CPU": 8.0}, {"memory": 1.0}]


@pytest.mark.parametrize(
    ("device", "workers", "nodes", "count", "each"),
    [
        (None, None, NODES, 4, {"num_cpus": 1, "num_gpus": 1}),
        ("cuda", 2, NODES, 2, {"num_cpus": 1, "num_gpus": 1}),
        ("cpu", None, NODES, 2, {"num_cpus": 8}),
        ("cpu", 3, NODES, 3, {"num_cpus": 4}),
        (None, None, [{"CPU": 1.0}] * 3, 3, {"num_cpus": 1}),
        (None, 4, [{"CPU": 8.0}] * 3, 4, {"num_cpus": 4}),  # one node takes two
    ],
)
def test_what_each_worker_gets_of_a_cluster(
    device: str | None, workers: int | None, nodes: list[dict[str, float]], count: int, each: dict[str, int]
) -> None:
    share = _share(RayCluster(device, workers, None), nodes)
    assert share.workers == count
    assert share.options == {"scheduling_strategy": "SPREAD", "max_restarts": 0, **each}


@pytest.mark.parametrize(
    ("device", "workers", "nodes", "says"),
    [("cuda", None, NODES[1:], "no GPU"), ("cpu", 17, NODES, "too few for 17"), (None, None, [{}], "too few")],
)
def test_a_cluster_without_room_is_refused(
    device: str | None, workers: int | None, nodes: list[dict[str, float]], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        _share(RayCluster(device, workers, None), nodes)


@pytest.mark.parametrize(
    ("device", "first"), [(None, None), ("cpu", "cpu"), ("all", "auto"), ("cuda:1, cuda:0", "cuda:1"), ("auto", "auto")]
)
def test_what_edits_in_one_process_takes_the_first_device(device: str | None, first: str | None) -> None:
    assert choose.first_device(device) == first
