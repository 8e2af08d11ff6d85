"""Texts that may hold anything (file names, decoders' messages), made fit for one line of a terminal."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text with every control character, line break and broken byte escaped."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def in_short(problem: BaseException) -> str:
    """What a library says of a problem, on one line; where it says nothing, of what kind it is."""
    return " ".join(str(problem).split()) or type(problem).__name__
