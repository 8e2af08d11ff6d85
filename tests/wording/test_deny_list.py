"""The team's own list: what it blocks, what it says, and that a list which cannot be read lets nothing pass."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ip2p_wording
from ip2p_cli.api import Severity, Step, UsageError
from ip2p_wording import judge
from ip2p_wording.deny_list import parse_line, read_deny_list
from ip2p_wording.expressions import compile_normal
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


@pytest.mark.parametrize(
    ("line", "instruction"),
    [
        ("/gro(ß|ss)e?s logo/", "a GROSSES LOGO"),
        ("/groß/", "make it gross"),
        ("/groß/", "make it GROẞ"),
        ("groß", "make it GROSS"),
        ("/caf[eé]/", "a cafe\u0301"),
        ("/cafe\u0301s?/", "two CAFÉS"),
        ("café", "a cafe\u0301"),
        ("/ｎｕｄｅ/", "make her nude"),
        ("/nude/", "make her ｎｕｄｅ"),
        ("/[ａ-ｃ]\\d/", "plan B2"),
        ("/ﬁre/", "on fire"),
        (r"/\xdf\N{LATIN SMALL LETTER E WITH ACUTE}\u212a/", "ssék"),
        (r"/\Bß\b/", "gross"),
        ("/don’t/", "don't"),
        ("/company\u00a0  logo/", "the company logo"),
        (r"/(?P<what>ß)-(?P=what)/", "ss-ss"),
        (r"/[^\]é]x/", "ax"),
    ],
)
def test_however_an_expression_is_written_it_finds_what_is_meant(line: str, instruction: str) -> None:
    assert parse_line(line, "line 1").matches(normal(instruction))


@pytest.mark.parametrize(
    ("line", "instruction"),
    [
        ("/café/", "a cafe"),  # an accent counts
        ("/ß+t/", "st"),  # the whole ß is repeated, not its last s
        ("/a．b/", "axb"),  # a full-width stop is itself, and no sign of an expression
        ("/（/", "x"),
        ("क", "की"),  # a vowel sign is part of its word
        ("x", "x\u030c"),
    ],
)
def test_what_is_another_letter_is_not_found(line: str, instruction: str) -> None:
    assert not parse_line(line, "line 1").matches(normal(instruction))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/[aß]/", r"\[\] is read as ss, .*write \(ss\|…\)"),
        ("/x*/", "something in every text"),
        ("/nude|/", "something in every text"),
        ("/\u200b/", "something in every text"),
        ("/[\u200b]/", "unterminated character set"),
    ],
)
def test_an_expression_that_cannot_be_meant_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"line 1: .*{said}"):
        parse_line(line, "line 1")


# letters of several normal forms, signs of expressions in their full-width forms, accents to be put on any of them
LETTERS = "aAeEkKsS ßẞéÉﬁﬂΣσςİıｅＡ９．（［＊К’–½㎏क\u0301\u0308\u030c\u212a\u00a0.([*+?|^$\\{-#"
WRITTEN = st.text(LETTERS, min_size=1, max_size=8)


@given(WRITTEN)
def test_a_text_is_found_by_itself_as_an_expression(text: str) -> None:
    read = normal(text)
    if read and text[0] == text.strip()[0] and text[-1] == text.strip()[-1]:
        assert compile_normal(re.escape(text)).fullmatch(read)


@given(WRITTEN, WRITTEN)
def test_an_expression_finds_the_same_in_whatever_form_both_are_written(searched: str, around: str) -> None:
    forms = [unicodedata.normalize(form, f"x{searched}x") for form in ("NFC", "NFD", "NFKC")]
    for expression, text in itertools.product(forms, forms):
        assert compile_normal(re.escape(expression)).search(normal(f"{around} {text} {around}"))


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_any_line_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_line(f"/{text}/", "line 1").matches(normal("make it night"))
