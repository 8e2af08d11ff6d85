"""Regular expressions of a deny list, brought to the normal form that instructions are read in (`text.normal`).

There a ß is ss, a full-width letter a plain one, a letter with its accent one character. An expression that is written
with any of these would find nothing, so its characters are changed in the same way, and its syntax is left alone.
"""

from __future__ import annotations

import re
import unicodedata

from ip2p_wording.text import BLANK, normal

_BLANK = rf"[\s{''.join(sorted(BLANK))}]"
_CODED = r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]+\})"  # a character by its number or name
_CHARACTER = re.compile(rf"(?P<character>{_CODED}|\\?[^\x00-\x7f])|\\.", re.DOTALL)  # beyond ASCII; or an escape
_SYNTAX = re.compile(
    r"(?P<kept>\(\?P[<=]\w+|\(\?#[^)]*)"  # the name of a group; a comment
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<capital>[A-Z])"  # as a small letter, before an accent is joined to it
    rf"|(?P<blank>(?:\\?{_BLANK})+)"
    rf"|{_CHARACTER.pattern}",
    re.DOTALL,
)


def compile_normal(expression: str) -> re.Pattern[str]:
    """What finds in normal form what the expression would find in a text as it is written; case makes no difference.

    Raises:
        re.error: it is no regular expression, it finds every text, or one character of a set ([ß]) is several.
    """
    re.compile(expression)  # so that what is wrong is said of what was written
    plain = unicodedata.normalize("NFC", _SYNTAX.sub(_rewritten, expression))
    found = re.compile(plain, re.IGNORECASE)
    if found.search("") is not None:
        raise re.error("it finds something in every text")
    return found


def _rewritten(found: re.Match[str]) -> str:
    if found["set"]:
        return _CHARACTER.sub(_in_set, found["set"])
    if found["blank"]:
        return " "
    if found["capital"]:
        return found["capital"].lower()
    if not found["character"]:
        return found.group()
    plain = _plain(found["character"])
    repeated = found.string[found.end() :][:1] in tuple("*+?{")
    return f"(?:{re.escape(plain)})" if repeated and len(plain) > 1 else re.escape(plain)


def _in_set(found: re.Match[str]) -> str:
    if not found["character"]:
        return found.group()
    plain = _plain(found["character"])
    if len(plain) > 1:
        raise re.error(f"{found.group()} in [] is read as {plain}, which is no single character: write ({plain}|…)")
    return re.escape(plain)


def _plain(written: str) -> str:
    """The normal form of a character that is written as itself, with a backslash before it, or by number or name."""
    if re.fullmatch(_CODED, written):
        written = unicodedata.lookup(written[3:-1]) if written[1] == "N" else chr(int(written[2:], 16))
    return " " if re.fullmatch(_BLANK, written[-1]) else normal(written[-1])
