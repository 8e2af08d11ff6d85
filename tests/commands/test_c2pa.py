"""Signing with a certificate made on the spot: the manifest is valid, says what was done, and shows no picture."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import CommandLine
from tests.photos import save

c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
pytest.importorskip("cryptography", reason="a certificate cannot be made without cryptography")


def make_certificate(folder: Path) -> list[str]:
    """A chain of two and the key of its leaf, as options."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def certificate(name: str, key: Any, issuer: str, issuer_key: Any, is_authority: bool) -> bytes:
        def named(text: str) -> Any:
            return x509.Name(
                [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
            )

        now = datetime.now(timezone.utc)
        usage = x509.KeyUsage(True, False, False, False, False, is_authority, is_authority, False, False)
        builder = (
            x509.CertificateBuilder(named(issuer), named(name), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_authority, None), True)
            .add_extension(usage, True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        )
        if not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = certificate("leaf", leaf, "authority", authority, False)
    chain += certificate("authority", authority, "authority", authority, True)
    private = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(private)
    return ["--c2pa-cert", "chain.pem", "--c2pa-key", "key.pem"]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif"])
def test_a_signed_output_is_valid_and_says_how_it_was_made(ip2p: CommandLine, name: str) -> None:
    save(ip2p.folder / "photos" / name)
    answer = ip2p("edit", "photos", "-i", "make it night", *make_certificate(ip2p.folder))
    assert answer.code == 0, answer.err
    with c2pa.Reader(str(ip2p.folder / "edited" / name)) as reader:
        told = json.loads(reader.json())
    manifest = told["manifests"][told["active_manifest"]]
    codes = {status["code"] for status in told.get("validation_status", [])}
    assert codes <= {"signingCredential.untrusted"}, "all is well but that nobody knows a certificate made for a test"
    assert "thumbnail" not in manifest
    assert not manifest.get("ingredients")
    [actions] = [a["data"]["actions"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")]
    assert actions[0]["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert "make it night" in actions[0]["parameters"]["ip2p"]
    assert ip2p("show", f"edited/{name}").code == 0


def test_a_certificate_that_cannot_sign_is_told_at_once(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.jpg")
    cert, chain, key_option, key = make_certificate(ip2p.folder)
    (ip2p.folder / "wrong.pem").write_text("no certificate")
    for arguments in (
        ["--c2pa-cert", chain],
        [cert, "wrong.pem", key_option, key],
        [cert, "none.pem", key_option, key],
    ):
        answer = ip2p("edit", "a.jpg", "-i", "x", *arguments)
        assert answer.code == 2
        [line] = answer.err.splitlines()
        assert "--c2pa" in line
    assert not (ip2p.folder / "edited").exists()


def test_a_format_that_cannot_be_signed_names_the_way_out(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.bmp")
    answer = ip2p("edit", "a.bmp", "-i", "x", *make_certificate(ip2p.folder))
    assert answer.code == 1
    assert "--format jpeg" in answer.err
