"""Texts with `{fields}`: split, checked and filled in. Only plain names may stand in the braces."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping

from ip2p_cli.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def split(text: str) -> list[tuple[str, str | None, str]]:
    """(literal, field name or None, format spec) of each part of a template.

    Raises:
        UsageError: unbalanced braces, or anything but a plain name in them.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as problem:
        raise UsageError(f"{text!r} is not a template ({problem}); write {{{{ and }}}} for braces") from None
    for _, field, _, conversion in parts:
        if field is not None and (conversion or not _NAME.fullmatch(field)):
            raise UsageError(f"{text!r}: {{{field}}} is not a plain field name; write {{{{ and }}}} for braces")
    return [(literal, field, spec or "") for literal, field, spec, _ in parts]


def fields(text: str) -> set[str]:
    """The field names that a template uses."""
    return {field for _, field, _ in split(text) if field is not None}


def fill(text: str, values: Mapping[str, str | int]) -> str:
    """The template with its fields filled in; all of them must be in `values`."""
    return "".join(
        literal + (format(values[field], spec) if field is not None else "") for literal, field, spec in split(text)
    )


def slug(text: str, limit: int = 60) -> str:
    """Letters, digits and hyphens only: "make it night!" -> "make-it-night"."""
    kept = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-_")
    return kept[:limit].rstrip("-") or "untitled"
