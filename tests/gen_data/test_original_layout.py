"""The original layout: there and back, and everything that can be wrong with either kind of dataset."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ip2p_cli.api import COLUMNS, Pair, UsageError, encode_image, read_pairs, write_shard
from ip2p_gen_data.original_layout import export_layout, import_layout, read_layout
from ip2p_gen_data.validate import find_problems


def picture(seed: int, side: int = 16, form: str = "JPEG") -> bytes:
    image = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8))
    if form == "JPEG":
        return encode_image(image, quality=71)
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def pair(seed: int, words: str = "a", **changes: object) -> Pair:
    made = Pair(
        original_image=picture(seed),
        edited_image=picture(seed + 1),
        original_prompt=f"{words} – Ölbild",
        edit_prompt=f"make {words} blue",
        edited_prompt=f"blue {words}",
        engine="p2p",
        seed=seed,
        p2p_threshold=0.1,
        cfg_scale=7.7,
        clip_sim_0=0.21,
        clip_sim_1=0.22,
        clip_sim_dir=0.23,
        clip_sim_image=0.71,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


PAIRS = [
    pair(2**47 + 1),
    pair(5),
    pair(5, "b", clip_sim_dir=None, p2p_threshold=None),
    pair(9, "a"),  # the first prompt again, later
    pair(9, "a", edited_image=picture(77)),  # and one seed twice
    Pair(picture(1), "make it night", picture(2), family="night", seed=3),  # as the compose engine makes them
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for index in range(2):
        write_shard(tmp_path / "data", index, 2, PAIRS[3 * index : 3 * index + 3])
    return tmp_path / "data"


@pytest.fixture
def layout(tmp_path: Path, data: Path) -> Path:
    export_layout(data, tmp_path / "layout")
    return tmp_path / "layout"


def rows(folder: Path) -> list[dict[str, object]]:
    return [dict(row) for row in read_pairs(folder, list(COLUMNS))]


def test_import_of_export_is_the_same_dataset(data: Path, layout: Path, tmp_path: Path) -> None:
    assert import_layout(layout, tmp_path / "again") == 6
    assert rows(tmp_path / "again") == rows(data)
    import_layout(layout, tmp_path / "again")  # the same command again
    assert rows(tmp_path / "again") == rows(data)


def test_the_layout_is_what_code_for_the_original_reads(layout: Path) -> None:
    seeds = json.loads((layout / "seeds.json").read_text())
    assert seeds[0] == ["0000000", [str(2**47 + 1), "5"]] and len(seeds) == 5
    for name, found in seeds:
        edit = json.loads((layout / name / "prompt.json").read_text())["edit"]
        assert edit.startswith("make")
        for seed in found:
            for which in (0, 1):
                assert Image.open(layout / name / f"{seed}_{which}.jpg").size == (16, 16)
    first = json.loads((layout / "0000000" / "metadata.jsonl").read_text().splitlines()[0])
    assert {"seed", "p2p_threshold", "cfg_scale", "clip_sim_0", "clip_sim_1", "clip_sim_dir", "clip_sim_image"} <= set(
        first
    )


@pytest.mark.parametrize("key", ["input", "caption"])
def test_both_names_of_the_caption_are_read_and_metadata_is_not_needed(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "0000012"
    folder.mkdir()
    (folder / "prompt.json").write_text(json.dumps({key: "a cat", "edit": "make it a dog", "output": "a dog"}))
    for which in (0, 1):
        (folder / f"7_{which}.jpg").write_bytes(picture(which))
    (tmp_path / "seeds.json").write_text(json.dumps([["0000012", [7]]]))
    [found] = read_layout(tmp_path)
    assert (found.original_prompt, found.edited_prompt, found.seed, found.clip_sim_0) == ("a cat", "a dog", 7, None)
    assert found.original_image == picture(0) and not list(find_problems(tmp_path))
    (tmp_path / "seeds.json").unlink()
    assert list(read_layout(tmp_path)) == [found]


def test_pictures_that_are_no_jpeg_are_encoded_anew_and_counted(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_shard(tmp_path / "data", 0, 1, [pair(1, original_image=picture(1, form="PNG"))])
    assert export_layout(tmp_path / "data", tmp_path / "layout").encoded_anew == 1
    [found] = read_layout(tmp_path / "layout")
    before, after = (np.asarray(Image.open(io.BytesIO(d)), int) for d in (picture(1, form="PNG"), found.original_image))
    assert 0 < np.abs(before - after).max() <= 6


def test_nothing_is_overwritten(layout: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="already"):
        export_layout(data, layout)
    with pytest.raises(UsageError, match="not empty"):
        export_layout(data, data)
    with pytest.raises(UsageError, match="made by another command"):
        import_layout(layout, data)


def test_sound_datasets_have_no_problems(data: Path, layout: Path) -> None:
    assert not list(find_problems(data)) and not list(find_problems(layout))


def break_layout(layout: Path) -> None:
    folders = [layout / f"{number:07d}" for number in range(5)]
    (folders[0] / "5_1.jpg").unlink()
    (folders[1] / "5_0.jpg").write_bytes(picture(0)[:200])
    (folders[2] / "prompt.json").write_text('{"edit": " ", "output": 3}')
    (folders[2] / "9_1.jpg").write_bytes(picture(0, side=24))
    (folders[3] / "metadata.jsonl").write_text('{"seed": 9, "clip_sim_0": 1.5}\n')
    (folders[4] / "metadata.jsonl").write_text("{}\n")
    seeds = json.loads((layout / "seeds.json").read_text())
    seeds[4][1] += ["3"]
    (layout / "seeds.json").write_text(json.dumps([*seeds, ["0000099", ["1"]]]))


def test_a_broken_layout_gets_a_list_of_all_that_is_wrong(layout: Path) -> None:
    break_layout(layout)
    found = "\n".join(map(str, find_problems(layout)))
    for expected in (
        "0000000, seed 5: 5_1.jpg is missing",
        "0000001, seed 5: 5_0.jpg cannot be decoded",
        "0000002/prompt.json: no text 'edit'",
        "0000002/prompt.json: no text 'output'",
        "0000002/prompt.json: no text 'input' or 'caption'",
        "0000002, seed 9: pictures differ in size: 16 × 16 and 24 × 24",
        "0000003, seed 9: clip_sim_0 is 1.5, which no cosine is",
        "metadata.jsonl, line 1",
        "0000004, seed 3: named twice",
        "0000099: named in seeds.json, but not there",
    ):
        assert expected in found
    assert found.count("\n") == 9


def test_a_layout_without_seeds_or_with_broken_ones(layout: Path) -> None:
    (layout / "seeds.json").write_text('[["a"]]')
    assert [one.where for one in find_problems(layout)] == ["seeds.json"]
    (layout / "seeds.json").unlink()
    assert "missing" in str(next(find_problems(layout)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def drop_column(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["edit_prompt"]), path)


@pytest.mark.parametrize(
    ("harm", "expected"),
    [(Path.unlink, "data-00001-of-00002.parquet: missing"), (cut, "cannot be read"), (drop_column, "no column edit_p")],
)
def test_a_broken_shard_is_named(data: Path, harm: Callable[[Path], None], expected: str) -> None:
    harm(data / "data-00001-of-00002.parquet")
    [found] = map(str, find_problems(data))
    assert "data-00001-of-00002.parquet" in found and expected in found


def test_broken_rows_are_named(data: Path) -> None:
    bad = [
        pair(1, edit_prompt=" "),
        pair(2, edited_image=b"no picture"),
        pair(3, clip_sim_dir=float("nan")),
        pair(4, edited_image=picture(4, side=8)),
        pair(4, edited_image=picture(4, side=8)),
        pair(5, original_image=b""),
    ]
    write_shard(data, 1, 2, bad)
    found = [str(one).split("parquet, ")[1] for one in find_problems(data)]
    assert [one.split(":")[0] for one in found] == [f"row {row}" for row in (0, 1, 2, 3, 4, 4, 5)]
    for problem, expected in zip(
        found,
        ("empty", "cannot be decoded", "nan", "differ in size", "differ", "the same as an earlier row", "is missing"),
        strict=True,
    ):
        assert expected in problem


def test_an_empty_folder_is_no_dataset(tmp_path: Path) -> None:
    assert "no dataset" in str(next(find_problems(tmp_path)))
    with pytest.raises(UsageError, match=r"holds no seeds\.json"):
        import_layout(tmp_path, tmp_path / "out")
