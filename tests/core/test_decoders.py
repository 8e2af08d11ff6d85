"""Decoding in other processes: the same photo comes back, and a decoder that dies costs one photo."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.decoders import Decoders
from ip2p_cli.errors import ItemError
from ip2p_cli.images import Photo, decode
from tests.photos import camera_exif, encoded, gradient

# Run in the process before it starts to answer: what a broken decoder might do, by the file's first word.
BREAKABLE = """
import ctypes, os, time
import ip2p_cli.decoder_process as process
real = process.decode
def decode(data, **options):
    word = data.split(b" ")[0]
    if word == b"crash": ctypes.string_at(0)
    if word == b"hang": time.sleep(1000)
    if word == b"exit": os._exit(3)
    if word == b"nonsense": os.write(1, b"\\0" * 7 + b"\\2[]"); os._exit(0)
    if word == b"memory": raise MemoryError
    return real(data, **options)
process.decode = decode
"""


def breakable(seconds: int = 60) -> Decoders:
    decoders = Decoders(100, seconds=seconds)
    *before, code = decoders._command
    start = "from ip2p_cli.decoder_process import main"
    decoders._command = [*before, code.replace(f"{start}; main", f"exec({BREAKABLE!r}); process.main")]
    return decoders


def test_what_is_enough_is_told_to_the_process() -> None:
    with Decoders(100, enough=100) as decoders:
        assert decoders.decode(encoded(gradient(800, 600))).rgb.size == (200, 150)


def flat(photo: Photo) -> dict[str, Any]:
    found = {field.name: getattr(photo, field.name) for field in fields(photo)}
    for name in ("rgb", "alpha", "further"):
        found.pop(name)
    return found | {"pixels": [(frame.rgb.tobytes(), frame.alpha and frame.alpha.tobytes()) for frame in photo.frames]}


@pytest.mark.parametrize(
    "data",
    [
        encoded(gradient(), exif=camera_exif(6), xmp=b"<x/>"),
        encoded(gradient(mode="RGBA"), "PNG", icc_profile=b"profile"),
        encoded(gradient(), "WEBP", save_all=True, append_images=[gradient().rotate(90)], duration=[70, 90], loop=2),
        encoded(gradient(), "TIFF", save_all=True, append_images=[gradient(7, 9)]),
    ],
)
def test_the_same_photo_comes_back(data: bytes) -> None:
    with Decoders(100) as decoders:
        assert flat(decoders.decode(data)) == flat(decode(data))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"text", "text, not an image"),
        (b"crash ", "crashed its decoder .SIGSEGV."),
        (b"exit ", "crashed its decoder .exit code 3."),
        (b"nonsense ", "crashed its decoder"),
        (encoded(Image.new("1", (11_000, 11_000)), "PNG"), "larger than 100 megapixels"),
    ],
)
def test_a_bad_photo_costs_itself_only(data: bytes, says: str) -> None:
    with breakable() as decoders:
        good = encoded(gradient())
        assert decoders.decode(good).rgb.size == (40, 30)
        with pytest.raises(ItemError, match=says):
            decoders.decode(data)
        assert decoders.decode(good).rgb.size == (40, 30)


def test_a_photo_that_never_ends() -> None:
    with breakable(seconds=1) as decoders:
        with pytest.raises(ItemError, match="longer than 1 s"):
            decoders.decode(b"hang ")
        assert decoders.decode(encoded(gradient())).rgb.size == (40, 30)


def test_several_threads() -> None:
    photos = [encoded(gradient(20 + number, 10)) for number in range(30)]
    bad = {3: b"crash ", 17: b"exit "}
    ended = []
    lock = threading.Lock()

    with breakable() as decoders, ThreadPoolExecutor(3) as pool:

        def one(number: int) -> None:
            try:
                size: Any = decoders.decode(bad.get(number, photos[number])).rgb.size
            except ItemError:
                size = None
            with lock:
                ended.append((number, size))

        list(pool.map(one, range(30)))
    assert sorted(ended) == [(number, None if number in bad else (20 + number, 10)) for number in range(30)]
