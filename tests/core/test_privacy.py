"""Secrets in every corner of a file: which of them an output still holds, byte for byte, in each mode."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from ip2p_cli.choices import Metadata
from ip2p_cli.images import decode
from ip2p_cli.output import Encoding, encode
from ip2p_cli.provenance import Provenance
from ip2p_cli.types import Step
from ip2p_cli.xmp import find_provenance
from tests import canaries
from tests.canaries import ALL, AUTHOR, COMMENT, GPS, PLACE, TITLE, UNEDITED

MARK = Provenance("mini", "0123", (Step("make it night"),))
PHOTOS = canaries.photos()
TARGETS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "JPEG2000", "BMP"]


def found(data: bytes) -> set[bytes]:
    return {canary for canary in ALL if canary in data or canary.decode().encode("utf-16-le") in data}


def edited(source: str, target: str | None, metadata: Metadata) -> bytes:
    photo = decode(PHOTOS[source])
    # An editor that hands back what it was given, and whatever Pillow keeps beside the pixels with it.
    picture = photo.rgb.copy()
    picture.info = {"comment": COMMENT, "exif": canaries.exif(), "xmp": canaries.XMP, "Author": AUTHOR.decode()}
    return encode(picture, photo, Encoding(format=target, metadata=metadata), MARK)


def test_the_sources_hold_what_is_looked_for() -> None:
    assert set().union(*(found(data) for data in PHOTOS.values())) == set(ALL)
    assert found(PHOTOS["JPEG"]) == set(ALL) - {canaries.SECOND}
    assert found(PHOTOS["MPO"]) == set(ALL) - {canaries.BLOCKS}
    for source, data in PHOTOS.items():
        assert len(found(data)) >= 1, source


@pytest.mark.parametrize("target", [None, *TARGETS])
@pytest.mark.parametrize("source", PHOTOS)
def test_strip_all_leaves_nothing(source: str, target: str | None) -> None:
    data = edited(source, target, Metadata.STRIP_ALL)
    assert found(data) == set()
    if (target or source) != "BMP":
        assert find_provenance(data) == MARK


@pytest.mark.parametrize("target", [None, *TARGETS])
@pytest.mark.parametrize("source", PHOTOS)
def test_strip_gps_leaves_no_place_and_nothing_that_shows_the_unedited_photo(source: str, target: str | None) -> None:
    assert not found(edited(source, target, Metadata.STRIP_GPS)) & {GPS, PLACE, *UNEDITED}


@pytest.mark.parametrize("target", [None, *TARGETS])
@pytest.mark.parametrize("source", PHOTOS)
def test_no_mode_keeps_what_shows_the_unedited_photo(source: str, target: str | None) -> None:
    assert not found(edited(source, target, Metadata.KEEP)) & set(UNEDITED)


@pytest.mark.parametrize("source", ["JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF"])
def test_what_is_the_owners_is_kept(source: str) -> None:
    kept = found(edited(source, None, Metadata.KEEP))
    assert {AUTHOR, COMMENT, TITLE, PLACE} <= kept
    assert GPS in kept or source == "TIFF"
    if source != "TIFF":
        assert {AUTHOR, COMMENT, TITLE} <= found(edited(source, None, Metadata.STRIP_GPS))


def test_the_pixels_of_a_cameras_second_frame_are_gone_too() -> None:
    data = edited("MPO", None, Metadata.KEEP)
    assert data.count(b"\xff\xd8\xff") == 1
    assert Image.open(io.BytesIO(data)).format == "JPEG"
