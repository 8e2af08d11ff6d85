"""The small models of the world that come with the project: what the stages work with where no other is named."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import UsageError

WORLD = "world"  # names the shipped models, and the world's own captions
_FOLDER = Path(__file__).parent / "models"


def resolve(name: str, kind: str) -> str:
    """`world` -> the folder of the shipped model of a kind (language-model, text-to-image, clip); others as they are.

    Raises:
        UsageError: this installation lacks it.
    """
    if name != WORLD:
        return name
    folder = _FOLDER / kind
    if not folder.is_dir():
        raise UsageError(
            f"this installation has no {kind} of the world (no {folder}); install ip2p again, or name a model"
        )
    return str(folder)
