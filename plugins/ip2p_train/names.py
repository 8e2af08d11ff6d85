"""Names that are needed before any setting is: `ip2p --help` loads this module, and not the settings."""

from __future__ import annotations

STATE_FOLDER = ".train"  # of a run, in its output folder
PARTS = ("editor", "text-encoder", "autoencoder", "text-to-image", "clip", "language-model")
