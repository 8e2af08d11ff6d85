"""Photos that carry a secret wherever a file can: what of it turns up in an output was not taken out."""

from __future__ import annotations

import io
import struct

from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from tests.photos import encoded, gradient

GPS, PLACE = b"CANARY-GPS-EXIF", b"CANARY-GPS-XMP"
COMMENT, AUTHOR, TITLE = b"CANARY-COMMENT", b"CANARY-AUTHOR", b"CANARY-XMP-TITLE"
MAKER, THUMBNAIL, SECOND, BLOCKS = b"CANARY-MAKERNOTE", b"CANARY-THUMBNAIL", b"CANARY-SECOND", b"CANARY-8BIM"
XMP_THUMBNAIL = b"CANARYXMPTHUMBNAIL"
ALL = (GPS, PLACE, COMMENT, AUTHOR, TITLE, MAKER, THUMBNAIL, SECOND, BLOCKS, XMP_THUMBNAIL)
UNEDITED = (MAKER, THUMBNAIL, SECOND, BLOCKS, XMP_THUMBNAIL)  # what may show or locate the unedited photo

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/"
 exif:GPSLatitude="%s"><dc:title>%s</dc:title>
<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><g:image>%s</g:image></rdf:li></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta>""" % (PLACE, TITLE, XMP_THUMBNAIL)


def _directory(entries: list[tuple[int, int, bytes]], start: int, following: int) -> bytes:
    """An IFD at offset `start`: (tag, type, value) each, and the offset of the next."""
    sizes = {1: 1, 2: 1, 4: 4, 7: 1}
    data_at = start + 2 + 12 * len(entries) + 4
    fields, data = b"", b""
    for tag, kind, value in entries:
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", data_at + len(data))
        fields += struct.pack("<HHI", tag, kind, len(value) // sizes[kind]) + inline
        data += value if len(value) > 4 else b""
    return struct.pack("<H", len(entries)) + fields + struct.pack("<I", following) + data


def exif() -> bytes:
    """EXIF with GPS, author, comment, maker note and, in IFD1, a thumbnail."""
    small = encoded(gradient(8, 6), comment=THUMBNAIL)
    details_at, gps_at, small_at = 200, 400, 600

    def pointer(offset: int) -> bytes:
        return struct.pack("<I", offset)

    main = [(0x010E, 2, COMMENT + b"\0"), (0x013B, 2, AUTHOR + b"\0")]
    main += [(0x8769, 4, pointer(details_at)), (0x8825, 4, pointer(gps_at))]
    block = b"II*\0" + pointer(8) + _directory(main, 8, small_at)
    block = block.ljust(details_at, b"\0") + _directory(
        [(0x927C, 7, MAKER), (0x9286, 7, COMMENT), (0xFDE8, 7, MAKER)], details_at, 0
    )
    block = block.ljust(gps_at, b"\0") + _directory([(0x001B, 7, GPS)], gps_at, 0)
    thumbnail = [(0x0103, 4, pointer(6)), (0x0201, 4, pointer(small_at + 100)), (0x0202, 4, pointer(len(small)))]
    return b"Exif\0\0" + block.ljust(small_at, b"\0") + _directory(thumbnail, small_at, 0).ljust(100, b"\0") + small


def _jpeg(image: Image.Image) -> bytes:
    """With Photoshop's blocks, which hold captions and a thumbnail."""
    data = encoded(image, exif=exif(), xmp=XMP, comment=COMMENT)
    block = b"Photoshop 3.0\x008BIM\x04\x0c\0\0" + struct.pack(">I", len(BLOCKS)) + BLOCKS
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:]


def _mpo(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    second = Image.open(io.BytesIO(encoded(gradient(), comment=SECOND)))
    image.save(buffer, "MPO", save_all=True, append_images=[second], exif=exif(), xmp=XMP, comment=COMMENT)
    return buffer.getvalue() + SECOND


def _png(image: Image.Image) -> bytes:
    text = PngInfo()
    text.add_text("Comment", COMMENT.decode())
    text.add_itxt("Author", AUTHOR.decode())
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return encoded(image, "PNG", pnginfo=text, exif=exif())


def _tiff(image: Image.Image) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, kind, value in (
        *((270, 2, COMMENT.decode()), (315, 2, AUTHOR.decode()), (700, 1, XMP)),
        *((33723, 7, BLOCKS), (34377, 7, BLOCKS), (37724, 7, BLOCKS), (50740, 1, MAKER), (50341, 7, MAKER)),
    ):
        tags.tagtype[tag] = kind
        tags[tag] = value
    return encoded(image, "TIFF", tiffinfo=tags)


def photos() -> dict[str, bytes]:
    """One of each format, with as many canaries as it can hold."""
    image = gradient()
    made = {
        "JPEG": _jpeg(image),
        "MPO": _mpo(image),
        "PNG": _png(image),
        "TIFF": _tiff(image),
        "WEBP": encoded(image, "WEBP", exif=exif(), xmp=XMP),
        "AVIF": encoded(image, "AVIF", exif=exif(), xmp=XMP),
        "GIF": encoded(image, "GIF", comment=COMMENT),
        "JPEG2000": encoded(image, "JPEG2000", comment=COMMENT),
    }
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return made
    register_heif_opener()
    return made | {"HEIF": encoded(image, "HEIF", exif=exif(), xmp=XMP)}
