"""A small decoder in the place of an autoencoder's own, as `--accelerate tiny-decoder=…` names it. Not loaded here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli import hub
from ip2p_cli.errors import ModelError
from ip2p_cli.layout import read_json

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
CLASS = "AutoencoderTiny"


@dataclass(frozen=True)
class TinyDecoder:
    """One small autoencoder in diffusers layout, of which the decoder is used."""

    folder: Path
    digest: str  # of its weights

    def fingerprint(self, checkpoint: str) -> str:
        """Of a checkpoint of that fingerprint with this decoder: two that are equal edit alike."""
        return hashlib.blake2b(f"{checkpoint}>{self.digest}".encode(), digest_size=16).hexdigest()


def find_tiny_decoder(name: str, *, offline: bool) -> TinyDecoder:
    """The decoder in a folder, or of a hub id: from the cache, or fetched unless `offline`.

    Raises:
        ModelError: there is none, or it is of another class.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if not hub.is_hub_id(name):
            raise ModelError(f"no decoder {name!r}: name a folder with {CONFIG} and {WEIGHTS}, or a hub id")
        folder = _of_hub(name, offline=offline)
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise ModelError(f"{folder} is no small decoder: it has no {file}; name one in diffusers layout")
    found = read_json(folder / CONFIG).get("_class_name")
    if found != CLASS:
        raise ModelError(f"{folder} is of class {found}; a small decoder is of class {CLASS}, as madebyollin/taesd is")
    digest = hashlib.blake2b((folder / WEIGHTS).read_bytes(), digest_size=16).hexdigest()
    return TinyDecoder(folder, digest)


def _of_hub(hub_id: str, *, offline: bool) -> Path:
    cached = [hub.cached_file(hub_id, file) for file in (CONFIG, WEIGHTS)]
    if all(cached):
        assert cached[0] is not None
        return cached[0].parent
    if offline or hub.forbidden_by_environment():
        raise ModelError(f"the decoder {hub_id!r} is not in the local cache: run this once where there is a network")
    return hub.download_snapshot(hub_id, (CONFIG, WEIGHTS))
