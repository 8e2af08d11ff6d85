"""Decoding: every kind of photo becomes upright RGB, and what is no photo is refused with a reason."""

from __future__ import annotations

import io
import sys

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps

from ip2p_cli.errors import ItemError
from ip2p_cli.exif import ORIENTATION
from ip2p_cli.formats import suffix_of
from ip2p_cli.images import decode
from tests.photos import camera_exif, encoded, gradient

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]


@pytest.mark.parametrize("format_", FORMATS)
def test_formats(format_: str) -> None:
    photo = decode(encoded(gradient(), format_))
    assert (photo.format, photo.rgb.mode, photo.rgb.size) == (format_, "RGB", (40, 30))
    assert photo.alpha is None


@pytest.mark.parametrize("format_", FORMATS)
def test_a_turned_photo_is_made_upright(format_: str) -> None:
    data = encoded(gradient(), format_, exif=camera_exif(orientation=6))
    photo = decode(data)
    assert photo.rgb.size == (30, 40)
    if format_ in ("PNG", "TIFF"):
        assert photo.rgb.tobytes() == gradient().transpose(Image.Transpose.ROTATE_270).tobytes()
    assert photo.exif is not None
    exif = Image.Exif()
    exif.load(photo.exif)
    assert exif.get(0x0112, 1) == 1
    assert exif[0x010F] == "Maker"
    assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (30, 40)
    assert exif.get_ifd(0x8825)[1] == "N"


def test_transparency_is_kept_apart() -> None:
    image = gradient(mode="RGBA")
    photo = decode(encoded(image, "PNG"))
    assert photo.alpha is not None
    assert photo.alpha.tobytes() == image.getchannel("A").tobytes()
    assert photo.rgb.tobytes() == image.convert("RGB").tobytes()


def test_a_palette_with_transparency() -> None:
    image = gradient().quantize(16)
    photo = decode(encoded(image, "PNG", transparency=3))
    assert photo.rgb.tobytes() == image.convert("RGB").tobytes()
    assert photo.alpha is not None
    assert set(photo.alpha.tobytes()) == {0, 255}


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(format_: str) -> None:
    deep = Image.frombytes("I;16", (4, 1), b"".join(v.to_bytes(2, "little") for v in (0, 257, 32896, 65535)))
    assert list(decode(encoded(deep, format_)).rgb.getchannel("R").tobytes()) == [0, 1, 128, 255]


def test_float_pixels() -> None:
    image = Image.new("F", (2, 1))
    image.putdata([0.0, 0.5])
    assert list(decode(encoded(image, "TIFF")).rgb.getchannel("G").tobytes()) == [0, 128]
    image.putdata([0.0, float("nan")])
    with pytest.raises(ItemError, match="NaN"):
        decode(encoded(image, "TIFF"))


def test_cmyk_becomes_rgb() -> None:
    photo = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF"))
    red, green, blue = photo.rgb.getpixel((4, 4))  # type: ignore[misc]
    assert red > 200
    assert green < 60
    assert blue < 60
    assert photo.icc is None, "a CMYK profile would be wrong for RGB pixels"


def test_a_profile_of_rgb_is_kept_and_a_grey_one_is_converted() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode(encoded(gradient(), icc_profile=srgb)).icc == srgb
    wrong = decode(encoded(gradient(mode="L"), icc_profile=srgb))
    assert wrong.rgb.mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr", "LAB"])
def test_other_modes(mode: str) -> None:
    image = ImageOps.grayscale(gradient()).convert(mode) if mode in ("1", "L") else gradient()
    if mode in ("P", "YCbCr"):
        image = image.convert(mode)
    elif mode == "LAB":
        profile = ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", "LAB")
        image = ImageCms.applyTransform(image, transform)  # type: ignore[assignment]
    assert decode(encoded(image, "TIFF")).rgb.mode == "RGB"


def test_a_cameras_jpeg_with_a_second_frame_is_a_jpeg() -> None:
    buffer = io.BytesIO()
    gradient().save(buffer, "MPO", save_all=True, append_images=[gradient(20, 10)])
    photo = decode(buffer.getvalue())
    assert photo.format == "JPEG"
    assert photo.rgb.size == (40, 30)


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"hello, this is no photo", "text, not an image"),
    "noise": (bytes(range(256)) * 4, "none of the image formats"),
    "cut short": (encoded(gradient(200, 200))[:900], "damaged"),
    "cut in the header": (encoded(gradient(), "PNG")[:20], "."),
    "no heif here": (b"\0\0\0\x18ftypheic" + bytes(64), "."),
}


@pytest.mark.parametrize(("data", "says"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, says: str) -> None:
    with pytest.raises(ItemError, match=says) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("size", "enough", "decoded"),
    [
        ((4000, 3000), 500, (1000, 750)),  # an eighth would have 375
        ((4000, 3000), 375, (500, 375)),
        ((4001, 3001), 376, (1001, 751)),
        ((4000, 3000), 1501, (4000, 3000)),
        ((400, 30), 512, (400, 30)),
    ],
)
def test_a_large_jpeg_is_decoded_smaller_where_that_is_enough(
    size: tuple[int, int], enough: int, decoded: tuple[int, int]
) -> None:
    whole = gradient(*size)
    photo = decode(encoded(whole, exif=camera_exif(6)), enough=enough)
    assert photo.rgb.size == decoded[::-1]  # made upright
    careful = ImageOps.exif_transpose(decode(encoded(whole)).rgb.rotate(-90, expand=True)).resize(photo.rgb.size)
    difference = ImageChops.difference(photo.rgb, careful).getextrema()
    assert max(high for _, high in difference) <= 8  # type: ignore[misc]  # pairs
    assert decode(encoded(whole, "PNG"), enough=enough).rgb.size == size


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    data = encoded(Image.new("1", (4000, 4000)), "PNG")
    with pytest.raises(ItemError, match="4000x4000 pixels: larger than 15 megapixels"):
        decode(data, max_megapixels=15)
    assert decode(data, max_megapixels=16).rgb.size == (4000, 4000)
    with pytest.raises(ItemError, match="larger than 1 megapixels"):
        decode(data, max_megapixels=1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_matter() -> None:
    data = encoded(gradient(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")
    assert decode(data).rgb.size == (40, 30)


def test_a_missing_heif_extra_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ItemError, match=r"pip install 'ip2p\[heif\]'"):
        decode(b"\0\0\0\x18ftypheic" + bytes(64))


@pytest.mark.parametrize("size", [(40_000, 500), (3, 2000)])
def test_panoramas(size: tuple[int, int]) -> None:
    assert decode(encoded(Image.new("RGB", size, (9, 99, 199)))).rgb.size == size


def test_a_grey_value_can_be_transparent() -> None:
    deep = Image.frombytes("I;16", (2, 1), b"\x00\x10\x00\x20")
    alpha = decode(encoded(deep, "PNG", transparency=0x2000)).alpha
    assert alpha is not None
    assert alpha.tobytes() == b"\xff\x00"


def test_what_is_no_photo_format_is_not_even_tried() -> None:
    for format_ in ("EPS", "PDF", "ICO", "SGI"):
        with pytest.raises(ItemError, match=r"EPS is a program|none of the image formats|text, not an image"):
            decode(encoded(gradient(), format_))


def test_suffixes_of_bytes() -> None:
    assert suffix_of(encoded(gradient(), "PNG")) == ".png"
    assert suffix_of(encoded(gradient(), "JPEG")) == ".jpg"
    assert suffix_of(b"nothing") == ""


def test_density_and_comment_are_read_and_no_group_is_invented() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    photo = decode(encoded(gradient(8, 6), dpi=(300, 300), comment=b"by hand", exif=exif))
    assert (photo.dpi, photo.comment) == ((300, 300), b"by hand")
    assert photo.exif is not None
    kept = Image.Exif()
    kept.load(photo.exif)
    assert dict(kept) == {ORIENTATION: 1}


def test_a_damaged_start_is_not_called_text() -> None:
    with pytest.raises(ItemError, match="damaged"):
        decode(b"\x89PNG\r\n\x1a\n" + b"x" * 600)
