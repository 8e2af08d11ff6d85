"""The rules of rules.toml: which wordings ask for what the model family fails at."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

RULES = Path(__file__).with_name("rules.toml")
_GAP = "\N{WHITE CIRCLE}"  # stands for a harmless phrase: no rule matches across it


@dataclass(frozen=True)
class Rule:
    """One kind of instruction that fails, and how it is recognised."""

    kind: str
    why: str
    instead: str
    patterns: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Finding:
    """A rule, and the words that it was found by."""

    rule: Rule
    words: str

    @property
    def says(self) -> str:
        """What will fail, and what to write instead."""
        return f"{self.words!r} {self.rule.why}; {self.rule.instead}"


@dataclass(frozen=True)
class Rules:
    """All of them, and the phrases that only look as if they asked for such a thing."""

    rules: tuple[Rule, ...]
    harmless: tuple[re.Pattern[str], ...]

    def findings(self, text: str) -> list[Finding]:
        """What is found in a text in normal form (`text.normal`): one finding a rule at most."""
        for pattern in self.harmless:
            text = pattern.sub(f" {_GAP} ", text)
        found = ((rule, next(filter(None, (p.search(text) for p in rule.patterns)), None)) for rule in self.rules)
        return [Finding(rule, match.group().strip()) for rule, match in found if match is not None]


def parse_rules(data: Mapping[str, Any]) -> Rules:
    """Rules from TOML: `<name>` in a pattern stands for the part of that name, which may hold parts above it."""
    parts: dict[str, str] = {}
    for name, text in data["parts"].items():
        parts[name] = f"(?:{_filled(text, parts)})"
    return Rules(
        tuple(
            Rule(each["kind"], each["why"], each["instead"], _patterns(each["patterns"], parts))
            for each in data["rule"]
        ),
        _patterns(data["harmless"], parts),
    )


@functools.cache
def shipped() -> Rules:
    """The rules that come with the plugin."""
    return parse_rules(tomli.loads(RULES.read_text("utf-8")))


def _patterns(texts: list[str], parts: Mapping[str, str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_filled(text, parts)) for text in texts)


def _filled(text: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda name: parts[name.group(1)], text)
