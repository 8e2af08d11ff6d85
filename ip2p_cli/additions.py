"""What goes on top of a checkpoint: an adapter, a small decoder, accelerations. Found, and not loaded yet."""

from __future__ import annotations

from dataclasses import dataclass

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.lora import Lora, find_lora
from ip2p_cli.tiny_decoder import TinyDecoder, find_tiny_decoder


@dataclass(frozen=True)
class Additions:
    """By default nothing."""

    lora: Lora | None = None
    decoder: TinyDecoder | None = None
    accelerations: Accelerations = EXACT

    def fingerprint(self, checkpoint: str) -> str:
        """Of a checkpoint of that fingerprint with the weights that are added: two that are equal have the same."""
        for added in (self.lora, self.decoder):
            checkpoint = checkpoint if added is None else added.fingerprint(checkpoint)
        return checkpoint


def find_additions(lora: str | None, accelerations: Accelerations, *, offline: bool) -> Additions:
    """Find what is named.

    Raises:
        ModelError: the adapter or the decoder cannot be found.
    """
    name = accelerations.tiny_decoder
    return Additions(
        None if lora is None else find_lora(lora),
        None if name is None else find_tiny_decoder(name, offline=offline),
        accelerations,
    )
