"""`--engine ray` on a real cluster of three nodes of this machine, one of which is killed.

Ray comes with the extra `test`. PROOF_PHOTOS=1000 takes so many photos instead of a few.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.api import choose_workplace, spread
from tests.gen_data.test_pairs_workers import make, shards
from tests.gen_data.worker_engine import SeedPictures
from tests.proofs.conftest import REPOSITORY
from tests.proofs.rig import contents
from tests.tiny import TinySpec, make_checkpoint
from tests.workers.tasks import Squares

pytestmark = pytest.mark.slow
PHOTOS = int(os.environ.get("PROOF_PHOTOS", "60"))
NEEDS = "needs Ray: pip install '.[test]' brings it"
OBJECT_STORE = 80 << 20  # bytes; nearly nothing goes through it


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one core each, whose workers find the code of this repository."""
    cluster_utils = pytest.importorskip("ray.cluster_utils", reason=NEEDS)
    paths = [str(REPOSITORY), str(REPOSITORY / "plugins")]
    variables = {"PYTHONPATH": os.pathsep.join(paths), "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    node = {"num_cpus": 1, "object_store_memory": OBJECT_STORE}
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    made.killable = [made.add_node(**node) for _ in range(2)]
    yield made
    made.shutdown()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def test_tasks_are_done_on_the_cluster(cluster: Any, tmp_path: Path) -> None:
    place = choose_workplace(None, ray=True, address=cluster.address)
    assert place is not None and not isinstance(place, str)
    results = list(spread(place, Squares(tmp_path), [1, 2, -4, *range(3, 20)]))  # one of them kills its worker
    assert sorted(number for number, *_ in results) == sorted([16, *(number**2 for number in range(1, 20))])
    assert {device for _, device, _ in results} == {"cpu"}


def test_pairs_are_drawn_on_the_cluster(cluster: Any, tmp_path: Path) -> None:
    make(tmp_path / "one", SeedPictures(tmp_path))
    place = choose_workplace("cpu", 2, ray=True, address=cluster.address)
    assert make(tmp_path / "ray", SeedPictures(tmp_path), place)[-1] == (20, 20)
    assert shards(tmp_path / "ray") == shards(tmp_path / "one")


def test_each_output_is_made_once_on_three_nodes_one_of_them_killed(
    cluster: Any, fast_path: Path, environment: dict[str, str]
) -> None:
    defaults = {"native_size": 32, "steps": 1, "text_guidance": 3.0, "image_guidance": 1.3, "sampler": "ddim"}
    make_checkpoint(fast_path / "tiny", TinySpec(ip2p=defaults | {"licence": "CC0-1.0"}))
    (fast_path / "photos").mkdir()
    for number in range(PHOTOS):
        colour = (number % 256, number // 256 * 60, 90)
        Image.new("RGB", (40, 30), colour).save(fast_path / "photos" / f"{number:04}.jpg")
    command = [sys.executable, "-m", "ip2p_cli", "edit", "photos", "-i", "make it night", "--model", "tiny", "--json"]
    command += ["--model-res", "--device", "cpu", "--batch-size", "2"]
    for plugin in ("nsfw", "blank", "guidance"):
        command += ["--no-plugin", plugin]
    variables = {**environment, "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, "-o", "one", "-q"], cwd=fast_path, env=variables, check=True, stdout=subprocess.DEVNULL)
    started = [*command, "-o", "ray", "--engine", "ray", "--address", cluster.address]
    run = subprocess.Popen(
        started, cwd=fast_path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_outputs(fast_path / "ray", PHOTOS // 10, run)
    cluster.remove_node(cluster.killable.pop(), allow_graceful=False)
    out, said = run.communicate()
    assert run.returncode == 0, said
    assert said.count("the others go on with its photos") == 1
    events = [json.loads(line) for line in out.splitlines()]
    done = [event["output"] for event in events if event["event"] == "item" and event["status"] == "done"]
    assert len(done) == len(set(done)) == PHOTOS
    assert Counter(event["event"] for event in events) == {"item": PHOTOS, "summary": 1}
    assert contents(fast_path / "ray") == contents(fast_path / "one")


def wait_for_outputs(folder: Path, number: int, run: subprocess.Popen[str]) -> None:
    """Until so many are there."""
    while not folder.exists() or len(list(folder.glob("*.jpg"))) < number:
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:port", "nowhere.invalid:6379"])
def test_where_there_is_no_cluster_it_is_one_line(fast_path: Path, environment: dict[str, str], address: str) -> None:
    pytest.importorskip("ray", reason=NEEDS)
    (fast_path / "photos").mkdir()
    Image.new("RGB", (40, 30)).save(fast_path / "photos" / "a.png")
    command = [sys.executable, "-m", "ip2p_cli", "edit", "photos", "-i", "x", "--engine", "ray", "--address"]
    done = subprocess.run(
        [*command, address], cwd=fast_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    [line] = done.stderr.splitlines()
    assert f"no Ray cluster at {address}" in line
