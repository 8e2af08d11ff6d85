"""Training recipes: what is printed reads back, what is wrong is named, and the shipped ones say what they did."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
import tomllib

from ip2p_cli.api import UsageError
from ip2p_train.config import LoopConfig, TrainConfig
from ip2p_train.config_file import check_config, load_config, show_config
from tests.train.small import SMALL

RECIPES = sorted((Path(__file__).parents[2] / "recipes" / "train").glob("*.toml"))


def test_configs_read_back_what_they_print(tmp_path: Path) -> None:
    config = TrainConfig(loop=LoopConfig(max_steps=7), editor=SMALL)
    (tmp_path / "a.toml").write_text(show_config(config))
    assert load_config(tmp_path / "a.toml") == config


def test_every_default_is_printed_with_its_comment() -> None:
    shown = show_config(TrainConfig())
    printed = tomllib.loads(shown)
    assert printed.keys() == {table.name for table in fields(TrainConfig)}
    assert printed["editor"].keys() == {item.name for item in fields(SMALL)}
    assert 'optimizer = "adamw"  # adamw | muon' in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[loop]\nmax_step = 3\n", "did you mean max_steps"),
        ("[validaton]\nshare = 0.1\n", "did you mean validation"),
        ('[loop]\noptimizer = "sgd"\n', "must be one of: adamw, muon, adamw8bit"),
        ('[loop]\nmax_steps = "many"\n', "must be a int"),
        ("[editor]\ndrop_text = 0.8\ndrop_both = 0.3\n", "more than 1 together"),
        ("[validation]\nshare = 1.0\n", "below 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "b.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        check_config(load_config(tmp_path / "b.toml"))


def test_a_shipped_recipe_can_be_named() -> None:
    installed = files("ip2p_recipes") / "train" / "mini-editor.toml"
    assert load_config(Path("mini-editor")) == load_config(Path(str(installed)))
    with pytest.raises(UsageError, match=r"there are: .*mini-editor"):
        load_config(Path("nosuch"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_are_valid_and_say_their_average(recipe: Path) -> None:
    check_config(load_config(recipe))
    assert "ema_decay" in tomllib.loads(recipe.read_text())["loop"]


@pytest.mark.parametrize("name", ["mini-editor", "mini-editor-continued", "mini-editor-sentences"])
def test_minis_recipes_train_as_they_did(name: str) -> None:
    config = load_config(next(path for path in RECIPES if path.stem == name))
    editor = config.editor
    assert (editor.timestep_power, editor.colour_weight, editor.min_snr_gamma) == (0.5, 3.0, 0.0)
    assert (editor.sampler, editor.licence, config.validation.share) == ("ddim", "Apache-2.0", 0.0)
    expected = (12, 3.0, 1.3) if name == "mini-editor" else (8, 2.5, 1.2)
    assert (editor.steps, editor.text_guidance, editor.image_guidance) == expected
    assert (config.loop.beta2, config.loop.ema_decay) == (0.99, 0.9995)
