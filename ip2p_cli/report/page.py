"""`--report page.html`: one page that holds all it shows, put together from disk, whatever the number of photos."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import tempfile
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ip2p_cli import __version__
from ip2p_cli.events import STATUSES, Summary
from ip2p_cli.printable import one_line
from ip2p_cli.report.items import as_json, item_facts, settings_facts
from ip2p_cli.report.previews import Pair
from ip2p_cli.report.replacing import check_ours, replacing, write_problem
from ip2p_cli.types import Outcome, StepSettings

if TYPE_CHECKING:
    from PIL.Image import Image

OPTION = "--report"
SUFFIXES = (".html", ".htm")
# The longer side of the previews of the first 24 items, of the first 400, and of the rest: a short report is sharp on a
# whole screen, a long one still opens quickly.
SIDES = ((24, 800), (400, 320))
SMALLEST_SIDE = 240
_MARK = b'<meta name="generator" content="ip2p">'
_HEAD_BYTES = 400  # within which the mark stands


class Page:
    """The sink that makes the page. `defaults` are the settings that the checkpoint brings."""

    def __init__(self, path: Path, output: str, defaults: StepSettings = StepSettings()) -> None:
        self._path = path.absolute()
        self._output = output
        self._defaults = defaults
        self._items: IO[bytes] | None = None
        self._pictures: IO[bytes] | None = None

    def side(self, number: int) -> int:
        """The first ones are larger."""
        return next((side for count, side in SIDES if number < count), SMALLEST_SIDE)

    def add(self, number: int, outcome: Outcome, pair: Pair | None) -> None:
        """Spool one item.

        Raises:
            Ip2pError: the disk is full.
        """
        facts = item_facts(outcome, pair, self._path.parent)
        self.add_encoded(number, facts, None if pair is None else _encoded(pair.within(self.side(number))))

    def add_encoded(self, number: int, facts: dict[str, object], pictures: tuple[bytes, bytes] | None) -> None:
        """Spool one item whose two pictures are WebP files."""
        try:
            self._open_spools()
            assert self._items is not None and self._pictures is not None
            self._items.write((b",\n" if number else b"") + as_json(facts))
            if pictures is not None:
                before, after = (base64.b64encode(data) for data in pictures)
                self._pictures.write(b'<script type="text/plain" id="p%d">%b\n%b</script>\n' % (number, before, after))
        except OSError as problem:
            raise write_problem(problem, self._path, OPTION) from problem

    def finish(self, summary: Summary) -> None:
        """Put the page in place.

        Raises:
            Ip2pError: it cannot be written, or somebody has put something else there.
        """
        check_ours(self._path, OPTION, is_page)
        top, middle, bottom = _template()
        with replacing(self._path, OPTION) as file:
            file.write(top + b'{"run":' + as_json(self._run_facts(summary)) + b',"items":[\n')
            _pour(self._items, file)
            file.write(b"\n]}" + middle)
            _pour(self._pictures, file)
            file.write(bottom)

    def _open_spools(self) -> None:
        """Files without a name, beside the page: they are gone with the process, however it ends."""
        if self._items is None:
            self._items, self._pictures = (tempfile.TemporaryFile(dir=self._path.parent) for _ in range(2))  # noqa: SIM115

    def _run_facts(self, summary: Summary) -> dict[str, object]:
        return {
            "version": __version__,
            "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
            "output": one_line(self._output),
            "counts": {status: summary.counts[status] for status in STATUSES if summary.counts[status]},
            "seconds": round(summary.seconds, 1),
            "defaults": settings_facts(self._defaults),
        }


def is_page(path: Path) -> bool:
    """Whether a file is a page made here."""
    with path.open("rb") as file:
        return _MARK in file.read(_HEAD_BYTES)


def _encoded(pair: Pair) -> tuple[bytes, bytes]:
    return _webp(pair.before), _webp(pair.after)


def _webp(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=58, method=2)
    return buffer.getvalue()


def _pour(spool: IO[bytes] | None, file: IO[bytes]) -> None:
    if spool is not None:
        spool.seek(0)
        shutil.copyfileobj(spool, file)
        spool.close()


def _template() -> tuple[bytes, bytes, bytes]:
    """The page up to its items, from there to its pictures, and its end.

    Style and script are named by their hashes in the page's own security policy: nothing else can run, whatever a
    file name manages to look like.
    """
    folder = resources.files(__package__)
    page, style, script = (folder.joinpath(f"page.{kind}").read_bytes() for kind in ("html", "css", "js"))
    for name, text in ((b"style", style), (b"script", script)):
        digest = base64.b64encode(hashlib.sha256(text).digest())
        page = page.replace(b"{%b-hash}" % name, b"sha256-" + digest).replace(b"{%b}" % name, text)
    top, rest = page.split(b"{items}")
    middle, bottom = rest.split(b"{pictures}")
    return top, middle, bottom
