"""Decodes photos in processes of their own: a decoder that crashes, hangs or eats memory costs one item."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any

from ip2p_cli.decoder_process import LENGTH, command
from ip2p_cli.errors import ItemError
from ip2p_cli.images import Frame, Photo

SECONDS = 120  # for one photo; the largest takes a tenth of it
GRACE = 10


class Decoders:
    """As many processes as threads ask at once, started when they are first needed. One that died is replaced."""

    def __init__(
        self, max_megapixels: int, *, first_only: bool = False, enough: int | None = None, seconds: int = SECONDS
    ) -> None:
        """Limits and wishes as `images.decode` has them."""
        self._command = command(max_megapixels, first_only, enough, seconds)
        self._seconds = seconds
        self._idle: SimpleQueue[_Process] = SimpleQueue()

    def __enter__(self) -> Decoders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait().end()

    def decode(self, data: bytes) -> Photo:
        """Decode a photo, as `images.decode` does; calls may run in several threads.

        Raises:
            ItemError: it cannot be decoded, or its decoder crashed or took too long.
        """
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = _Process(self._command)
        try:
            answer = process.decode(data, self._seconds)
        except BaseException:
            process.end()
            raise
        self._idle.put(process)
        if isinstance(answer, str):
            raise ItemError(answer)
        return answer


class _Process:
    """One of the processes; it does one photo at a time."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout

    def decode(self, data: bytes, seconds: int) -> Photo | str:
        """The photo, or why it cannot be decoded.

        Raises:
            ItemError: the process died over it.
        """
        # The process watches the time itself; this is for where it cannot.
        watch = threading.Timer(seconds + GRACE, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            self._requests.write(len(data).to_bytes(LENGTH, "big"))
            self._requests.write(data)
            self._requests.flush()
            return receive(self._answers)
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            alive = watch.is_alive()
            self._process.kill()
            raise ItemError(_died(self._process.wait(), seconds, alive)) from None
        finally:
            watch.cancel()

    def end(self) -> None:
        """Have it end; it has nothing in hand."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._requests.close()
        self._answers.close()


def _died(code: int, seconds: int, in_time: bool) -> str:
    if not in_time or code == -getattr(signal, "SIGALRM", 0):
        return f"decoding it took longer than {seconds} s; export it again, or make it smaller"
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"it crashed its decoder ({how}), which cost no other photo; export it again"


def receive(stream: IO[bytes]) -> Photo | str:
    """Read what `decoder_process.send` wrote: a photo, or why there is none.

    Raises:
        EOFError, ValueError, KeyError, TypeError: the process died over it, or a broken decoder wrote nonsense.
    """
    head = json.loads(_read(stream, int.from_bytes(_read(stream, LENGTH), "big")))
    if "error" in head:
        return str(head["error"])
    first, *further = [_frame(stream, frame) for frame in head["frames"]]
    metadata = {name: _read(stream, size) for name, size in head["metadata"].items()}
    return Photo(
        rgb=first.rgb,
        format=head["format"],
        alpha=first.alpha,
        icc=metadata.get("icc"),
        exif=metadata.get("exif"),
        xmp=metadata.get("xmp"),
        dpi=tuple(head["dpi"]) if head["dpi"] else None,
        comment=metadata.get("comment"),
        further=tuple(further),
        durations=tuple(head["durations"]),
        plays=head["plays"],
        poster=head["poster"],
    )


def _frame(stream: IO[bytes], head: dict[str, Any]) -> Frame:
    from PIL import Image

    width, height = head["size"]
    rgb = Image.frombytes("RGB", (width, height), _read(stream, width * height * 3))
    alpha = Image.frombytes("L", (width, height), _read(stream, width * height)) if head["alpha"] else None
    return Frame(rgb, alpha)


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data
