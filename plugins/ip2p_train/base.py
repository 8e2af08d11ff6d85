"""What an editor starts from, read off its JSON files: whether it will do is known before a weight is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import UsageError

from .config import EditorConfig

PAPER_SIZE = 256  # pixels a side, where neither the base nor the config says
PARTS = {"vae": "config.json", "text_encoder": "config.json", "tokenizer": "tokenizer_config.json"}


@dataclass(frozen=True)
class Base:
    """A checked checkpoint folder."""

    folder: Path
    latent_channels: int
    text_width: int
    factor: int  # pixels a latent, each way
    levels: int  # of the U-Net that is trained: it halves latents at each but the last
    native_size: int  # pixels a side
    has_unet: bool  # and it is to be gone on with
    is_text_to_image: bool
    own: Mapping[str, Any]  # ip2p.json, or empty

    @property
    def multiple(self) -> int:
        """What the sides of a picture must divide by."""
        return self.factor * 2 ** (self.levels - 1)


def read_base(folder: Path, config: EditorConfig) -> Base:
    """Read and check a base.

    Raises:
        UsageError: a part is missing, or channels or widths do not fit together.
    """
    for part, name in PARTS.items():
        if not (folder / part / name).is_file():
            raise UsageError(
                f"{folder} has no {part}/{name}; an editor needs vae, text_encoder and tokenizer of --base"
            )
    vae, text = _read(folder / "vae/config.json"), _read(folder / "text_encoder/config.json")
    has_unet = not config.fresh and (folder / "unet/config.json").is_file()
    unet = _read(folder / "unet/config.json") if has_unet else {}
    own = _read(folder / "ip2p.json") if (folder / "ip2p.json").is_file() else {}
    try:
        blocks = vae.get("decoder_block_out_channels") or vae["block_out_channels"]
        channels, factor = int(vae["latent_channels"]), 2 ** (len(blocks) - 1)
        levels = len(unet["block_out_channels"]) if has_unet else len(config.block_out_channels)
        side = int(own.get("native_size") or int(unet.get("sample_size") or 0) * factor or PAPER_SIZE)
        base = Base(
            folder=folder,
            latent_channels=channels,
            text_width=int(text["hidden_size"]),
            factor=factor,
            levels=levels,
            native_size=side,
            has_unet=has_unet,
            is_text_to_image=has_unet and int(unet["in_channels"]) == channels,
            own=own,
        )
        if has_unet:
            _check_unet(base, int(unet["in_channels"]), int(unet["out_channels"]), unet.get("cross_attention_dim"))
        elif base.text_width % config.attention_heads:
            raise UsageError(
                f"{folder}: its texts are {base.text_width} wide, which does not divide by [editor] attention_heads, "
                f"{config.attention_heads}"
            )
    except (KeyError, TypeError, ValueError) as problem:
        raise UsageError(f"{folder}: a config.json lacks or garbles {problem}; give another --base") from problem
    return base


def resolution_of(base: Base, config: EditorConfig) -> int:
    """Pixels a side, about, that pictures are cut to."""
    return config.resolution or base.native_size


def _check_unet(base: Base, taken: int, given: int, attended: Any) -> None:
    latent = base.latent_channels
    if taken not in (latent, 2 * latent) or given != latent:
        raise UsageError(
            f"{base.folder}: its U-Net takes {taken} channels and gives {given}; on this autoencoder a text-to-image "
            f"model takes {latent}, an editor {2 * latent}, and both give {latent}: "
            "give another --base, or set [editor] fresh = true"
        )
    if attended != base.text_width:
        raise UsageError(
            f"{base.folder}: its U-Net attends to text of width {attended}, its text encoder gives {base.text_width}; "
            "the parts are from different checkpoints: give another --base, or set [editor] fresh = true"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); give another --base") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no JSON object; give another --base")
    return value
