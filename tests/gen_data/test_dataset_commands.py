"""The commands, end to end: draw, score, filter, validate, export, import, stats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from ip2p_cli.api import UsageError, read_pairs
from ip2p_gen_data import dataset_commands, filter_command, pairs_command
from ip2p_gen_data.charts import histogram, sheet
from ip2p_gen_data.stats import collect
from tests.gen_data import tiny_models


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    """As the group registers them."""
    made = typer.Typer()
    commands: dict[str, Callable[..., Any]] = {
        "pairs": pairs_command.pairs,
        "filter": filter_command.filter_pairs,
        "import": dataset_commands.import_data,
        "export": dataset_commands.export_data,
        "validate": dataset_commands.validate,
        "stats": dataset_commands.stats,
    }
    for name, command in commands.items():
        made.command(name)(command)
    return made


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"sd": tiny_models.text_to_image(folder / "sd"), "clip": tiny_models.clip(folder / "clip")}


def run(app: typer.Typer, *arguments: object, code: int = 0) -> Result:
    found = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found


def test_from_caption_pairs_to_a_dataset_and_back(app: typer.Typer, models: dict[str, Path], tmp_path: Path) -> None:
    data, layout = tmp_path / "data", tmp_path / "layout"
    lines = [
        {"input": "a sunset", "edit": "make it winter", "output": "a winter sunset"},
        {"caption": "the picture", "edit": "add snow", "output": "the picture into snow"},
    ]
    prompts = tiny_models.write_lines(tmp_path / "prompts.jsonl", lines)
    draw = ["pairs", "-o", data, "--prompts", prompts, "--model", models["sd"], "--samples", 3, "--steps", 3]
    draw += ["--batch-size", 4, "--device", "cpu", "--offline", "--cross-attention", "refine", "--new-words", 1.5]
    run(app, *draw)
    run(app, *draw)
    with pytest.raises(UsageError, match=r"other settings \(seed\)"):
        run(app, *draw, "--seed", 3)
    sieve = ["filter", "-o", data, "--clip", models["clip"], "--offline", "--device", "cpu"]
    with pytest.raises(UsageError, match="no candidate passes"):
        run(app, *sieve, "--min-image", "2")
    told = run(app, *sieve, "--min-image", "q0.2", "--min-direction", "q0", "--min-caption", "-1", "--best", 2)
    assert "of 6 pairs in 1 shards" in told.stderr
    rows = list(read_pairs(data))
    assert 2 <= len(rows) <= 4
    run(app, "validate", data)
    run(app, "export", data, "-o", layout)
    run(app, "validate", layout)
    run(app, "import", layout, "-o", tmp_path / "again")
    assert list(read_pairs(tmp_path / "again")) == rows
    (layout / "0000000" / "prompt.json").unlink()
    assert "prompt.json" in run(app, "validate", layout, code=1).stdout
    table = run(app, "stats", data).stdout
    assert f"{len(rows):8d}  kept" in table and "clip_sim_dir" in table
    assert sum(collect(data).reasons.values()) == 6
    for name in ("scores.png", "examples.png"):
        assert np.asarray(Image.open(data / ".gen-data" / "stats" / name)).std() > 1
    run(app, "stats", tmp_path / "again", "-o", tmp_path / "charts")
    assert collect(tmp_path / "again").reasons == {"kept": len(rows)}


def test_a_histogram_shows_every_value_and_which_were_kept() -> None:
    kept = histogram([0.0, 0.5, 1.0], [True] * 3, "all kept")
    none = histogram([0.0, 0.5, 1.0], [False] * 3, "all kept")
    assert np.any(np.asarray(kept) != np.asarray(none))
    assert histogram([], [], "nothing").size == histogram([3.0], [True], "one").size


def test_a_sheet_of_nothing_is_a_picture() -> None:
    assert sheet([]).width > 0
