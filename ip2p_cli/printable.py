"""Texts that may hold anything (file names, decoders' messages), made fit for one line of a terminal."""

from __future__ import annotations

import os
import sys


def say(text: str) -> None:
    """A line on stderr. Where it cannot be written (closed, a full disk), nobody reads it, and the work goes on."""
    try:
        print(one_line(text), file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def one_line(text: str) -> str:
    """The text with every control character, line break and broken byte escaped."""
    return "".join(c if c.isprintable() else f"\\x{_code(c):02x}" for c in text)


def _code(letter: str) -> int:
    """A byte that was no text came in as a lone surrogate (PEP 383)."""
    return ord(letter) - 0xDC00 if "\udc80" <= letter <= "\udcff" else ord(letter)


def in_short(problem: BaseException) -> str:
    """What a library says of a problem, on one line; where it says nothing, of what kind it is."""
    return " ".join(str(problem).split()) or type(problem).__name__
