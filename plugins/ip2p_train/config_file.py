"""Training recipes: TOML files read over the defaults, and all settings printed as one, with their comments."""

from __future__ import annotations

import dataclasses
import inspect
import io
import tokenize
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli

from ip2p_cli.api import UsageError

from .config import TrainConfig

SHIPPED = ("ip2p_recipes", "train")  # the package, and the folder in it
CHOICES = {
    ("loop", "optimizer"): ("adamw", "muon", "adamw8bit"),
    ("loop", "precision"): ("bf16", "fp32"),
    ("editor", "prediction"): ("auto", "epsilon", "v_prediction"),
    ("editor", "save_dtype"): ("float32", "float16"),
}


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


def check_config(config: TrainConfig) -> None:
    """See that words are among those known, and numbers in their ranges.

    Raises:
        UsageError: naming the first that is not.
    """
    for (table, key), words in CHOICES.items():
        value = getattr(getattr(config, table), key)
        if value not in words:
            raise UsageError(f"[{table}] {key} is {value!r}; it must be one of: {', '.join(words)}")
    editor = config.editor
    if min(editor.drop_text, editor.drop_image, editor.drop_both) < 0:
        raise UsageError("[editor] drop_text, drop_image and drop_both must be 0 or more")
    if editor.drop_text + editor.drop_image + editor.drop_both > 1:
        raise UsageError("[editor] drop_text, drop_image and drop_both are more than 1 together")
    if not 0 <= config.validation.share < 1:
        raise UsageError("[validation] share must be at least 0 and below 1")
    if config.lora.rank < 0 or editor.min_snr_gamma < 0 or config.loop.micro_batch < 0:
        raise UsageError("[lora] rank, [editor] min_snr_gamma and [loop] micro_batch must be 0 or more")


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
        default = known[name].default if known[name].default is not dataclasses.MISSING else None
        if isinstance(value, dict):
            filled[name] = _fill(type(getattr(kind(), name)), value, f"{where} [{key}]")
        else:
            filled[name] = _same_type(value, default, f"{where}: {key}")
    return kind(**filled)


def _same_type(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise UsageError(f"{where} must be a {type(default).__name__}, not {value!r}")
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
