"""The process that decodes, apart from the run: what a damaged file does to it costs that one file.

It reads requests (a length, a file's bytes) from stdin and writes answers (a length, a JSON head, then pixels and
metadata as the head says) to stdout. Nothing that comes out of it is ever unpickled or run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from contextlib import suppress
from typing import IO

from ip2p_cli.errors import ItemError
from ip2p_cli.images import Photo, decode

LENGTH = 8  # bytes of a length, big-endian
_BYTES_PER_PIXEL = 48  # at the worst: several copies of a deep picture
_BASE_MEMORY = 2 << 30


def main(max_megapixels: int, first_only: bool, enough: int | None, seconds: int) -> None:
    """Answer requests until stdin ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _protect(max_megapixels)
    while head := requests.read(LENGTH):
        data = requests.read(int.from_bytes(head, "big"))
        _set_alarm(seconds)
        try:
            photo = decode(data, max_megapixels=max_megapixels, first_only=first_only, enough=enough)
        except ItemError as problem:
            _answer(answers, {"error": str(problem)}, [])
        else:
            send(answers, photo)
        _set_alarm(0)


def _protect(max_megapixels: int) -> None:
    """Bounds that hold whatever a decoder does."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which finishes what it has in hand
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        limit = _BASE_MEMORY + max_megapixels * 1_000_000 * _BYTES_PER_PIXEL
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out, Linux ends this process and not the run


def _set_alarm(seconds: int) -> None:
    """Die when the time is over, even inside a decoder, and even where nobody is left to see to it."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def send(stream: IO[bytes], photo: Photo) -> None:
    """Write a photo as an answer; `decoders.receive` reads it."""
    frames, pixels = [], []
    for frame in photo.frames:
        frames.append({"size": frame.rgb.size, "alpha": frame.alpha is not None})
        pixels.append(frame.rgb.tobytes())
        if frame.alpha is not None:
            pixels.append(frame.alpha.tobytes())
    metadata = {"icc": photo.icc, "exif": photo.exif, "xmp": photo.xmp, "comment": photo.comment}
    head: dict[str, object] = {
        "format": photo.format,
        "dpi": photo.dpi,
        "durations": photo.durations,
        "plays": photo.plays,
        "poster": photo.poster,
        "frames": frames,
        "metadata": {name: len(value) for name, value in metadata.items() if value},
    }
    _answer(stream, head, [*pixels, *(value for value in metadata.values() if value)])


def _answer(stream: IO[bytes], head: dict[str, object], parts: list[bytes]) -> None:
    text = json.dumps(head).encode()
    stream.write(len(text).to_bytes(LENGTH, "big") + text)
    for part in parts:
        stream.write(part)
    stream.flush()


def command(max_megapixels: int, first_only: bool, enough: int | None, seconds: int) -> list[str]:
    """How to start it: with this interpreter's own search path, and never the current folder, where photos are."""
    paths = [os.path.abspath(path) for path in sys.path if path]
    code = (
        f"import sys; sys.path[:] = {paths!r}; from ip2p_cli.decoder_process import main; "
        f"main({max_megapixels}, {first_only}, {enough}, {seconds})"
    )
    return [sys.executable, "-I", "-c", code]
