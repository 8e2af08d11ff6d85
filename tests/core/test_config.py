"""The user's defaults: from the file, over it from the environment, and never silently wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ip2p_cli.config import Setting, UserConfig, config_path, exported_settings, load_config
from ip2p_cli.errors import UsageError
from ip2p_cli.model_choice import choose_model
from ip2p_cli.types import StepSettings


def environment(folder: Path, text: str | None = None, **variables: str) -> dict[str, str]:
    if text is not None:
        (folder / "ip2p").mkdir(exist_ok=True)
        (folder / "ip2p" / "config.toml").write_text(text)
    return {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder), **variables}


def test_nothing_is_set_by_default(tmp_path: Path) -> None:
    config = load_config(environment(tmp_path))
    assert dict(config.settings) == {}
    assert config.get("model", "mini") == "mini"


@pytest.mark.skipif("sys.platform != 'linux'")
def test_the_file_is_where_linux_keeps_such_files(tmp_path: Path) -> None:
    assert config_path({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "ip2p" / "config.toml"
    assert config_path({"IP2P_CONFIG": "/x/y.toml"}) == Path("/x/y.toml")


def test_variables_win_over_the_file_and_say_so(tmp_path: Path) -> None:
    config = load_config(environment(tmp_path, 'model = "big"\nsteps = 9\nno_plugin = ["a"]', IP2P_STEPS="12"))
    assert config.settings["model"].origin.endswith("config.toml")
    assert config.settings["steps"].origin == "IP2P_STEPS"
    assert config.step_settings() == StepSettings(steps=12)
    assert config.get("no_plugin", ()) == ("a",)


def test_kinds_of_values(tmp_path: Path) -> None:
    variables = {"IP2P_OFFLINE": "yes", "IP2P_TEXT_GUIDANCE": "7", "IP2P_BATCH_SIZE": "4", "IP2P_NO_PLUGIN": "a, b"}
    config = load_config(environment(tmp_path, "batch_size = 2\nquiet = true", **variables))
    assert config.get("offline", False) is True
    assert config.get("quiet", False) is True
    assert config.get("text_guidance", 0.0) == 7.0
    assert config.get("batch_size", "auto") == "4"
    assert config.get("no_plugin", ()) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modle = 'x'", "did you mean 'model'"),
        ("model = 3", "give a text"),
        ("steps = 'x'", "steps is 'x'"),
        ("steps = true", "whole number"),
        ("offline = 'perhaps'", "true or false"),
        ("text_guidance = [1]", "give a number"),
        ("no_plugin = 3", "list of names"),
        ("model = ", "cannot read the config file"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        load_config(environment(tmp_path, text))
    assert "config.toml" in str(caught.value)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="IP2P_STEPS"):
        load_config(environment(tmp_path, IP2P_STEPS="many"))
    with pytest.raises(UsageError, match="IP2P_STEPS"):
        load_config(environment(tmp_path, IP2P_STEPS="0")).step_settings()


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_config(environment(tmp_path, IP2P_CONFIG=str(tmp_path / "nope.toml")))


def test_unknown_variables_are_told_apart(tmp_path: Path) -> None:
    assert load_config(environment(tmp_path, IP2P_MODLE="x", IP2P_DEBUG="1")).unknown_variables == ("IP2P_MODLE",)


def test_what_is_exported_is_read_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'model = "big"\nsteps = 9\noffline = true\nquiet = false\ntext_guidance = 7.25\nrequire_checks = ["a", "b"]'
    for name, value in environment(tmp_path, text, IP2P_BATCH_SIZE="4").items():
        monkeypatch.setenv(name, value)
    here = {key: setting.value for key, setting in load_config().settings.items()}
    (elsewhere := tmp_path / "elsewhere").mkdir()
    there = load_config({**environment(elsewhere, 'seed = 5\nmodel = "other"'), **exported_settings()})
    assert {key: setting.value for key, setting in there.settings.items()} == here


@pytest.mark.parametrize(
    ("key", "value", "option"),
    [("size", "big", "--size"), ("batch_size", "0", "--batch-size"), ("accelerate", ("fst",), "")],
)
def test_a_wrong_default_is_named_by_its_place_and_a_wrong_option_by_its_name(
    key: str, value: Any, option: str
) -> None:
    config = UserConfig({key: Setting(value, "config.toml")})
    with pytest.raises(UsageError, match=rf"^{key} \(config\.toml\) "):
        choose_model(config)
    if option:
        with pytest.raises(UsageError, match=rf"^{option} {value}"):
            choose_model(UserConfig(), **{key: value})
