"""A plugin that fails in any of the hooks: it is named, the rest goes on, and a check lets nothing through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ip2p_cli.plugin_manager import hook_names
from tests.commands.conftest import CommandLine
from tests.commands.test_edit import tree
from tests.photos import save
from tests.train.small import write_pairs
from tests.train.test_command import CONFIG

EDIT = ("edit", "photos", "-i", "make it night")
SAID = "plugin 'bad' failed in {hook} (RuntimeError: oops)"
BAD = "from ip2p_cli.api import Verdict, hookimpl\n\n@hookimpl\ndef {hook}():\n    raise RuntimeError('oops')\n"
CHECK = "\n@hookimpl\ndef ip2p_check_source():\n    return Verdict.allow()\n"


@dataclass(frozen=True)
class Case:
    """A command that fires a hook, and what becomes of it where the hook fails."""

    command: tuple[str, ...]
    code: int
    said: str = SAID
    written: bool = False  # whether the command's own output is there all the same


CHECKED = Case(EDIT, 1, "bad: the check crashed, and so blocks (RuntimeError: oops)")
CASES = {
    "ip2p_register_commands": Case(
        EDIT, 0, "warning: plugin 'bad' cannot add its commands (RuntimeError: oops)", written=True
    ),
    "ip2p_register_samplers": Case(EDIT, 2),
    "ip2p_register_models": Case(("models", "list"), 2),
    "ip2p_register_probes": Case(("bias", "photos", "--instructions", "asks.txt", "-o", "edited"), 2),
    "ip2p_register_data_engines": Case(
        ("gen-data", "instructions", "--captions", "captions.txt", "-o", "edited", "--lm", "x"), 2
    ),
    "ip2p_prepare_check": Case(EDIT, 2, "the check 'bad' is required, and cannot work (RuntimeError: oops)"),
    "ip2p_check_instruction": CHECKED,
    "ip2p_check_source": CHECKED,
    "ip2p_review_result": CHECKED,
    "ip2p_make_mask": Case(EDIT, 1, "plugin 'bad' could not make a mask (RuntimeError: oops)"),
    "ip2p_training_step_end": Case(
        ("train", "pairs", "-o", "edited", "--config", "config.toml", "--base", "TINY"),
        0,
        f"warning: {SAID}, and is not called any more",
        written=True,
    ),
}


def test_every_hook_is_here() -> None:
    assert sorted(CASES) == hook_names()


@pytest.mark.parametrize("hook", sorted(CASES))
def test_a_plugin_that_fails_in_a_hook(ip2p: CommandLine, tiny_checkpoint: Path, hook: str) -> None:
    case, folder = CASES[hook], ip2p.folder
    ip2p.install("bad", BAD.format(hook=hook) + (CHECK if hook == "ip2p_prepare_check" else ""))
    save(folder / "photos" / "a.png")
    (folder / "asks.txt").write_text("make it night\n")
    (folder / "captions.txt").write_text("a lake\n")
    if hook == "ip2p_training_step_end":
        (folder / "config.toml").write_text(CONFIG)
        write_pairs(folder / "pairs")
    if hook == "ip2p_prepare_check":
        ip2p.monkeypatch.setenv("IP2P_REQUIRE_CHECKS", "bad")
    answer = ip2p(*[str(tiny_checkpoint) if word == "TINY" else word for word in case.command])
    assert answer.code == case.code, answer.err
    assert answer.err.count(case.said.format(hook=hook)) == 1, answer.err
    assert bool(tree(folder / "edited")) == case.written
    assert ip2p("recipes", "list").code == 0, "what does not fire the hook works"
