"""`--fast` and `--accelerate`, on the command line and in the user's config."""

from __future__ import annotations

import json

import pytest

from ip2p_cli.accelerations import NAMES, OF_FAST
from tests.commands.conftest import CommandLine
from tests.photos import save


def asked_of(ip2p: CommandLine) -> tuple[str, ...]:
    return tuple(ip2p.loaded[-1][1]["accelerate"])


def test_by_default_nothing_is_traded(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x").code == 0
    assert asked_of(ip2p) == ()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], {"guidance-interval", "feature-reuse"}),
        (["--fast"], OF_FAST),
        (["--accelerate", "compile", "--accelerate", "late-guidance"], {"compile", "late-guidance"}),
        (["--accelerate", "none"], set()),
    ],
)
def test_the_command_line_wins_over_the_users_default(
    ip2p: CommandLine, monkeypatch: pytest.MonkeyPatch, options: list[str], names: set[str]
) -> None:
    save(ip2p.folder / "a.png")
    monkeypatch.setenv("IP2P_ACCELERATE", "guidance-interval,feature-reuse")
    assert ip2p("edit", "a.png", "-i", "x", *options).code == 0
    assert asked_of(ip2p) == tuple(sorted(names))


def test_an_output_made_otherwise_is_an_error_and_says_how_it_was_made(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x", "--fast", "-o", "out").code == 0
    again = ip2p("edit", "a.png", "-i", "x", "--fast", "-o", "out", "--json")
    assert again.events[0]["status"] == "skipped"
    other = ip2p("edit", "a.png", "-i", "x", "-o", "out", "--json")
    assert (other.code, other.events[0]["status"]) == (1, "failed")
    shown = json.loads(ip2p("show", "out/a.png", "--json").out)
    assert shown["accelerate"] == sorted(OF_FAST)
    assert "--accelerate feature-reuse" in shown["again"]


@pytest.mark.parametrize("name", ["fest", "compile=3"])
def test_a_wrong_name_is_a_usage_error_before_any_work(ip2p: CommandLine, name: str) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "x", "--accelerate", name)
    assert (answer.code, ip2p.loaded) == (2, [])
    assert f"--accelerate {name}" in answer.err


def test_the_help_names_them_all(ip2p: CommandLine) -> None:
    from ip2p_cli.commands.options import ModelOptions

    [help_] = (ModelOptions.__annotations__["accelerate"],)
    assert all(name in str(help_) for name in NAMES)
