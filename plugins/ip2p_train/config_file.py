"""Training recipes: TOML files read over the defaults, and all settings printed as one, with their comments."""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
import tokenize
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli

from ip2p_cli.api import UsageError

from .config import TrainConfig

SHIPPED = ("ip2p_recipes", "train")  # the package, and the folder in it
_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list"}


def load_config(path: Path | None) -> TrainConfig:
    """Read a TOML file, or the shipped recipe of that name, over the defaults.

    Raises:
        UsageError: no such file, not TOML, or a key that does not exist (the nearest one is named).
    """
    if path is None:
        return TrainConfig()
    try:
        document = tomli.loads(_text(path))
    except (OSError, tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read training config {path}: {error}") from error
    return _fill(TrainConfig, document, str(path))


def show_config(config: TrainConfig) -> str:
    """The settings as TOML, each with what the source says of it."""
    lines: list[str] = []
    for table in dataclasses.fields(config):
        section = getattr(config, table.name)
        said = _comments(type(section))
        lines.append(f"[{table.name}]")
        for item in dataclasses.fields(section):
            comment = f"  # {said[item.name]}" if item.name in said else ""
            lines.append(f"{item.name} = {_toml(getattr(section, item.name))}{comment}")
        lines.append("")
    return "\n".join(lines)


def _comments(kind: type[Any]) -> dict[str, str]:
    """Field -> the comment at the end of its line."""
    found: dict[str, str] = {}
    name = ""
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(kind)).readline):
        if token.type == tokenize.NAME and token.line[: token.start[1]].isspace():
            name = token.string
        elif token.type == tokenize.COMMENT:
            found[name] = token.string.removeprefix("# ")
    return found


def _text(path: Path) -> str:
    if path.is_file() or path.suffix or len(path.parts) != 1:
        return path.read_text(encoding="utf-8")
    package, folder = SHIPPED
    recipes = files(package) / folder
    if not (recipes / f"{path}.toml").is_file():
        names = sorted(entry.name.removesuffix(".toml") for entry in recipes.iterdir() if entry.name.endswith(".toml"))
        raise UsageError(f"no training recipe is named {str(path)!r}; there are: {', '.join(names)}, or give a file")
    return (recipes / f"{path}.toml").read_text(encoding="utf-8")


def _fill(kind: type[Any], values: dict[str, Any], where: str) -> Any:
    known = {item.name: item for item in dataclasses.fields(kind)}
    filled: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"
            raise UsageError(f"{where}: unknown key {key!r}{hint}")
        default = getattr(kind(), name)
        if not dataclasses.is_dataclass(default):
            filled[name] = _same_type(value, default, f"{where}: {key}")
        elif isinstance(value, dict):
            filled[name] = _fill(type(default), value, f"{where} [{key}]")
        else:
            raise UsageError(f"{where}: {key} must be a table, [{key}], not {value!r}")
    return kind(**filled)


def _same_type(value: Any, default: Any, where: str) -> Any:
    """The value, where it is of the default's type; a list's members are of the type of the default's own."""
    if isinstance(default, tuple) and isinstance(value, list):
        member = default[0] if default else ""
        return tuple(_same_type(one, member, f"{where}, each") for one in value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise UsageError(f"{where} must be {_NAMES[type(default)]}, not {value!r}")
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):  # TOML's escapes are JSON's, and it wants one more
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
