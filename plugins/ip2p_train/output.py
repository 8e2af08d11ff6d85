"""Where a run may write: into an empty folder, a run's own, or a checkpoint's."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import UsageError

from .names import STATE_FOLDER

CHECKPOINT = (
    "model_index.json",
    "config.json",
    "vae",
    "text_encoder",
    "unet",
    "pytorch_lora_weights.safetensors",
)  # one of them marks a folder as one


def check_output(folder: Path) -> None:
    """See that a run may write into a folder, without making it.

    Raises:
        UsageError: it is a file, or holds something of the user's.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; give a folder with -o")
    if not folder.is_dir() or (folder / STATE_FOLDER).is_dir():
        return
    if any((folder / name).exists() for name in CHECKPOINT):
        return
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if found:
        raise UsageError(
            f"{folder} holds {found[0]} and no run or checkpoint of ip2p; choose another -o, a new or an empty folder"
        )


def check_cache(folder: Path | None) -> None:
    """See that a folder of latents can be one.

    Raises:
        UsageError: it is a file.
    """
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; give a folder with --cache")


def check_free(folder: Path, *, resume: bool) -> None:
    """See that no run in a folder would be written over.

    Raises:
        UsageError: there is one, and it is not to be gone on with.
    """
    if not resume and state_file(folder).exists():
        raise UsageError(f"{folder} holds a run already; go on with --resume, or choose another -o")


def state_file(folder: Path) -> Path:
    """The checkpoint that a run in a folder goes on from."""
    return folder / STATE_FOLDER / "state.pt"
