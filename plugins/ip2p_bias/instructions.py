"""The file of instructions: one a line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ip2p_cli.api import Severity, UsageError, text_check

log = logging.getLogger("ip2p")


def read_instructions(path: Path) -> tuple[str, ...]:
    """The lines that are neither empty nor comments (which begin with #), each once, in their order.

    Raises:
        UsageError: the file cannot be read as UTF-8, or has no line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is no UTF-8"
        raise UsageError(f"--instructions {path}: {reason}; give a text file with one instruction a line") from None
    said = (line.strip() for line in lines)
    found = tuple(dict.fromkeys(line for line in said if line and not line.startswith("#")))
    if not found:
        raise UsageError(f"--instructions {path}: no line has an instruction; write one a line")
    return found


def check_instructions(instructions: Sequence[str]) -> None:
    """Ask the installed checks, as `ip2p edit` does; what is flagged is audited, and said on stderr.

    Raises:
        UsageError: one is blocked.
    """
    check = text_check()
    for text in instructions:
        verdict = check(text)
        if verdict.severity is Severity.BLOCK:
            raise UsageError(f"an instruction is blocked ({verdict.reason}); take it out of the file")
        if verdict.severity is Severity.FLAG:
            log.warning("%r is flagged: %s", text, verdict.reason)
