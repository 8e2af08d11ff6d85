"""Encoding and writing: what is kept, what cannot be held, and that files are whole or not there."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace

import pytest
from PIL import Image, ImageCms

from ip2p_cli.choices import Metadata
from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.images import decode
from ip2p_cli.output import Encoding, check_quality, encode
from ip2p_cli.provenance import Provenance
from ip2p_cli.types import Step
from tests.photos import camera_exif, encoded, gradient

MARK = Provenance("mini", "0123", (Step("make it night"),))
FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]


def reopened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("format_", FORMATS)
def test_format_profile_and_exif_are_kept(format_: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = decode(encoded(gradient(), format_, exif=camera_exif(6), icc_profile=srgb))
    image = reopened(encode(photo.rgb, photo, Encoding(), MARK))
    assert (image.format, image.size) == (format_, (30, 40))
    assert image.info["icc_profile"] == srgb
    exif = image.getexif()
    assert exif.get(0x0112, 1) == 1
    assert exif[0x010F] == "Maker"
    assert exif.get_ifd(0x8825)[1] == "N"


def test_an_output_larger_than_pillows_own_guard_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a worker, which decodes nothing itself and so has never set the guard to `max_megapixels`."""
    photo = decode(encoded(gradient()))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert encode(photo.rgb, photo, Encoding(), MARK)


@pytest.mark.parametrize("format_", FORMATS)
def test_metadata_modes(format_: str) -> None:
    photo = decode(encoded(gradient(), format_, exif=camera_exif()))
    no_gps = encode(photo.rgb, photo, Encoding(metadata=Metadata.STRIP_GPS), MARK)
    exif = reopened(no_gps).getexif()
    assert exif[0x010F] == "Maker"
    assert not exif.get_ifd(0x8825)
    nothing = encode(photo.rgb, photo, Encoding(metadata=Metadata.STRIP_ALL), MARK)
    assert b"Maker" not in nothing
    assert not reopened(nothing).getexif().get_ifd(0x8825)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_carried_over(format_: str) -> None:
    image = gradient(mode="RGBA")
    photo = decode(encoded(image, "PNG"))
    written = reopened(encode(photo.rgb, photo, Encoding(format=format_), MARK))
    assert written.mode == "RGBA"
    assert written.getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_jpeg_cannot_hold_transparency_unless_there_is_none() -> None:
    photo = decode(encoded(gradient(mode="RGBA"), "PNG"))
    with pytest.raises(ItemError, match="--format png"):
        encode(photo.rgb, photo, Encoding(format="JPEG"), MARK)
    opaque = decode(encoded(gradient().convert("RGBA"), "PNG"))
    assert reopened(encode(opaque.rgb, opaque, Encoding(format="JPEG"), MARK)).mode == "RGB"


def test_lossless_formats_keep_every_pixel() -> None:
    photo = decode(encoded(gradient(), "PNG"))
    for format_ in ("PNG", "TIFF"):
        assert reopened(encode(photo.rgb, photo, Encoding(format=format_), MARK)).tobytes() == photo.rgb.tobytes()


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_what_does_not_decode_is_not_written(format_: str, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = decode(encoded(gradient(640, 480), format_))
    monkeypatch.setattr("ip2p_cli.output.with_xmp", lambda data, *_: data[: round(share * len(data))])
    with pytest.raises(ItemError, match="does not decode"):
        encode(photo.rgb, photo, Encoding(), MARK)


def test_quality_matters() -> None:
    photo = decode(encoded(gradient(200, 200)))
    low, high = (encode(photo.rgb, photo, Encoding(quality=quality), MARK) for quality in (10, 95))
    assert len(low) < len(high)
    for quality in (0, 101, -3):
        with pytest.raises(UsageError):
            check_quality(quality)


def test_a_format_that_cannot_be_written_names_the_way_out() -> None:
    photo = decode(encoded(gradient()))
    with pytest.raises(ItemError, match="--format jpeg, png"):
        encode(photo.rgb, photo, Encoding(format="PSD"), MARK)


def test_too_large_for_the_format() -> None:
    photo = decode(encoded(Image.new("RGB", (17000, 1)), "PNG"))
    with pytest.raises(ItemError, match="--format png"):
        encode(photo.rgb, photo, Encoding(format="WEBP"), MARK)


def test_the_models_own_pixels_get_a_small_alpha() -> None:
    photo = decode(encoded(gradient(mode="RGBA"), "PNG"))
    assert reopened(encode(photo.rgb.resize((8, 6)), photo, Encoding(), MARK)).size == (8, 6)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF"])
def test_the_density_stays_and_the_comment_where_metadata_are_kept(format_: str) -> None:
    photo = replace(decode(encoded(gradient(8, 6))), dpi=(300.0, 300.0), comment=b"by hand")
    for metadata in Metadata:
        written = Image.open(io.BytesIO(encode(photo.rgb, photo, Encoding(format_, metadata=metadata), MARK)))
        assert [round(value) for value in written.info["dpi"]] == [300, 300]
        kept = format_ == "JPEG" and metadata is Metadata.KEEP
        assert written.info.get("comment") == (b"by hand" if kept else None)
