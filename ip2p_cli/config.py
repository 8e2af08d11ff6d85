"""Defaults from IP2P_* variables and the user's config file: below options and recipes, above the checkpoint's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import tomli

from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import StepSettings

PREFIX = "IP2P_"
CONFIG_VARIABLE = "IP2P_CONFIG"
_NOT_SETTINGS = {CONFIG_VARIABLE, "IP2P_DEBUG"}
T = TypeVar("T")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("give a text")
    return value


def _integer(value: object) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise ValueError("give a whole number") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("give a whole number")
    return value


def _megapixels(value: object) -> int:
    number = _integer(value)
    if number < 1:
        raise ValueError("give a whole number from 1")
    return number


def _number(value: object) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError("give a number") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("give a number")
    return float(value)


def _share(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1:  # NaN fails too
        raise ValueError("give a number from 0 to 1")
    return number


def _seconds(value: object) -> float:
    number = _number(value)
    if not 0 < number <= 86_400:
        raise ValueError("give seconds, more than 0, a day at most")
    return number


def _switch(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise ValueError("give true or false")
    return value


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("give a list of names")
    return tuple(name.strip() for name in value if name.strip())


def _auto_or_text(value: object) -> str:
    return _text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


KEYS: Mapping[str, Callable[[object], Any]] = {
    "model": _text,
    "device": _text,
    "dtype": _text,
    "accelerate": _names,
    "batch_size": _auto_or_text,
    "size": _auto_or_text,
    "steps": _integer,
    "text_guidance": _number,
    "image_guidance": _number,
    "sampler": _text,
    "seed": _integer,
    "output": _text,
    "format": _text,
    "quality": _integer,
    "metadata": _text,
    "on_exists": _text,
    "offline": _switch,
    "quiet": _switch,
    "no_plugin": _names,
    "max_megapixels": _megapixels,
    "require_checks": _names,
    "check_seconds": _seconds,
    "deny_list": _text,
    "nsfw_threshold": _share,
    "sd_safety": _text,
}


@dataclass(frozen=True)
class Setting:
    """One default and where it comes from."""

    value: Any
    origin: str


@dataclass(frozen=True)
class UserConfig:
    """The user's defaults, by key, and what was found beside them."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    path: Path = Path()
    unknown_variables: tuple[str, ...] = ()

    def get(self, key: str, default: T) -> T:
        """The user's default for `key`, or `default`."""
        found = self.settings.get(key)
        return default if found is None else found.value

    def step_settings(self) -> StepSettings:
        """The part of it that a step can hold.

        Raises:
            UsageError: a value is out of range.
        """
        from ip2p_cli.recipe import check_guidance, check_steps

        def checked(key: str, check: Callable[[object, str], Any]) -> Any:
            found = self.settings.get(key)
            return None if found is None else check(found.value, f"{key} ({found.origin})")

        return StepSettings(
            steps=checked("steps", check_steps),
            text_guidance=checked("text_guidance", check_guidance),
            image_guidance=checked("image_guidance", check_guidance),
            sampler=self.get("sampler", None),
        )


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the user's config file is looked for: IP2P_CONFIG, or the platform's place for such files."""
    env = os.environ if environ is None else environ
    if env.get(CONFIG_VARIABLE):
        return Path(env[CONFIG_VARIABLE])
    if sys.platform == "win32":
        base = Path(env.get("APPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "ip2p" / "config.toml"


def load_config(environ: Mapping[str, str] | None = None) -> UserConfig:
    """Read the config file, then the IP2P_* variables over it.

    Raises:
        UsageError: the file cannot be read, has an unknown key, or a value does not fit.
    """
    env = os.environ if environ is None else environ
    path = config_path(env)
    settings = _from_file(path, required=bool(env.get(CONFIG_VARIABLE)))
    unknown = []
    for variable, text in sorted(env.items()):
        key = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or variable in _NOT_SETTINGS or text == "":
            continue
        if key in KEYS:
            settings[key] = _setting(key, text, variable)
        else:
            unknown.append(variable)
    return UserConfig(settings, path, tuple(unknown))


def exported_settings() -> dict[str, str]:
    """The user's defaults as variables, for a process on another machine; a config file there then counts for nothing.

    Raises:
        UsageError: as `load_config`.
    """
    settings = load_config().settings
    return {CONFIG_VARIABLE: os.devnull} | {PREFIX + key.upper(): _as_text(one.value) for key, one in settings.items()}


def _as_text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _from_file(path: Path, required: bool) -> dict[str, Setting]:
    try:
        data = tomli.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if required:
            raise UsageError(
                f"{CONFIG_VARIABLE} names {path}, which does not exist; unset it or write the file"
            ) from None
        return {}
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as problem:
        raise UsageError(f"cannot read the config file {path}: {problem}; mend or remove it") from None
    for key in data:
        if key not in KEYS:
            raise UsageError(f"{path}: unknown key {key!r}; {did_you_mean(key, KEYS)}")
    return {key: _setting(key, value, str(path)) for key, value in data.items()}


def _setting(key: str, value: object, origin: str) -> Setting:
    try:
        return Setting(KEYS[key](value), origin)
    except ValueError as problem:
        raise UsageError(f"{origin}: {key} is {value!r}; {problem}") from None
