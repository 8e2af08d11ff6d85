"""Writes docs/cli.md from the commands themselves: `python docs/make_cli.py`. A test checks that it is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from ip2p_cli.cli import build_app

PAGE = Path(__file__).with_name("cli.md")


def page() -> str:
    """All commands, options and their help as Markdown."""
    root = typer.main.get_command(build_app()[0])
    lines = ["# Command line", "", "Made from the program by `python docs/make_cli.py`.", ""]
    for path, command in _commands(root, ("ip2p",)):
        lines += [f"## `{' '.join(path)}`", "", *_paragraphs(command.help or ""), ""]
        rows = [_row(option) for option in command.params if not getattr(option, "hidden", False)]
        lines += ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if children is None or command.invoke_without_command:
        yield path, command
    for name in sorted(children or ()):
        yield from _commands(children[name], (*path, name))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _row(option: Any) -> str:
    cells = (_names(option), " ".join((option.help or "").split()))
    return "| {} | {} |".format(*(cell.replace("|", "\\|") for cell in cells))


def _names(option: Any) -> str:
    """How it is written on the command line, with what it takes."""
    if option.param_type_name == "argument":
        return f"`{option.metavar or option.name.upper()}`"
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    values = option.metavar or _choices(option)
    return f"{names} `{values}`" if values else names


def _choices(option: Any) -> str:
    kind = option.type_descriptor.annotation
    return "|".join(each.value for each in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
