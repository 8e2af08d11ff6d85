"""The trade-off curve: editors that obey their scale, checkpoints and SDEdit end to end."""

from __future__ import annotations

import builtins
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli.api import EditRequest, MissingExtra, Pair, UsageError, write_shard
from ip2p_eval.candidates import Candidate
from ip2p_eval.choice import choose_suite, models_to_compare, numbers
from ip2p_eval.curve.drawings import load_sdedit
from ip2p_eval.encoders import Encoders, load_encoders, named_clip
from ip2p_eval.rows import Row, read_rows
from ip2p_eval.shared import Shared
from ip2p_eval.suites.curve import CurveSuite
from tests import tiny
from tests.eval.test_command import make_app
from tests.eval.tiny_encoders import By, dataset, magicbrush, picture, png
from tests.gen_data import tiny_models


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("data") / "pairs")


@pytest.fixture(scope="module")
def text_to_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.text_to_image(tmp_path_factory.mktemp("models") / "t2i")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(make_app(), ["eval", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)


def fading(request: EditRequest) -> Image.Image:
    """The more image guidance, the more of the source stays."""
    share = 1 / (1 + request.image_guidance**3) if request.image_guidance else 1
    other = picture(7, *request.image.size)
    return Image.blend(request.image, other, share)


def suite(data: Path, encoders: Encoders, **changes: Any) -> CurveSuite:
    return CurveSuite(read_rows(data), lambda: encoders, Shared(Path("nowhere")), **changes)


def test_an_editor_that_obeys_its_scale_has_the_papers_correlation(data: Path, encoders: Encoders) -> None:
    editor = By(fading)
    measured = suite(data, encoders).run([Candidate("fading", lambda: editor)])
    [curve] = measured.figures["curves"]
    assert curve["settings"] == [1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2]
    assert curve["spearman_image_similarity"] >= 0.9
    assert all(point["low"] <= point["mean"] <= point["high"] for point in curve["image_similarity"])
    assert {request.text_guidance for request in editor.requests} == {7.5}
    assert measured.figures["encoders"]["clip"] == encoders.clip_id
    assert encoders.clip_id in str(measured.tables[0])


def test_a_copying_checkpoint_shows_on_both_axes(data: Path, encoders: Encoders) -> None:
    [curve] = suite(data, encoders).run([Candidate("copy", lambda: By(lambda one: one.image))]).figures["curves"]
    assert [point["mean"] for point in curve["image_similarity"]] == pytest.approx([1] * 7)
    assert [point["mean"] for point in curve["direction_similarity"]] == [0] * 7
    assert curve["spearman_direction_similarity"] == 0


def test_scores_are_those_of_each_rows_own_pictures(data: Path, encoders: Encoders) -> None:
    assert encoders.clip is not None
    measured = suite(data, encoders, image_guidance=(1.5,)).run([Candidate("fading", lambda: By(fading))])
    rows = read_rows(data)
    expected = []
    for row in rows:
        after = fading(EditRequest(row.source, row.instruction, image_guidance=1.5))
        before, edited = encoders.clip.images([row.source, after])
        expected.append(float(before @ edited))
    assert measured.figures["curves"][0]["image_similarity"][0]["mean"] == pytest.approx(np.mean(expected), abs=1e-5)


def test_seeds_are_averaged_and_failures_left_out(data: Path, encoders: Encoders) -> None:
    editor = By(lambda one: None if one.seed == 3 or one.instruction == "add a sunset" else fading(one))
    measured = suite(data, encoders, image_guidance=(1.0,), seeds=4).run([Candidate("some", lambda: editor)])
    [curve] = measured.figures["curves"]
    assert {request.seed for request in editor.requests} == {0, 1, 2, 3}
    assert curve["failed"] == 3 and curve["image_similarity"][0]["of"] == 2
    assert "3 edits failed" in str(measured.tables[0])


def test_after_a_failed_edit_the_others_are_compared_with_their_own_photos(data: Path, encoders: Encoders) -> None:
    rows = read_rows(data)
    first = np.asarray(rows[0].source)
    editor = By(lambda one: None if np.array_equal(np.asarray(one.image), first) else one.image)
    measured = suite(data, encoders, image_guidance=(1.0,)).run([Candidate("copying", lambda: editor)])
    [point] = measured.figures["curves"][0]["image_similarity"]
    assert point["of"] == len(rows) - 1 and point["mean"] == pytest.approx(1)


def test_several_checkpoints_and_sdedit_in_one_plot(
    data: Path, tiny_checkpoint: Path, tiny_clip: Path, text_to_image: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.symlink_to(tiny_checkpoint)
    result = run(
        *(data, "-m", tiny_checkpoint, "-m", other, "--clip", tiny_clip, "-o", tmp_path / "out", "--device", "cpu"),
        *("--image-guidance", "1,2", "--limit", 3, "--steps", 2, "--json"),
        *("--sdedit", text_to_image, "--strengths", "0.2,0.8"),
    )
    figures = json.loads((tmp_path / "out" / "curve.json").read_text())
    assert json.loads(result.stdout) == figures
    assert [curve["setting"] for curve in figures["curves"]] == ["image guidance", "image guidance", "strength"]
    one, same, sdedit = figures["curves"]
    assert one["image_similarity"] == same["image_similarity"] and one["fingerprint"] == same["fingerprint"]
    assert sdedit["settings"] == [0.2, 0.8] and sdedit["image_similarity"][0]["of"] == 3
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<svg") == 1 and page.count("<section") == 1 + 3 + 3
    namespaces = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
    outside = [link for link in re.findall(r"https?://[^\s\"'<]+", page) if link not in namespaces]
    assert not outside


def test_sdedit_draws_by_the_edited_caption_alone_and_again_the_same(text_to_image: Path) -> None:
    drawing = load_sdedit(str(text_to_image), text_guidance=7.5, steps=4, device="cpu", offline=True)
    rows = [
        Row(png(picture(1, 50, 40)), "a sunset", "add snow", "a winter sunset"),
        Row(png(picture(1, 50, 40)), "a picture", "make it night", "a winter sunset"),
        Row(png(picture(1, 50, 40)), "a sunset", "add snow", "the picture into night"),
    ]
    first, same, other = drawing.draw(rows, 0.9, seed=2)
    assert first is not None and first.size == (50, 40)
    assert np.array_equal(np.asarray(first), np.asarray(same))
    assert not np.array_equal(np.asarray(first), np.asarray(other))
    assert np.array_equal(np.asarray(first), np.asarray(next(iter(drawing.draw(rows, 0.9, seed=2)))))


def test_the_less_strength_the_nearer_sdedit_stays_to_the_autoencoders_copy(
    text_to_image: Path, tmp_path: Path
) -> None:
    folder = with_tiny_autoencoder(text_to_image, tmp_path / "t2i")
    drawing = load_sdedit(str(folder), text_guidance=1.0, steps=20, device="cpu", offline=True)
    row = Row(png(picture(1, 32, 32)), "a sunset", "add snow", "a winter sunset")
    vae, process = drawing._pipeline.vae, drawing._pipeline.image_processor
    with torch.no_grad():
        [copy] = process.postprocess(vae.decode(vae.encode(process.preprocess(row.source)).latents).sample)
    # 0.01 of 20 steps is less than one: one of a hundred is done all the same
    drawn = [next(iter(drawing.draw([row], strength, seed=0))) for strength in (0.01, 0.3, 1.0)]
    distances = [distance(one, copy) for one in drawn if one]
    assert distances == sorted(distances) and distances[0] < 0.5 * distances[2]


def with_tiny_autoencoder(text_to_image: Path, folder: Path) -> Path:
    """The checkpoint with an autoencoder that draws no latents by chance, as the world's has."""
    shutil.copytree(text_to_image, folder)
    shutil.rmtree(folder / "vae")
    tiny._make_vae(tiny.TinySpec()).save_pretrained(folder / "vae")
    index = json.loads((folder / "model_index.json").read_text()) | {"vae": ["diffusers", "AutoencoderTiny"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def distance(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


def test_without_matplotlib_all_but_the_plot_is_there(
    data: Path, tiny_checkpoint: Path, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"ip2p\[audit\]"):
        run(
            *(data, "-m", tiny_checkpoint, "--clip", tiny_clip, "-o", tmp_path, "--device", "cpu", "--limit", 1),
            *("--image-guidance", "1", "--steps", 1),
        )
    assert json.loads((tmp_path / "curve.json").read_text())["rows"] == 1
    page = (tmp_path / "index.html").read_text()
    assert "<svg" not in page and "trade-off" in page


def test_a_dataset_without_captions_is_named(tmp_path: Path, tiny_clip: Path) -> None:
    bare = dataset(tmp_path / "bare", captions=False)
    with pytest.raises(UsageError, match="row 0 has no original_prompt"):
        run(bare, "--clip", tiny_clip, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_broken_is_named_before_anything_is_edited(tmp_path: Path, tiny_clip: Path) -> None:
    sound = png(picture(0))
    pairs = [Pair(file, "edit", sound, "a", edited_prompt="b") for file in (sound, sound[:90], b"nothing")]
    (tmp_path / "torn").mkdir()
    write_shard(tmp_path / "torn", 0, 1, pairs)
    for limit, row in ((1, None), (2, 1), (3, 1)):
        if row is None:
            assert len(read_rows(tmp_path / "torn", limit)) == 1
            continue
        with pytest.raises(UsageError, match=f"the picture of row {row} cannot be decoded"):
            run(tmp_path / "torn", "--clip", tiny_clip, "-o", tmp_path / "out", "--limit", limit)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(named_clip(None) is None, reason="this installation has no models of the world")
def test_figures_of_the_worlds_clip_say_what_it_has_never_seen(data: Path, encoders: Encoders) -> None:
    assert not encoders.limits
    worlds = load_encoders(named_clip(None), None, device="cpu", offline=True)
    [table] = suite(data, worlds, image_guidance=(1.0,)).run([Candidate("copy", lambda: By(fading))]).tables
    assert "has seen nothing but its drawings: for photos name another by --clip" in str(table)
    assert set(worlds.limits) < set(worlds.notes)


def test_no_clip_is_said_with_the_way_out(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ip2p_eval.suites.curve.named_clip", lambda name: None)
    with pytest.raises(UsageError, match="name one by --clip"):
        run(data, "-o", tmp_path / "out")


def test_a_wrong_sdedit_is_said_before_anything_is_edited(data: Path, tmp_path: Path, tiny_clip: Path) -> None:
    from ip2p_cli.api import ModelError

    with pytest.raises(ModelError, match="nosuch"):
        run(data, "--clip", tiny_clip, "--sdedit", tmp_path / "nosuch", "-o", tmp_path / "out", "--offline")


def test_rows_with_a_limit_are_spread(data: Path) -> None:
    every = read_rows(data)
    assert [row.encoded for row in read_rows(data, 2)] == [every[0].encoded, every[2].encoded]
    assert read_rows(data, 99) == every


@pytest.mark.parametrize("text", ["", "1,", "a", "0", "-1", "nan", "inf", "1,1e9"])
def test_a_list_that_is_none_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="--strengths"):
        numbers(text, "--strengths")


def test_the_suite_is_that_of_the_data(data: Path, tmp_path: Path) -> None:
    assert choose_suite(None, data) == "curve"
    assert choose_suite(None, tmp_path) == "looks"
    assert choose_suite(None, magicbrush(tmp_path / "brush", (1,))) == "magicbrush"
    assert choose_suite("world", None) == "world"
    for name in (None, "curve"):
        with pytest.raises(UsageError, match="DATA"):
            choose_suite(name, None)


def test_which_models() -> None:
    assert models_to_compare((), ()) == ["mini"]
    assert models_to_compare((), (Path("theirs"),)) == []
    assert models_to_compare(("a", "b", "a"), ()) == ["a", "b"]
