"""C2PA: outputs signed with the user's certificate, so that others can see who says how they were made."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from ip2p_cli.errors import ItemError, MissingExtra, UsageError
from ip2p_cli.printable import in_short
from ip2p_cli.provenance import Provenance
from ip2p_cli.xmp import DIGITAL_SOURCE_TYPE

_MIME = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "GIF": "image/gif",
}
_ALGORITHMS = ("es256", "ps256", "ed25519", "es384", "es512", "ps384", "ps512")
# A thumbnail would show the picture beside itself, and a parent the unedited photo: neither goes in.
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}, "verify": {"verify_trust": False}}


@dataclass(frozen=True)
class Signing:
    """A certificate chain and its private key (PEM)."""

    certificates: bytes
    key: bytes = field(repr=False)
    algorithm: str


def load_signing(certificates: str | None, key: str | None) -> Signing | None:
    """The signing that `--c2pa-cert` and `--c2pa-key` ask for, tried out on a small picture.

    Raises:
        UsageError: one of them is missing, or cannot be read, or cannot sign.
        MissingExtra: c2pa-python is not installed.
    """
    if certificates is None and key is None:
        return None
    if certificates is None or key is None:
        raise UsageError("--c2pa-cert and --c2pa-key belong together; give both")
    chain, secret = _read(certificates, "--c2pa-cert"), _read(key, "--c2pa-key")
    reasons = []
    for algorithm in _ALGORITHMS:
        signing = Signing(chain, secret, algorithm)
        try:
            sign(_small_picture(), "PNG", signing, Provenance("", "", ()))
        except ItemError as problem:
            reasons.append(str(problem))
        else:
            return signing
    raise UsageError(f"--c2pa-cert {certificates}: {reasons[0]}; give a C2PA signing certificate with its chain (PEM)")


def sign(data: bytes, format_: str, signing: Signing, provenance: Provenance) -> bytes:
    """The file with a signed manifest of how it was made.

    Raises:
        ItemError: its format cannot be signed, or signing fails.
        MissingExtra: c2pa-python is not installed.
    """
    try:
        import c2pa
    except ImportError:
        raise MissingExtra("signing with C2PA", "c2pa") from None
    if format_ not in _MIME:
        raise ItemError(f"{format_} cannot be signed; choose --format jpeg, png, webp, tiff or avif")
    signed = io.BytesIO()
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        info = c2pa.C2paSignerInfo(signing.algorithm, signing.certificates, signing.key, None)
        builder = c2pa.Builder.from_json(json.dumps(_manifest(provenance)), context=context)
        builder.sign(c2pa.Signer.from_info(info), _MIME[format_], io.BytesIO(data), signed)
    except Exception as problem:
        raise ItemError(f"cannot be signed ({in_short(problem)})") from problem
    return signed.getvalue()


def _manifest(provenance: Provenance) -> dict[str, object]:
    action = {
        "action": "c2pa.created",
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "softwareAgent": {"name": "ip2p", "version": provenance.version},
        "parameters": {"ip2p": provenance.to_json()},
    }
    return {
        "claim_generator_info": [{"name": "ip2p", "version": provenance.version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _read(name: str, option: str) -> bytes:
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as problem:
        raise UsageError(f"{option} {name}: {problem.strerror}; check the name") from None


def _small_picture() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()
