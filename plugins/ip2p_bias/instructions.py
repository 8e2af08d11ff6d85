"""The file of instructions: one a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ip2p_cli.api import Severity, UsageError, text_check


def read_instructions(path: Path) -> tuple[str, ...]:
    """The lines that are not empty, each once, in their order.

    Raises:
        UsageError: the file cannot be read as UTF-8, or has no line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is no UTF-8"
        raise UsageError(f"--instructions {path}: {reason}; give a text file with one instruction a line") from None
    found = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not found:
        raise UsageError(f"--instructions {path}: no line has an instruction; write one a line")
    return found


def check_instructions(instructions: Sequence[str]) -> None:
    """Ask the installed checks, as `ip2p edit` does.

    Raises:
        UsageError: one is blocked.
    """
    check = text_check()
    for text in instructions:
        verdict = check(text)
        if verdict.severity is Severity.BLOCK:
            raise UsageError(f"an instruction is blocked ({verdict.reason}); take it out of the file")
