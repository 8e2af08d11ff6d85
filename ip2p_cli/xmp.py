"""XMP: the source's packet, rid of what must not go on, and the mark that says how the picture was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.dom import minidom
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

from ip2p_cli.printable import one_line
from ip2p_cli.provenance import Provenance

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
MAX_BYTES = 1 << 20  # of a source's packet; a longer one holds pictures
_X, _RDF = "adobe:ns:meta/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_OWN = "urn:ip2p:edit:1.0/"
# Written anew with every edit. The names with AI are those of IPTC's standard 2025.1.
_REPLACED = {
    (_IPTC, name) for name in ("DigitalSourceType", "AIPromptInformation", "AISystemUsed", "AISystemVersionUsed")
}
# Embedded pictures, and descriptions of parts that an edited file no longer has (depth, gain map, motion photo) or of
# how its pixels lie (an orientation that was applied would be applied again).
_GONE_NAMESPACES = (
    _OWN,
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.adobe.com/xmp/note/",
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    *(f"http://ns.google.com/photos/1.0/{part}/" for part in ("audio", "camera", "container", "depthmap", "image")),
)
_GONE = {
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    ("http://ns.adobe.com/exif/1.0/", "PixelXDimension"),
    ("http://ns.adobe.com/exif/1.0/", "PixelYDimension"),
    ("http://ns.adobe.com/exif/1.0/", "MakerNote"),
    *(("http://ns.adobe.com/tiff/1.0/", name) for name in ("Orientation", "ImageWidth", "ImageLength")),
}
_PLACE = re.compile(r"gps|latitude|longitude", re.IGNORECASE)
_PICTURE = re.compile(r"\s*(/9j/|iVBORw0KGgo|UklGR)")  # JPEG, PNG and WebP as base64 begin like this
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = '\n<?xpacket end="w"?>'
_EMPTY = f'<x:xmpmeta xmlns:x="{_X}"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>'


def make_xmp(provenance: Provenance, source: bytes | None = None, *, keep_gps: bool = True) -> bytes:
    """The packet of an output: the mark, and what may be kept of the source's packet."""
    document = _parsed(source) or minidom.parseString(_EMPTY)
    try:
        return _marked(document, provenance, keep_gps)
    except RecursionError:  # nested beyond all sense
        return _marked(minidom.parseString(_EMPTY), provenance, keep_gps)


def _marked(document: minidom.Document, provenance: Provenance, keep_gps: bool) -> bytes:
    _prune(document, keep_gps)
    [rdf] = document.getElementsByTagNameNS(_RDF, "RDF")
    mark = minidom.parseString(_mark(provenance)).documentElement
    assert mark is not None and document.documentElement is not None
    rdf.appendChild(document.importNode(mark, True))
    return (_HEAD + document.documentElement.toxml() + _TAIL).encode()


def find_packets(data: bytes) -> Iterator[bytes]:
    """The packets in a file's bytes: XMP is made to be found like this in formats that a program cannot read."""
    end = 0
    while (start := data.find(b"<x:xmpmeta", end)) >= 0:
        end = data.find(b"</x:xmpmeta>", start) + len(b"</x:xmpmeta>")
        if end < start:
            return
        yield data[start:end]


def find_provenance(data: bytes) -> Provenance | None:
    """The mark in a picture's bytes, if there is one. No decoder is needed for it."""
    found = (read_provenance(packet) for packet in find_packets(data))
    return next((mark for mark in found if mark is not None), None)


def read_provenance(packet: bytes) -> Provenance | None:
    """The mark in a packet, if there is one."""
    document = _parsed(packet)
    if document is None:
        return None
    for element in document.getElementsByTagNameNS(_OWN, "Edit"):
        try:
            return Provenance.from_json(_text(element))
        except ValueError:
            continue
    return None


def _parsed(packet: bytes | None) -> minidom.Document | None:
    """The document, if it is one RDF in sound XML. One with a DTD (which XMP has none of) could be a bomb."""
    if not packet or len(packet) > MAX_BYTES:
        return None
    try:
        text = packet.decode("utf-8").strip("\0\ufeff \t\r\n")
        if "<!DOCTYPE" in text:
            return None
        document = minidom.parseString(text.encode())
        return document if len(document.getElementsByTagNameNS(_RDF, "RDF")) == 1 else None
    except (ValueError, ExpatError, RecursionError):
        return None


def _prune(document: minidom.Document, keep_gps: bool) -> None:
    for element in list(_elements(document)):
        for attribute in list(element.attributes.values()):
            if attribute.namespaceURI != _XMLNS and _unwanted(attribute, attribute.value, keep_gps):
                element.removeAttributeNode(attribute)
        if _unwanted(element, _text(element), keep_gps) and not _holds_all(element) and element.parentNode:
            element.parentNode.removeChild(element)


def _holds_all(element: minidom.Element) -> bool:
    return element.localName == "RDF" or bool(element.getElementsByTagNameNS(_RDF, "RDF"))


def _unwanted(node: minidom.Element | minidom.Attr, text: str, keep_gps: bool) -> bool:
    namespace, name = node.namespaceURI or "", node.localName or ""
    return (
        (namespace, name) in _GONE | _REPLACED
        or namespace.startswith(_GONE_NAMESPACES)
        or _PICTURE.match(text) is not None
        or (not keep_gps and _PLACE.search(name) is not None)
    )


def _elements(document: minidom.Document) -> Iterator[minidom.Element]:
    """All elements, each before those inside it."""
    waiting: list[minidom.Node] = list(document.childNodes)
    while waiting:
        one = waiting.pop()
        if isinstance(one, minidom.Element):
            yield one
            waiting += one.childNodes


def _text(element: minidom.Element) -> str:
    return "".join(child.data for child in element.childNodes if isinstance(child, minidom.Text))


def _mark(provenance: Provenance) -> str:
    properties = {
        "Iptc4xmpExt:DigitalSourceType": DIGITAL_SOURCE_TYPE,
        "Iptc4xmpExt:AIPromptInformation": "; ".join(provenance.instructions),
        "Iptc4xmpExt:AISystemUsed": f"ip2p, model {provenance.model}",
        "Iptc4xmpExt:AISystemVersionUsed": provenance.version,
        "ip2p:Edit": provenance.to_json(),
    }
    # A control character or broken byte in an instruction would make the whole packet unreadable.
    inner = "".join(f"<{name}>{escape(one_line(text))}</{name}>" for name, text in properties.items())
    namespaces = f'xmlns:rdf="{_RDF}" xmlns:Iptc4xmpExt="{_IPTC}" xmlns:ip2p="{_OWN}"'
    return f'<rdf:Description rdf:about="" {namespaces}>{inner}</rdf:Description>'
