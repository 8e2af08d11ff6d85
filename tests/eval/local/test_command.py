"""`ip2p eval --suite local` end to end: figures, a sheet, and an editor that does what it is told."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli.api import EditRequest, EditResult, Ip2pError, UsageError
from ip2p_eval import ip2p_register_commands
from ip2p_eval.candidates import Candidate
from ip2p_eval.local.cases import Ask, asks
from ip2p_eval.local.suite import choose, subject_of
from ip2p_eval.shared import Shared
from ip2p_eval.suites.local import LocalSuite
from tests.eval.local.examples import done, photo


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        photo(seed).save(folder / f"{seed}.png")
    return sorted(folder.iterdir())


class Obedient:
    """Does every edit by hand: it knows the wordings. The last of a photo fails."""

    def __init__(self, photos: list[Path]) -> None:
        self.photos = {path.name: Image.open(path).convert("RGB") for path in photos}

    def edit_each(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True
    ) -> Sequence[EditResult | Ip2pError]:
        if not requests[0].instruction:
            return [EditResult(requests[0].image, "", 0, 1, 1.0, 1.0, "ddim")]
        answers: list[EditResult | Ip2pError] = [self._edit(request) for request in requests[:-1]]
        return [*answers, Ip2pError("out of paint")]

    def _edit(self, request: EditRequest) -> EditResult:
        ask = next(ask for ask in asks() if request.instruction in ask.wordings)
        name = next(
            name
            for name, image in self.photos.items()
            if subject_of(ask, image, name).asked_of.tobytes() == request.image.tobytes()
        )
        image = done(subject_of(ask, self.photos[name], name), ask, random.Random(f"{name}{ask.family}"))
        return EditResult(image, request.instruction, 0, 1, 1.0, 1.0, "ddim")


def some(*families: str) -> tuple[Ask, ...]:
    return choose(families)


def test_an_obedient_editor_scores_high_and_failed_edits_count_as_missed(photos: list[Path], tmp_path: Path) -> None:
    cases = some("add-moon", "add-balloon", "remove-boat", "recolour-car", "add-house")
    suite = LocalSuite(photos, cases, Shared(tmp_path))
    measured = suite.run([Candidate("obedient", lambda: Obedient(photos))])
    [figures], table = measured.figures["models"], str(measured.tables[0])
    assert figures["edits"] == 2 * len(cases) and figures["failed"] == 2
    assert figures["overall"]["both"]["passed"] >= figures["edits"] - 3
    assert figures["kinds"]["add"]["there"]["of"] == 8
    assert (
        figures["overall"]["there"]["low"] < figures["overall"]["there"]["share"] < figures["overall"]["there"]["high"]
    )
    assert "remove-boat" in table and "95% interval" in table
    assert Image.open(tmp_path / "local.jpg").height > 100
    assert set(figures["wordings"]) <= {text for ask in cases for text in ask.wordings}


def test_the_command_writes_figures_of_a_checkpoint(photos: list[Path], tiny_checkpoint: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    ip2p_register_commands(app)
    command = ["eval", str(photos[0].parent), "--suite", "local", "--model", str(tiny_checkpoint), "--device", "cpu"]
    command += ["--families", "add-moon,remove-boat", "-o", str(tmp_path / "out"), "--json", "--limit", "1"]
    result = CliRunner().invoke(app, command, catch_exceptions=False, standalone_mode=False)
    figures = json.loads((tmp_path / "out" / "local.json").read_text())
    assert json.loads(result.stdout) == figures
    [model] = figures["models"]
    assert figures["suite"] == "local" and model["edits"] == 2
    assert model["overall"]["both"]["share"] == 0  # random weights
    assert "add-moon" in result.stderr
    with pytest.raises(UsageError, match="unknown family 'night'"):
        CliRunner().invoke(app, [*command, "--families", "night"], catch_exceptions=False, standalone_mode=False)
