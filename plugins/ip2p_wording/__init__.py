"""The check `wording`: reads instructions, flags what the model family fails at, blocks what a deny list names.

It reads and never writes: an instruction is passed on as it is, or not at all (docs/safety.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import UsageError, Verdict, hookimpl, user_setting

if TYPE_CHECKING:
    from ip2p_cli.api import Step


@hookimpl
def ip2p_prepare_check() -> None:
    """Read the rules and the deny list."""
    from ip2p_wording.deny_list import read_deny_list
    from ip2p_wording.rules import shipped

    shipped()
    if path := user_setting("deny_list", ""):
        read_deny_list(path)


@hookimpl
def ip2p_check_instruction(step: Step) -> Verdict:
    """Block by the deny list, else flag by the rules."""
    return judge(step.instruction, user_setting("deny_list", ""))


def judge(instruction: str, deny_list: str = "") -> Verdict:
    """The verdict on one instruction; `deny_list` names a file, or is empty.

    A deny list that cannot be read blocks everything.
    """
    from ip2p_wording.deny_list import read_deny_list
    from ip2p_wording.rules import shipped
    from ip2p_wording.text import normal

    text = normal(instruction)
    try:
        denied = next((line for line in read_deny_list(deny_list) if line.matches(text)), None) if deny_list else None
    except UsageError as problem:
        return Verdict.block(f"{problem}; until then nothing passes")
    if denied is not None:
        return Verdict.block(denied.says)
    said = [finding.says for finding in shipped().findings(text)]
    return Verdict.flag("; ".join(said)) if said else Verdict.allow()
