"""Loads the engine that draws, in this process or in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ip2p_cli.api import UsageError, samplers

from ..intermediate import fingerprint
from .config import P2PConfig

if TYPE_CHECKING:
    from .engine import P2PEngine


@dataclass(frozen=True)
class P2PLoader:
    """Called with a device, it gives the engine on it. It travels by pickle."""

    checkpoint: str  # a folder's absolute path, or a hub id
    fingerprint: str
    config: P2PConfig
    dtype: str
    offline: bool

    def __call__(self, device: str | None) -> P2PEngine:
        """Load it; None: the best device there is.

        Raises:
            UsageError: the checkpoint holds other weights here than where the run was started.
            ModelError: it cannot be loaded.
        """
        from .engine import P2PEngine
        from .model import load_text_to_image

        if fingerprint(self.checkpoint) != self.fingerprint:
            raise UsageError(f"{self.checkpoint} holds other weights here; give one that all machines share")
        loaded = load_text_to_image(self.checkpoint, device=device or "auto", dtype=self.dtype, offline=self.offline)
        return P2PEngine(loaded, self.config, samplers())
