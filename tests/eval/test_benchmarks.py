"""The suites emu and magicbrush, the published rows, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import EditRequest, UsageError
from ip2p_eval.candidates import Candidate
from ip2p_eval.encoders import Encoders
from ip2p_eval.magicbrush.layout import Session, Turn, is_test_split, read_sessions
from ip2p_eval.measured import Grid, Measured, Table
from ip2p_eval.page import page
from ip2p_eval.published import EMU_TEST, MAGICBRUSH_TEST, comparable, every
from ip2p_eval.rows import read_rows
from ip2p_eval.shared import Shared
from ip2p_eval.suites.emu import EmuSuite
from ip2p_eval.suites.magicbrush import MagicBrushSuite
from tests.eval.test_curve import run
from tests.eval.tiny_encoders import By, dataset, magicbrush, picture

BOTH = {"clip": "openai/clip-vit-base-patch32", "dino": "facebook/dino-vits16"}


@pytest.fixture
def brush(tmp_path: Path) -> Path:
    return magicbrush(tmp_path / "brush")


def brushed(brush: Path, encoders: Encoders, answer: Any, output: Path, **changes: Any) -> dict[str, Any]:
    suite = MagicBrushSuite(read_sessions(brush), lambda: encoders, Shared(output), **changes)
    figures = suite.run([Candidate("one", lambda: By(answer))]).figures
    [model] = figures["models"]
    return dict(model)


def knowing(brush: Path) -> Any:
    """The true result, whatever the turn starts from."""
    sessions = read_sessions(brush)
    after: dict[bytes, Image.Image] = {}
    for session in sessions:
        for turn in session.turns:
            after[Image.open(turn.source).tobytes()] = Image.open(turn.target)
    return lambda request: after[request.image.tobytes()]


def test_a_perfect_editor_on_magicbrush(brush: Path, encoders: Encoders, tmp_path: Path) -> None:
    model = brushed(brush, encoders, knowing(brush), tmp_path)
    for setting, count in (("single-turn", 6), ("multi-turn", 3)):
        figures = model[setting]
        assert figures["l1"] == {"mean": 0, "low": 0, "high": 0, "of": count}
        assert figures["l2"]["mean"] == 0 and figures["failed"] == 0
        assert figures["clip_i"]["mean"] == pytest.approx(1) and figures["dino"]["mean"] == pytest.approx(1)


def test_a_copying_editor_on_magicbrush_falls_behind_with_every_turn(
    brush: Path, encoders: Encoders, tmp_path: Path
) -> None:
    model = brushed(brush, encoders, lambda request: request.image, tmp_path)
    sessions = read_sessions(brush)
    expected = [distance(turn.source, turn.target) for session in sessions for turn in session.turns]
    chained = [distance(session.turns[0].source, session.turns[-1].target) for session in sessions]
    assert model["single-turn"]["l1"]["mean"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert model["multi-turn"]["l1"]["mean"] == pytest.approx(np.mean(chained), abs=1e-6)


def distance(one: Path, other: Path) -> float:
    a, b = (np.asarray(Image.open(path), float) / 255 for path in (one, other))
    return float(np.abs(a - b).mean())


def test_generated_pictures_are_named_as_magicbrush_names_them_and_chains_go_on(
    brush: Path, encoders: Encoders, tmp_path: Path
) -> None:
    brushed(brush, encoders, lambda request: darker(request.image), tmp_path)
    folder = tmp_path / "magicbrush" / "one"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    third = ["140/140_1.png", "140/140_inde_2.png", "140/140_inde_3.png", "140/140_iter_2.png", "140/140_iter_3.png"]
    assert names == ["139/139_1.png", *third, "141/141_1.png", "141/141_inde_2.png", "141/141_iter_2.png"]
    chain = np.asarray(Image.open(folder / "140/140_iter_3.png"))
    first = Image.open(brush / "images/140/140-input.png")
    assert np.array_equal(chain, np.asarray(darker(darker(darker(first)))))
    alone = np.asarray(Image.open(folder / "140/140_inde_3.png"))
    assert np.array_equal(alone, np.asarray(darker(Image.open(brush / "images/140/140-output2.png"))))


def darker(image: Image.Image) -> Image.Image:
    return image.point(lambda value: value // 2)


def test_a_failed_turn_ends_its_chain_and_is_counted(brush: Path, encoders: Encoders, tmp_path: Path) -> None:
    def answer(request: EditRequest) -> Image.Image | None:
        return None if request.instruction == "add snow 2" else request.image

    model = brushed(brush, encoders, answer, tmp_path)
    assert model["single-turn"]["failed"] == 2 and model["single-turn"]["l1"]["of"] == 4
    assert model["multi-turn"]["failed"] == 2 and model["multi-turn"]["l1"]["of"] == 1


def test_pictures_made_elsewhere_are_scored(brush: Path, encoders: Encoders, tmp_path: Path) -> None:
    own = brushed(brush, encoders, darker_of, tmp_path)
    theirs = tmp_path / "magicbrush" / "one"
    suite = MagicBrushSuite(read_sessions(brush), lambda: encoders, Shared(tmp_path / "b"), generated=(theirs,))
    [model] = suite.run([]).figures["models"]
    assert model["single-turn"] == own["single-turn"] and model["multi-turn"] == own["multi-turn"]
    (theirs / "140" / "140_iter_3.png").unlink()
    with pytest.raises(UsageError, match=r"140_iter_3\.png is missing"):
        run(brush, "--generated", theirs, "-o", tmp_path / "c")


def darker_of(request: EditRequest) -> Image.Image:
    return darker(request.image)


def test_magicbrush_from_the_command_line(
    brush: Path, tiny_checkpoint: Path, tiny_clip: Path, tiny_dino: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    encoders = ("--clip", tiny_clip, "--dino", tiny_dino)
    result = run(brush, "-m", tiny_checkpoint, *encoders, "-o", out, "--device", "cpu", "--limit", 2)
    figures = json.loads((out / "magicbrush.json").read_text())
    assert figures["suite"] == "magicbrush" and figures["sessions"] == 2 and figures["split"] is None
    assert set(figures["models"][0]["single-turn"]) == {"failed", "l1", "l2", "clip_i", "dino", "clip_t"}
    assert "CLIP-T" in result.stderr and figures["encoders"]["dino"] in result.stderr
    assert figures["encoders"]["clip"] in (out / "index.html").read_text()


def test_without_descriptions_and_encoders_their_columns_are_left_out_with_the_way_to_them(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    bare = magicbrush(tmp_path / "bare", (2,), captions=False)
    result = run(bare, "-m", tiny_checkpoint, "-o", tmp_path / "out", "--device", "cpu")
    figures = json.loads((tmp_path / "out" / "magicbrush.json").read_text())
    assert set(figures["models"][0]["multi-turn"]) == {"failed", "l1", "l2"} and figures["encoders"] == {}
    assert "--dino" in result.stderr and "--clip" in result.stderr and "local_descriptions.json" in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("edit_sessions.json", "{", "cannot be read"),
        ("edit_sessions.json", "[]", "holds no sessions"),
        ("edit_sessions.json", '{"139": [{"input": "139-input.png"}]}', "is not MagicBrush's"),
        (
            "edit_sessions.json",
            '{"1": [{"input": "1-input.png", "output": "1-output1.png", "instruction": ""}]}',
            "missing",
        ),
    ],
)
def test_a_split_that_is_broken_is_named(brush: Path, name: str, text: str, match: str) -> None:
    (brush / name).write_text(text)
    with pytest.raises(UsageError, match=match):
        read_sessions(brush)


def test_emu_from_the_command_line(tiny_checkpoint: Path, tiny_clip: Path, tiny_dino: Path, tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    named = ("--suite", "emu", "--clip", tiny_clip, "--dino", tiny_dino)
    result = run(data, *named, "-m", tiny_checkpoint, "-o", tmp_path / "out", "--device", "cpu", "--split", EMU_TEST)
    figures = json.loads((tmp_path / "out" / "emu.json").read_text())
    assert {"clip_dir", "clip_im", "clip_out", "l1", "dino"} <= set(figures["models"][0])
    assert "CLIPdir" in result.stderr and figures["encoders"]["clip"] in result.stderr
    # Of the published rows only L1 was measured without a network, so only that may stand beside.
    assert [set(row["values"]) for row in figures["published"]] == [{"l1"}] * 3
    with pytest.raises(UsageError, match="there are: emu-edit-test, magicbrush-test"):
        run(data, *named, "--split", "emu")


def test_the_planted_copy_on_the_emu_suite(encoders: Encoders, tmp_path: Path) -> None:
    rows = read_rows(dataset(tmp_path / "data"))
    suite = EmuSuite(rows, lambda: encoders, Shared(tmp_path))
    copying, failing = By(lambda one: one.image), By(lambda one: None)
    candidates = [Candidate("copying", lambda: copying), Candidate("failing", lambda: failing)]
    copy, failed = suite.run(candidates).figures["models"]
    means = {name: copy[name]["mean"] for name in ("clip_dir", "clip_im", "l1", "dino")}
    assert means == pytest.approx({"clip_dir": 0, "clip_im": 1, "l1": 0, "dino": 1}, abs=1e-6)
    assert failed["failed"] == 5 and "l1" not in failed


def test_published_rows_are_shown_only_where_split_and_encoders_agree() -> None:
    full = comparable(MAGICBRUSH_TEST, "single-turn", BOTH)
    assert {row.model for row in full} >= {"InstructPix2Pix", "HIVE", "UltraEdit, given the region"}
    original = next(row for row in full if row.model == "InstructPix2Pix")
    assert original.values == {"l1": 0.1122, "l2": 0.0371, "clip_i": 0.8524, "dino": 0.7428, "clip_t": 0.2764}
    other = comparable(MAGICBRUSH_TEST, "single-turn", {**BOTH, "clip": "openai/clip-vit-large-patch14"})
    assert set(next(row for row in other if row.model == "HIVE").values) == {"l1", "l2", "dino"}
    assert {name for row in comparable(MAGICBRUSH_TEST, "multi-turn", {}) for name in row.values} == {"l1", "l2"}
    assert comparable(None, "single-turn", BOTH) == comparable("magicbrush-dev", "single-turn", BOTH) == []
    emu = {row.model: set(row.values) for row in comparable(EMU_TEST, "", BOTH)}
    assert emu["Emu Edit"] == {"l1"} and emu["UltraEdit"] == {"clip_dir", "clip_im", "clip_out", "l1", "dino"}


def test_every_published_row_says_where_it_is_from() -> None:
    for row in every():
        assert "arXiv" in row.source and row.values and all(0 < value < 1 for value in row.values.values())
    assert len({(row.model, row.split, row.setting) for row in every()}) == len(every())


def test_the_test_split_is_known_by_its_size() -> None:
    turn = Turn(Path("a"), "edit", Path("b"), None)
    sizes = [2] * 518 + [1] * 17
    assert is_test_split([Session(str(at), (turn,) * size) for at, size in enumerate(sizes)])
    assert not is_test_split([Session("1", (turn,))])


def test_the_page_escapes_and_needs_no_network() -> None:
    table = Table("a <b>", ("x", "y"), (("<script>", "1"),), ("note & more",))
    measured = Measured({}, (table,), (Grid("samples", ((("<i>", picture(1)),),)),))
    text = page("title <t>", {"model": "a<b"}, measured, None)
    body = text.split("</style>")[1]
    assert "<script>" not in body and "&lt;script&gt;" in body and "note &amp; more" in body and "a&lt;b" in body
    assert "default-src 'none'" in text and "http" not in body


def test_a_table_lines_up() -> None:
    said = str(Table("t", ("name", "x"), (("a", "1.5"), ("longer", "10"))))
    assert said.splitlines() == ["t", "name      x", "a       1.5", "longer   10"]
