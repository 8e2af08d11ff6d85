"""XMP: the mark is there whatever the source brought, and what shows or locates the unedited photo is not."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.choices import Metadata
from ip2p_cli.images import decode
from ip2p_cli.output import Encoding, encode
from ip2p_cli.provenance import Provenance, public_name
from ip2p_cli.types import Step, StepSettings
from ip2p_cli.xmp import DIGITAL_SOURCE_TYPE, find_packets, find_provenance, make_xmp, read_provenance
from tests.photos import encoded, gradient

SETTINGS = StepSettings(20, 7.5, 1.5, "ddim")
MARK = Provenance("mini", "0123", (Step("make it night", SETTINGS), Step('add "snow" & <fog>', SETTINGS)), 7, 2, "my")

SOURCE = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
  xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
  xmlns:gps="urn:some:gps" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/"
  xmlns:GImage="http://ns.google.com/photos/1.0/image/" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"
  xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
  exif:GPSLatitude="48,12N" tiff:Orientation="6" GImage:Data="aGlkZGVu" GPano:ProjectionType="equirectangular"
  gps:Longitude="16,22E" ext:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">
<dc:creator><rdf:Seq><rdf:li>Anna Müller</rdf:li></rdf:Seq></dc:creator>
<exif:GPSLongitude>16,22E</exif:GPSLongitude>
<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">
<g:image>c2VjcmV0</g:image></rdf:li></rdf:Alt></xmp:Thumbnails>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">/9j/4AAQSkZJRg</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


def test_what_is_written_is_read_back() -> None:
    assert read_provenance(make_xmp(MARK)) == MARK
    assert find_provenance(b"\x89bytes" + make_xmp(MARK) + b"more") == MARK
    assert find_provenance(b"bytes <x:xmpmeta no end") is None


def test_the_source_is_kept_but_for_its_pictures_and_the_old_mark() -> None:
    made = make_xmp(MARK, SOURCE).decode()
    for kept in ("Anna Müller", "GPSLatitude", "16,22E", "equirectangular", "gps:Longitude"):
        assert kept in made
    for gone in ("aGlkZGVu", "c2VjcmV0", "/9j/", "digitalCapture", "tiff:Orientation"):
        assert gone not in made
    assert made.count(DIGITAL_SOURCE_TYPE) == 1
    assert make_xmp(MARK, make_xmp(MARK, SOURCE)).decode().count("ip2p:Edit>") == 2, "an old mark is replaced"


def test_the_place_can_be_taken_out() -> None:
    made = make_xmp(MARK, SOURCE, keep_gps=False).decode()
    assert "Anna Müller" in made
    for gone in ("48,12N", "16,22E", "GPSL"):
        assert gone not in made


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"no xml",
        b"\xff\xfe\x00",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "bomb">]>' + SOURCE,
        b"<a>" * 50_000 + SOURCE + b"</a>" * 50_000,
        SOURCE + b" " * (1 << 20),
        SOURCE.replace(b"<x:xmpmeta", b"<x:xmpmeta gps='1'").replace(b"x:xmpmeta", b"x:latitude"),
    ],
)
def test_a_source_packet_that_is_no_use_does_not_matter(source: bytes) -> None:
    assert read_provenance(make_xmp(MARK, source, keep_gps=False)) == MARK


@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=3))
def test_any_instruction(texts: list[str]) -> None:
    mark = Provenance("mini", "0123", tuple(Step(text) for text in texts))
    assert read_provenance(make_xmp(mark)) == mark


@pytest.mark.parametrize("json", ["", "{}", "[1]", '{"steps": 3}', '{"steps": [{}]}', "[" * 5000])
def test_a_damaged_mark(json: str) -> None:
    with pytest.raises(ValueError, match=r"record|JSON|value|Expecting"):
        Provenance.from_json(json)


def test_how_to_make_it_again() -> None:
    again = MARK.again()
    assert again.startswith("ip2p edit PHOTO -i 'make it night' -i 'add \"snow\" & <fog>' --steps 20")
    assert again.endswith("--model mini --seed 7 --variants 3")
    mixed = Provenance("mini", "0123", (Step("a", StepSettings(steps=3)), Step("b", StepSettings(steps=4))))
    assert "[[step]]" in mixed.again()


def test_a_models_folder_is_not_told() -> None:
    assert public_name("mini") == "mini"
    assert public_name("timbrooks/instruct-pix2pix") == "timbrooks/instruct-pix2pix"
    assert public_name("/home/anna/models/mine") == "mine"
    assert public_name("~/mine/") == "mine"


FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "JPEG2000"]


@pytest.mark.parametrize("metadata", list(Metadata))
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_carries_the_mark_in_every_mode(format_: str, metadata: Metadata) -> None:
    photo = decode(encoded(gradient(), format_))
    data = encode(photo.rgb, photo, Encoding(metadata=metadata), MARK)
    assert find_provenance(data) == MARK
    again = decode(data)
    assert again.rgb.size == (40, 30)
    assert again.xmp is not None
    assert read_provenance(again.xmp) == MARK
    assert encode(photo.rgb, photo, Encoding(metadata=metadata), MARK) == data, "the same file every time"


@pytest.mark.parametrize("format_", FORMATS)
def test_the_sources_packet_goes_through_every_format(format_: str) -> None:
    first = decode(encoded(gradient(), "PNG"))
    with_packet = type(first)(first.rgb, first.format, xmp=SOURCE)
    photo = decode(encode(first.rgb, with_packet, Encoding(format=format_), MARK))
    assert photo.xmp is not None
    data = encode(photo.rgb, photo, Encoding(), MARK)
    assert "Anna Müller".encode() in data
    assert b"16,22E" in data
    no_place = encode(photo.rgb, photo, Encoding(metadata=Metadata.STRIP_GPS), MARK)
    assert "Anna Müller".encode() in no_place
    assert b"16,22E" not in no_place
    nothing = encode(photo.rgb, photo, Encoding(metadata=Metadata.STRIP_ALL), MARK)
    assert "Anna Müller".encode() not in nothing
    assert len(list(find_packets(nothing))) == 1


def test_a_packet_too_large_for_a_jpeg_gives_way_to_the_mark() -> None:
    long = SOURCE.replace(b"Anna", b"Anna" * 20_000)
    first = decode(encoded(gradient(), "PNG"))
    data = encode(first.rgb, type(first)(first.rgb, first.format, xmp=long), Encoding(format="JPEG"), MARK)
    assert find_provenance(data) == MARK
    assert Image.open(io.BytesIO(data)).format == "JPEG"
