"""`ip2p eval` end to end on a tiny random checkpoint: figures, pictures, streams."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli.api import EnvironmentStop, UsageError
from ip2p_eval import ip2p_register_commands
from ip2p_eval.choice import SUITES, USED_BY
from ip2p_eval.command import evaluate
from ip2p_eval.measured import Measured, Table
from ip2p_eval.publish import publish
from tests.eval.scenes import scene, to_pil


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        to_pil(scene(seed, 64)).save(folder / f"{seed}.png")
    return folder


def make_app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    ip2p_register_commands(app)
    return app


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    return make_app()


def run(app: typer.Typer, *arguments: object) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["eval", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    return result.stdout, result.stderr


def test_looks_writes_figures_and_a_sheet(
    app: typer.Typer, photos: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    stdout, stderr = run(
        app,
        photos,
        "--model",
        tiny_checkpoint,
        "-o",
        out,
        "--families",
        "night,sepia",
        "--seed",
        3,
        "--json",
        "--device",
        "cpu",
    )
    figures = json.loads((out / "looks.json").read_text())
    assert json.loads(stdout) == figures
    [model] = figures["models"]
    assert model["edits"] == 4
    assert figures["seed"] == 3
    assert model["overall"]["followed"]["share"] <= 0.5  # random weights follow nothing but by chance
    assert "night" in stderr and "followed" in stderr
    assert Image.open(out / "looks.jpg").height > 200


def test_guidance_prints_both_correlations(
    app: typer.Typer, photos: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    stdout, stderr = run(
        app,
        photos,
        "--model",
        tiny_checkpoint,
        "-o",
        tmp_path,
        "--suite",
        "guidance",
        "--limit",
        1,
        "--families",
        "night",
    )
    figures = json.loads((tmp_path / "guidance.json").read_text())
    assert stdout == ""
    assert "text guidance" in stderr and "image guidance" in stderr
    [model] = figures["models"]
    assert -1 <= model["text"]["spearman"] <= 1
    assert len(model["image"]["mean_distance"]) == 4


@pytest.mark.parametrize(("suite", "family"), [("looks", "night"), ("local", "add-moon"), ("guidance", "night")])
def test_several_checkpoints_stand_side_by_side(
    app: typer.Typer, photos: Path, tiny_checkpoint: Path, tmp_path: Path, suite: str, family: str
) -> None:
    other = tmp_path / "other"
    other.symlink_to(tiny_checkpoint)
    models = ("-m", tiny_checkpoint, "-m", other)
    _, stderr = run(app, photos, "--suite", suite, "--families", family, *models, "-o", tmp_path / "out", "--limit", 1)
    one, same = json.loads((tmp_path / "out" / f"{suite}.json").read_text())["models"]
    assert one.pop("model") == str(tiny_checkpoint) and same.pop("model") == str(other)
    assert one == same
    assert str(tiny_checkpoint) in stderr and str(other) in stderr
    sheets = sorted(path.name for path in (tmp_path / "out").glob("*.jpg"))
    assert sheets == ([] if suite == "guidance" else [f"{suite}-2.jpg", f"{suite}.jpg"])


def test_an_unknown_suite_is_named(app: typer.Typer, photos: Path) -> None:
    with pytest.raises(UsageError, match="unknown suite 'lookz'"):
        run(app, photos, "--suite", "lookz")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--steps", 4), "--steps means nothing to --suite looks; leave it out (it is for curve)"),
        (("--clip", "x"), "--clip means nothing to --suite looks; leave it out (it is for curve, emu, magicbrush)"),
        (("--suite", "world"), "DATA means nothing to --suite world"),
        (("--suite", "curve", "--families", "night"), "--families means nothing to --suite curve"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(
    app: typer.Typer, photos: Path, options: tuple[object, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        run(app, photos, *options)


def test_every_option_that_belongs_to_some_suites_exists() -> None:
    assert set(USED_BY) <= set(inspect.signature(evaluate).parameters)
    assert {suite for suites in USED_BY.values() for suite in suites} == set(SUITES)


def test_an_output_that_cannot_be_is_said_before_the_model_is_looked_for(
    app: typer.Typer, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write .*file: File exists; choose another -o"):
        run(app, photos, "--model", "nosuch", "-o", tmp_path / "file")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_takes_no_figures_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "looks.json").symlink_to("/dev/full")
    measured = Measured({"a": 1}, (Table("measured for hours", ("x", "y"), (("night", "88"),)),))
    with pytest.raises(EnvironmentStop, match="No space left on device"):
        publish("looks", {}, measured, tmp_path, quiet=False, as_json=False)
    assert "night  88" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("name", ["looks.jpg", "looks.json"])
def test_a_full_disk_is_the_environments(
    app: typer.Typer, photos: Path, tiny_checkpoint: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to("/dev/full")
    with pytest.raises(EnvironmentStop, match="No space left on device; make room"):
        run(app, photos, "--model", tiny_checkpoint, "-o", tmp_path / "out", "--families", "night", "--limit", 1)
