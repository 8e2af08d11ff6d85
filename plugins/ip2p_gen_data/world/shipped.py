"""The small models of the world that come with the project: what the stages work with where no other is named."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import UsageError

WORLD = "world"  # names the shipped models, and the world's own captions
KINDS = ("language-model", "text-to-image", "clip")
_FOLDER = Path(__file__).parent / "models"


def are_shipped() -> bool:
    """Whether this installation has them all."""
    return all((_FOLDER / kind).is_dir() for kind in KINDS)


def resolve(name: str, kind: str) -> str:
    """`world` -> the folder of the shipped model of a kind (one of KINDS); others as they are.

    Raises:
        UsageError: this installation lacks it.
    """
    if name != WORLD:
        return name
    folder = _FOLDER / kind
    if not folder.is_dir():
        raise UsageError(f"this installation has no {kind} of the world (no {folder}); name one of your own")
    return str(folder)
