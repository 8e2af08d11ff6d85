"""The instruction engines that come with the project; each is imported when it is made.

A grammar, or anything else that needs no model, is one more entry: `make(options)` gives a function from captions
(`CaptionTask`) to `EditAnswer`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ip2p_cli.api import INSTRUCTIONS, DataEngine, InstructionEngine


def _local(options: Mapping[str, Any]) -> InstructionEngine:
    from .local import make_local

    return make_local(options)


def _openai(options: Mapping[str, Any]) -> InstructionEngine:
    from .openai import make_openai

    return make_openai(options)


ENGINES = {"local": DataEngine(INSTRUCTIONS, _local), "openai": DataEngine(INSTRUCTIONS, _openai)}
