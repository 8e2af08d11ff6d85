"""Why a model is not found where the network may not be asked: the libraries would speak of a connection."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import ModelError


def if_absent(what: str, name: str, *, offline: bool) -> ModelError | None:
    """The error for a model of the hub that could not be loaded offline; None where another reason is to be given."""
    from huggingface_hub import constants

    if Path(name).is_dir() or not (offline or constants.HF_HUB_OFFLINE):
        return None
    way_out = "leave out --offline" if offline else "unset HF_HUB_OFFLINE"
    return ModelError(f"{what} {name!r} is not on this machine, or not all of it; {way_out}, or give a folder")
