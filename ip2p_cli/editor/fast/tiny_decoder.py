"""A small decoder in the place of the autoencoder's own: TAESD (Boer Bohan 2023, github.com/madebyollin/taesd).

It is distilled from the big one, and reads latents that are multiplied by that one's scaling factor. A photo's copy is
decoded by it, too: what it gets wrong must not be taken for part of an edit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.errors import ModelError, UsageError
from ip2p_cli.tiny_decoder import TinyDecoder


class SmallDecoder(torch.nn.Module):
    """Decodes latents that are *not* multiplied by the scaling factor, as the autoencoder's own `decode` does."""

    def __init__(self, tiny: Any, scaling_factor: float) -> None:
        super().__init__()
        self._tiny = tiny
        self._scale = scaling_factor / float(tiny.config.scaling_factor)

    def decode(self, latents: Tensor, return_dict: bool = False) -> tuple[Tensor]:
        """(n, c, h, w) -> (n, 3, h·f, w·f) in [-1, 1]"""
        return (self._tiny.decode(latents * self._scale, return_dict=False)[0],)


def load_small_decoder(found: TinyDecoder, checkpoint: Checkpoint) -> SmallDecoder:
    """For this checkpoint's latents.

    Raises:
        UsageError: the checkpoint's own decoder is of that kind.
        ModelError: it reads other latents, or cannot be loaded.
    """
    from diffusers import AutoencoderTiny

    if checkpoint.classes["vae"] == "AutoencoderTiny":
        raise UsageError(f"tiny-decoder: {checkpoint.folder.name} has a small decoder already; leave it out")
    try:
        tiny = AutoencoderTiny.from_pretrained(str(found.folder), use_safetensors=True, local_files_only=True)
    except Exception as error:  # of many kinds, by cause and library; each means the files are not usable
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{found.folder} cannot be loaded ({reason}): fetch it again") from error
    blocks = len(tiny.config.decoder_block_out_channels)
    if tiny.config.latent_channels != checkpoint.latent_channels or 2 ** (blocks - 1) != checkpoint.factor:
        raise ModelError(
            f"{found.folder} reads latents of {tiny.config.latent_channels} channels, {2 ** (blocks - 1)} pixels each;"
            f" {checkpoint.folder.name} has {checkpoint.latent_channels} and {checkpoint.factor}: name another decoder"
        )
    return SmallDecoder(tiny, float(checkpoint.configs["vae"].get("scaling_factor", 0.18215)))
