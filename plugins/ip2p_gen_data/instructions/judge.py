"""Which answers are kept: form, sense, and the text checks of all plugins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ip2p_cli.api import EditAnswer, Severity, Verdict

from .captions import one_line
from .prompt import AFTER_CAPTION, AFTER_EDIT, STOP

LONGEST_EDIT = 200  # characters; the hand-written ones end at 70
LONGEST_GROWTH = 150  # characters that an edited caption may have more than its caption
_MARKS = tuple(mark.strip() for mark in (AFTER_CAPTION, AFTER_EDIT, STOP))


@dataclass(frozen=True)
class Rejection:
    """Why something is not kept: a word to count by, and the particulars."""

    reason: str
    detail: str = ""


def words(text: str) -> list[str]:
    """Lower case, letters and digits only: the form in which two texts count as the same."""
    return re.findall(r"[^\W_]+", text.lower())


class Judge:
    """Says of captions and answers why they cannot be kept, or None."""

    def __init__(self, check: Callable[[str], Verdict]) -> None:
        self._check = check

    def caption(self, caption: str) -> Rejection | None:
        """Why a caption is not even asked about."""
        return self._blocked(caption)

    def answer(self, caption: str, answer: EditAnswer) -> Rejection | None:
        """Why an answer is not kept."""
        if answer.problem:
            return Rejection("no answer", answer.problem)
        edit, output = one_line(answer.edit), one_line(answer.output)
        return _form(caption, edit, output) or self._blocked(edit) or self._blocked(output)

    def _blocked(self, text: str) -> Rejection | None:
        verdict = self._check(text)
        return Rejection("blocked", verdict.reason) if verdict.severity is Severity.BLOCK else None


def _form(caption: str, edit: str, output: str) -> Rejection | None:
    if not words(edit):
        return Rejection("empty instruction")
    if not words(output):
        return Rejection("empty caption")
    if any(mark in text.split() for mark in _MARKS for text in (edit, output)):
        return Rejection("delimiter in the text")
    if len(edit) > LONGEST_EDIT:
        return Rejection("instruction too long", f"{len(edit)} characters")
    if len(output) > len(caption) + LONGEST_GROWTH:
        return Rejection("caption too long", f"{len(output)} characters")
    if words(output) == words(caption):
        return Rejection("caption unchanged")
    if words(output) == words(edit):
        return Rejection("caption repeats the instruction")
    if not set(words(output)) & set(words(caption)):
        return Rejection("another caption", "it shares no word with the first")
    return None
