"""A folder of small photos, what an uninterrupted run makes of it, and what has to be true after any other run."""

from __future__ import annotations

import re
import shutil
from hashlib import blake2b
from pathlib import Path

from PIL import Image

from tests.core.bench import Bench
from tests.fakes import FakeEditor

PHOTOS = 5
BATCH = 2
INSTRUCTION = "make it night"
_TEMPORARY = re.compile(r"\.ip2p-[0-9a-f]{16}(-\d+)?\.tmp")


def make_photos(folder: Path, number: int = PHOTOS) -> None:
    """Small photos, no two alike, in formats that are written differently."""
    folder.mkdir(parents=True)
    for index in range(number):
        suffix = ("png", "jpg")[index % 2]
        Image.new("RGB", (16 + index, 12), (index * 40 % 256, 90, 200)).save(folder / f"{index}.{suffix}")


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file by name; the journal, which holds process ids, is left out."""
    return {
        path.relative_to(folder).as_posix(): blake2b(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and ".ip2p" not in path.relative_to(folder).parts
    }


class Rig:
    """`root/photos` and `root/out`."""

    def __init__(self, root: Path) -> None:
        self.root, self.photos, self.out = root, root / "photos", root / "out"
        if not self.photos.exists():
            make_photos(self.photos)
        self.inputs = contents(self.photos)

    def clear(self) -> None:
        """Back to before any run."""
        shutil.rmtree(self.out, ignore_errors=True)

    def run(self) -> list[str]:
        """A run in this process; names of the photos that were edited."""
        bench = Bench(self.root, editor := FakeEditor())
        bench.run(INSTRUCTION, batch_size=BATCH)
        by_width = {16 + index: name for index, name in enumerate(sorted(self.inputs))}
        return [by_width[request.image.width] for call in editor.calls for request in call]

    def expected(self) -> dict[str, str]:
        """What an uninterrupted run leaves; the output folder is empty before and after."""
        self.clear()
        self.run()
        made = contents(self.out)
        assert len(made) == PHOTOS
        self.clear()
        return made

    def finished(self, expected: dict[str, str]) -> set[str]:
        """After a run that was cut short: what is whole under its final name; only temporary files may be beside it.

        Raises:
            AssertionError: something is under a final name that does not belong there.
        """
        found = contents(self.out)
        names = {name for name in found if not _TEMPORARY.fullmatch(name)}
        for name in names:
            assert found[name] == expected.get(name), f"{name} is half-written"
        return names

    def check_whole(self, expected: dict[str, str]) -> None:
        """After a run that went to its end."""
        assert contents(self.out) == expected
        assert contents(self.photos) == self.inputs
        assert {path.name for path in (self.out / ".ip2p").iterdir()} == {"journal.sqlite", "runs.lock"}
