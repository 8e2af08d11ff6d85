"""Writes pictures: encoded in memory, decoded back to be sure, and moved into place in one step."""

from __future__ import annotations

import errno
import io
import os
import tempfile
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.errors import EnvironmentStop, ItemError, UsageError
from ip2p_cli.formats import WRITABLE

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

    from ip2p_cli.images import Photo

DEFAULT_QUALITY = 95
_GPS_TAG = 0x8825
_STOPPING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Metadata(str, Enum):
    """What an output keeps of the input's EXIF. The ICC profile always stays: without it the colours are wrong."""

    KEEP = "keep"
    STRIP_GPS = "strip-gps"
    STRIP_ALL = "strip-all"


@dataclass(frozen=True)
class Encoding:
    """How outputs are encoded."""

    format: str | None = None  # Pillow's name; None: the input's own
    quality: int | None = None  # None: 95 where the format has one
    metadata: Metadata = Metadata.KEEP


def check_quality(quality: int | None) -> None:
    """See that a quality is one.

    Raises:
        UsageError: it is not in [1, 100].
    """
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"--quality {quality}: give a number from 1 to 100")


def encode(edited: Image, photo: Photo, encoding: Encoding) -> bytes:
    """The edited picture as a file, with the photo's alpha, ICC profile and EXIF.

    Raises:
        ItemError: the format cannot be written, or cannot hold the picture.
    """
    from PIL import Image

    format_ = encoding.format or photo.format
    Image.init()
    if format_ not in Image.SAVE:
        known = ", ".join(name for name in WRITABLE if name != "jpg")
        raise ItemError(f"{format_ or 'its format'} cannot be written here; choose --format {known}")
    buffer = io.BytesIO()
    try:
        _with_alpha(edited, photo, format_).save(buffer, format_, **_save_options(edited, photo, encoding, format_))
    except ItemError:
        raise
    except Exception as problem:
        raise ItemError(f"cannot be written as {format_} ({problem}); try --format png") from problem
    data = buffer.getvalue()
    _verify(data, edited.size, format_)
    return data


def _with_alpha(edited: Image, photo: Photo, format_: str) -> Image:
    if photo.alpha is None:
        return edited
    alpha = photo.alpha if photo.alpha.size == edited.size else photo.alpha.resize(edited.size)
    if format_ in ("JPEG", "PPM"):
        if alpha.getextrema() != (255, 255):
            raise ItemError(f"{format_} cannot hold its transparency; choose --format png or webp")
        return edited
    picture = edited.copy()
    picture.putalpha(alpha)
    return picture


def _save_options(edited: Image, photo: Photo, encoding: Encoding, format_: str) -> dict[str, Any]:
    quality = encoding.quality or DEFAULT_QUALITY
    by_format: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": quality, "subsampling": 0 if quality >= 90 else 2, "optimize": True},
        "WEBP": {"quality": quality, "exact": True},
        "AVIF": {"quality": quality},
        "HEIF": {"quality": quality},
        "TIFF": {"compression": "tiff_lzw"},
        "JPEG2000": {"irreversible": False},
    }
    options = by_format.get(format_, {})
    if photo.icc:
        options["icc_profile"] = photo.icc
    exif = _exif(photo.exif, encoding.metadata, edited.size)
    if exif:
        options["exif"] = exif
        if format_ == "TIFF":
            options["compression"] = None  # libtiff, which compresses, cannot write EXIF's groups
    return options


def _exif(exif: bytes | None, metadata: Metadata, size: tuple[int, int]) -> bytes | None:
    if exif is None or metadata is Metadata.STRIP_ALL:
        return None
    from PIL import Image

    tags: Exif = Image.Exif()
    tags.load(exif)
    if metadata is Metadata.STRIP_GPS:
        tags.pop(_GPS_TAG, None)
    details = tags.get_ifd(0x8769)
    for tag, pixels in zip((0xA002, 0xA003), size, strict=True):
        if tag in details:
            details[tag] = pixels
    return tags.tobytes()


def _verify(data: bytes, size: tuple[int, int], format_: str) -> None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            written = image.size
    except Exception as problem:
        raise ItemError(f"was encoded as {format_}, but does not decode ({problem}); try --format png") from problem
    if written != size:
        raise ItemError(f"{format_} turned {size[0]}x{size[1]} into {written[0]}x{written[1]}; try --format png")


class AtomicWriter:
    """Puts files in place whole or not at all: temporary file beside the target, fsync, rename, fsync of the folder."""

    def __init__(self) -> None:
        self._temporary: set[str] = set()
        self._lock = threading.Lock()

    def write(self, path: Path, data: bytes) -> None:
        """Write `data` under `path`, replacing what is there.

        Raises:
            EnvironmentStop: the disk is full or read-only.
            ItemError: this one file cannot be written.
        """
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".ip2p-", suffix=".tmp", dir=path.parent)
            with self._lock:
                self._temporary.add(temporary)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if hasattr(os, "fchmod"):  # not on Windows
                    os.fchmod(file.fileno(), 0o666 & ~_umask())
                os.fsync(file.fileno())
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except OSError as problem:
            raise as_write_error(problem, path) from problem
        finally:
            if temporary is not None:
                self._discard(temporary)

    def _discard(self, temporary: str) -> None:
        with self._lock:
            self._temporary.discard(temporary)
        if os.path.exists(temporary):
            os.unlink(temporary)

    def discard_all(self) -> None:
        """Remove the temporary files of writes that are under way: the process is about to end."""
        for temporary in list(self._temporary):
            self._discard(temporary)


def as_write_error(problem: OSError, path: Path) -> EnvironmentStop | ItemError:
    """What a failed write means for the run: a full or read-only disk stops it, anything else fails the item."""
    if problem.errno in _STOPPING:
        return EnvironmentStop(f"cannot write {path}: {problem.strerror}; make room, then run the same command again")
    return ItemError(f"cannot write {path}: {problem.strerror or problem}; choose another -o")


_UMASK_LOCK = threading.Lock()


def _umask() -> int:
    with _UMASK_LOCK:  # it can only be read by setting it
        mask = os.umask(0)
        os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
