"""Training recipes: what is printed reads back, what is wrong is named, and the shipped ones say what they did."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st

from ip2p_cli.api import UsageError
from ip2p_train.config import EditorConfig, LoopConfig, LoraConfig, TrainConfig
from ip2p_train.config_file import load_config, show_config
from ip2p_train.settings_check import RANGES, check_settings
from tests.train.small import SMALL

RECIPES = sorted((Path(__file__).parents[2] / "recipes" / "train").glob("*.toml"))


def test_configs_read_back_what_they_print(tmp_path: Path) -> None:
    config = TrainConfig(loop=LoopConfig(max_steps=7), editor=SMALL)
    (tmp_path / "a.toml").write_text(show_config(config))
    assert load_config(tmp_path / "a.toml") == config


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_back(text: str) -> None:
    config = TrainConfig(editor=EditorConfig(base=text), lora=LoraConfig(targets=(text,)))
    assert tomllib.loads(show_config(config))["editor"]["base"] == text
    assert tomllib.loads(show_config(config))["lora"]["targets"] == [text]


def test_a_negative_seed_is_as_good_as_any() -> None:
    check_settings(TrainConfig(loop=LoopConfig(seed=-7)))


def test_every_range_is_one_of_a_number_that_there_is() -> None:
    known = {f"{table}.{key}" for table, keys in tomllib.loads(show_config(TrainConfig())).items() for key in keys}
    named = [setting for settings in RANGES.values() for setting in settings]
    assert set(named) <= known and len(named) == len(set(named))


def test_every_default_is_printed_with_its_comment() -> None:
    shown = show_config(TrainConfig())
    printed = tomllib.loads(shown)
    assert printed.keys() == {table.name for table in fields(TrainConfig)}
    for table in fields(TrainConfig):
        section = getattr(TrainConfig(), table.name)
        assert printed[table.name] == {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(section).items()
        }
    assert 'optimizer = "adamw"  # adamw | muon' in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[loop]\nmax_step = 3\n", "did you mean max_steps"),
        ("[validaton]\nshare = 0.1\n", "did you mean validation"),
        ('[loop]\noptimizer = "sgd"\n', "must be one of: adamw, muon, adamw8bit"),
        ('[loop]\nmax_steps = "many"\n', "must be a whole number, not 'many'"),
        ("[loop.max_steps]\na = 1\n", "must be a whole number"),
        ("loop = 3\n", r"loop must be a table, \[loop\], not 3"),
        ('[editor]\nblock_out_channels = ["a"]\n', "block_out_channels, each must be a whole number"),
        ("[lora]\ntargets = [1]\n", "targets, each must be a text"),
        ("[editor]\nblock_out_channels = [10, 12]\n", "must divide by attention_heads, which is 4 and by 16"),
        ("[clip]\nheads = 5\n", "width is 192; each must divide by heads, which is 5"),
        ("[editor]\nattention_heads = 0\n", "must be 1 or more"),
        ("[loop]\nlearning_rate = -1e-4\n", "learning_rate is -0.0001; it must be above 0"),
        ("[loop]\nlearning_rate = nan\n", "must be above 0"),
        ("[loop]\nbeta2 = 1.0\n", "at least 0 and below 1"),
        ("[loop]\nlog_every = 0\n", "must be 1 or more"),
        ("[loop]\nwarmup_steps = -3\n", "must be 0 or more"),
        ("[loop]\nema_decay = 1.5\n", "from 0 to 1"),
        ("[editor]\nresolution = 100000\n", "from 0 to 4096"),
        ("[validation]\nevery = -1\n", "must be 0 or more"),
        ('[editor]\nsampler = "dimm"\n', "sampler 'dimm' is not known"),
        ('[clip]\nsave_dtype = "bf16"\n', "one of: float32, float16"),
        ("[editor]\ndrop_text = 0.8\ndrop_both = 0.3\n", "more than 1 together"),
        ("[validation]\nshare = 1.0\n", "below 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "b.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        check_settings(load_config(tmp_path / "b.toml"))


def test_a_shipped_recipe_can_be_named() -> None:
    installed = files("ip2p_recipes") / "train" / "mini-editor.toml"
    assert load_config(Path("mini-editor")) == load_config(Path(str(installed)))
    with pytest.raises(UsageError, match=r"there are: .*mini-editor"):
        load_config(Path("nosuch"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_are_valid_and_say_their_average(recipe: Path) -> None:
    check_settings(load_config(recipe))
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
