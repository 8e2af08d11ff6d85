"""The team's own list: what it blocks, what it says, and that a list which cannot be read lets nothing pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ip2p_wording
from ip2p_cli.api import Severity, Step, UsageError
from ip2p_wording import judge
from ip2p_wording.deny_list import parse_line, read_deny_list
from ip2p_wording.text import normal

LIST = """# Words that we do not edit by
company logo   # the brand team does that

/\\bundress(ed|ing)?\\b/ # never
don’t panic
/c#/
C# # the language
"""


@pytest.fixture
def deny(tmp_path: Path) -> Path:
    path = tmp_path / "deny.txt"
    path.write_text(LIST, "utf-8")
    return path


@pytest.mark.parametrize(
    ("instruction", "line", "reason"),
    [
        ("remove the company logo", 2, "'company logo': the brand team does that"),
        ("remove the COMPANY\n LOGO!", 2, "'company logo'"),
        ("remove the com\u200bpany logo", 2, "'company logo'"),
        ("Undress him", 4, "never"),
        ("write DON'T PANIC on it", 5, "'don’t panic'"),
        ("make it c#", 6, "/c#/"),
    ],
)
def test_what_is_denied_is_blocked_and_the_line_named(deny: Path, instruction: str, line: int, reason: str) -> None:
    verdict = judge(instruction, str(deny))
    assert verdict.severity is Severity.BLOCK
    assert f"line {line} of {deny}" in verdict.reason
    assert reason in verdict.reason


@pytest.mark.parametrize("instruction", ["add a logo", "remove the company logos", "add company", "make it night"])
def test_a_phrase_is_whole_words(deny: Path, instruction: str) -> None:
    assert judge(instruction, str(deny)).severity is Severity.ALLOW


def test_a_denied_instruction_is_blocked_even_where_it_is_flagged_too(deny: Path) -> None:
    assert judge("zoom in on the company logo", str(deny)).severity is Severity.BLOCK


@pytest.mark.parametrize(
    ("line", "denied", "passes", "reason"),
    [
        ("/nud(e|ity)/ # see https://wiki.example.com/policy/", "make her nude", "make it night", "see https://wiki"),
        ("/nude/ # a/b", "make her nude", "make it night", "a/b"),
        ("/a/b/", "mark it a/b", "mark it a", ""),
        ("/a/b/ # both/ ", "mark it a/b", "mark it a", "both/"),
        ("/c#/", "make it c#", "make it c", ""),
        ("and/or", "the cat and/or the dog", "the cat and the dog", ""),
        ("/s # one slash is a phrase", "nice /s", "nice", "one slash"),
    ],
)
def test_an_expression_ends_where_its_reason_starts(line: str, denied: str, passes: str, reason: str) -> None:
    read = parse_line(line, "line 1")
    assert read.matches(normal(denied))
    assert not read.matches(normal(passes))
    assert reason in read.reason


@pytest.mark.parametrize(
    "line", ["/nude/i", "/nude/#never", "/nude/ never", "//", "/nude # a/b", "\u200b/nude/", "/nude\uff0f", "/r/pics"]
)
def test_half_an_expression_is_refused_with_the_way_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "deny.txt"
    path.write_text(f"fine\n{line}\n", "utf-8")
    with pytest.raises(UsageError, match=r"line 2 of .*deny\.txt.*write /expression/ or"):
        read_deny_list(str(path))
    assert judge("make it night", str(path)).severity is Severity.BLOCK


def unreadable(kind: str, folder: Path) -> Path:
    path = folder / "deny.txt"
    if kind == "folder":
        path.mkdir()
    elif kind == "no UTF-8":
        path.write_bytes(b"caf\xe9")
    elif kind == "no regular expression":
        path.write_text("fine\n/(/\n")
    elif kind == "reason only":
        path.write_text("\u200b # why\n")
    return path


@pytest.mark.parametrize("kind", ["missing", "folder", "no UTF-8", "no regular expression", "reason only"])
def test_a_list_that_cannot_be_read_lets_nothing_pass(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unreadable(kind, tmp_path)
    monkeypatch.setenv("IP2P_DENY_LIST", str(path))
    verdict = ip2p_wording.ip2p_check_instruction(Step("make it night"))
    assert verdict.severity is Severity.BLOCK
    assert str(path) in verdict.reason
    assert "nothing passes" in verdict.reason
    with pytest.raises(UsageError, match=r"deny\.txt"):
        ip2p_wording.ip2p_prepare_check()


def test_a_list_is_read_again_when_it_has_changed(deny: Path) -> None:
    assert judge("add a unicorn", str(deny)).severity is Severity.ALLOW
    deny.write_text("unicorn\n")
    os.utime(deny, ns=(1, 1))
    assert judge("add a unicorn", str(deny)).severity is Severity.BLOCK
    deny.unlink()
    assert judge("make it night", str(deny)).severity is Severity.BLOCK


def test_an_empty_list_denies_nothing(tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_text("# nothing yet\n\n")
    assert read_deny_list(str(tmp_path / "deny.txt")) == ()
    assert judge("make it night", str(tmp_path / "deny.txt")).severity is Severity.ALLOW


WORDS = st.text("abcXYZäÖß09Ж", min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=4), WORDS)
def test_any_phrase_is_found_among_other_words(phrase: list[str], other: str) -> None:
    line = parse_line(" ".join(phrase), "line 1")
    assert line.matches(normal(f"{other} {'  '.join(phrase).upper()}, {other}"))
    assert not line.matches(normal(f"{other}{' '.join(phrase)}{other}")) or other in phrase
