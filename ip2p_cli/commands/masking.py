"""`--mask` and `--mask-out`: what they name is looked at before anything is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from ip2p_cli.checks import Checks
from ip2p_cli.choices import OnExists
from ip2p_cli.commands.options import EditOptions
from ip2p_cli.errors import UsageError
from ip2p_cli.mask_folder import OPTION, MaskFolder
from ip2p_cli.plan import Chains
from ip2p_cli.types import StepSettings


def find_masks(asked: Path | None) -> Path | None:
    """The file or folder of `--mask`. Raises UsageError where there is nothing."""
    if asked is None:
        return None
    path = Path(os.path.abspath(asked.expanduser()))  # `.` has a name, too: outputs say which masks they were made in
    if not path.exists():
        raise UsageError(f"--mask {asked}: there is no such file or folder; check the name")
    return path


def make_mask_folder(
    asked: Path | None, outputs: Path | None, on_exists: OnExists, *, has_masks: bool
) -> MaskFolder | None:
    """Where `--mask-out` writes. Raises UsageError where it cannot, or where there will be nothing to write."""
    if asked is None:
        return None
    if not has_masks:
        raise UsageError(f"{OPTION} has nothing to write, as nothing masks these edits; add --mask or --auto-mask")
    return MaskFolder(asked, outputs, on_exists)


def may_mask(edit: EditOptions, chains: Chains, of_lines: StepSettings, checks: Checks) -> bool:
    """Whether the user, the model or a plugin may mask an edit; `of_lines` are settings of `--jobs`' lines."""
    steps = (step.settings for chain in chains.chains for step in chain)
    return edit.mask is not None or any(each.auto_mask for each in (*steps, of_lines)) or checks.make_masks
