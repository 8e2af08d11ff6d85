"""Damaged and odd photos by the thousand: each ends as a whole picture or as one failed item, and nothing else happens.

IP2P_MUTANTS sets how many mutants are tried (50,000 take a quarter of an hour). IP2P_PILLOW_SOURCE names a source
distribution of Pillow that is there already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path

import pytest
from PIL import __version__ as pillow_version

from ip2p_cli.choices import Metadata
from ip2p_cli.decoders import Decoders
from ip2p_cli.errors import ItemError
from ip2p_cli.images import decode
from ip2p_cli.output import Encoding, encode
from ip2p_cli.provenance import Provenance
from ip2p_cli.types import Step
from tests.commands.conftest import CommandLine
from tests.fakes import shifted
from tests.mutants import mutant, seeds

MUTANTS = int(os.environ.get("IP2P_MUTANTS", "3000"))
MARK = Provenance("mini", "0123", (Step("make it night"),))
MODES = list(Metadata)


def outcome(decoders: Decoders, data: bytes, number: int) -> str:
    try:
        photo = decoders.decode(data)
        further = [shifted(frame.rgb, 7) for frame in photo.further]
        encoded = encode(shifted(photo.rgb, 7), photo, Encoding(metadata=MODES[number % 3]), MARK, further)
    except ItemError as problem:
        reason = str(problem)
        assert "\n" not in reason
        assert "longer than" not in reason, f"mutant {number} hangs"
        return "crashed" if "crashed" in reason else "refused"
    if number % 20 == 0:
        assert decode(encoded).rgb.size == photo.rgb.size
    return "written"


@pytest.mark.slow
def test_mutants() -> None:
    originals = seeds()
    with Decoders(20, seconds=60) as decoders, ThreadPoolExecutor(2) as pool:
        ends = Counter(pool.map(lambda n: outcome(decoders, mutant(originals, n), n), range(MUTANTS)))
    print(f"{MUTANTS} mutants: {dict(ends)}")
    assert sum(ends.values()) == MUTANTS
    assert min(ends["written"], ends["refused"]) > MUTANTS / 20, "mutants that all end alike would prove nothing"


@pytest.fixture(scope="module")
def pillow_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file of Pillow's source distribution."""
    folder = tmp_path_factory.mktemp("pillow")
    given = os.environ.get("IP2P_PILLOW_SOURCE")
    if given is None:
        wanted = ["--no-deps", "--no-binary", "pillow", f"pillow=={pillow_version}"]
        command = [sys.executable, "-m", "pip", "download", "-q", *wanted, "-d", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        archives = list(folder.glob("*.tar.gz"))
        if not archives:
            reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            pytest.skip(f"Pillow's source distribution cannot be had here: {reason}")
        given = str(archives[0])
    with tarfile.open(given) as archive:
        archive.extractall(folder / "source", filter="data")
    return folder / "source"


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): blake2b(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_every_file_of_pillows_own_tests(ip2p: CommandLine, pillow_source: Path) -> None:
    images = sorted(path for path in (pillow_source).rglob("*") if path.is_file() and "images" in path.parts)
    assert len(images) > 900
    before = digests(pillow_source)
    around = {path.name for path in ip2p.folder.iterdir()}
    names = b"\0".join(os.fsencode(path) for path in images)
    template = ["--name", "{relpath}/{stem}{ext}.png"]
    # What a network of random weights makes of a plain picture may be blank, and would rightly be blocked.
    template += ["--no-plugin", "blank"]
    answer = ip2p("edit", "--files-from0", "-", "-i", "x", "--json", *template, stdin=names)
    *items, summary = answer.events
    print(f"{len(images)} files: {summary}")
    assert answer.code == 1
    assert len(items) == len(images)
    for item in items:
        if item["status"] == "done":
            assert decode(Path(item["output"]).read_bytes()).rgb.size
        else:
            assert item["status"] == "failed"
            assert item["reason"]
            assert "\n" not in item["reason"]
            assert "a bug" not in item["reason"]
            assert "longer than" not in item["reason"]
    assert summary["done"] > 250
    assert digests(pillow_source) == before, "inputs are left as they are"
    assert {path.name for path in ip2p.folder.iterdir()} - around == {"edited"}, "nothing is written elsewhere"
