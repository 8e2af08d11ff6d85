"""The small models of the world that come with the project: what the stages work with where no other is named."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import ModelInfo, UsageError

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


def text_to_image() -> list[ModelInfo]:
    """The shipped text-to-image model, as `--model` and `train --base` know it; none where it is not installed."""
    folder = _FOLDER / "text-to-image"
    if not folder.is_dir():
        return []
    said = "draws the world's scenes; an editor is trained from it, it is none"
    return [ModelInfo(WORLD, str(folder), native_size=64, licence="Apache-2.0", description=said)]
