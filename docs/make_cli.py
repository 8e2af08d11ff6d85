"""Writes docs/cli.md from the commands themselves: `python docs/make_cli.py`. A test checks that it is up to date."""

from __future__ import annotations

from collections.abc import Iterator
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
    is_argument = option.param_type_name == "argument"
    names = f"`{option.metavar or option.name.upper()}`" if is_argument else ", ".join(f"`{n}`" for n in option.opts)
    choices = getattr(getattr(option, "type", None), "choices", None)
    values = " · ".join(str(getattr(choice, "value", choice)) for choice in choices) if choices else ""
    text = " ".join((getattr(option, "help", None) or "").split()).replace("|", "\\|")
    return f"| {names} | {text}{f' ({values})' if values else ''} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
