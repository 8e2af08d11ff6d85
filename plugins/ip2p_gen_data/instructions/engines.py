"""The instruction engines that come with the project; each is imported when it is made."""

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


def _grammar(options: Mapping[str, Any]) -> InstructionEngine:
    from ..world.engine import write_edits

    return write_edits


ENGINES = {
    "local": DataEngine(INSTRUCTIONS, _local),
    "openai": DataEngine(INSTRUCTIONS, _openai),
    "grammar": DataEngine(INSTRUCTIONS, _grammar),
}
