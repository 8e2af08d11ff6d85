"""SOURCES: which files are taken, in which order, and where they belong under the output folder."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.journal import Claim, Journal
from ip2p_cli.own_outputs import OwnOutputs
from ip2p_cli.sources import SourceList, SourceReader, find_sources, nothing_found, read_nul_list
from ip2p_cli.types import Source


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = [
        "photos/b.JPG",
        "photos/a.png",
        "photos/notes.txt",
        "photos/.hidden.jpg",
        "photos/sub/c.webp",
        "x/sub/d.jpg",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def relative(sources: Iterable[Source]) -> list[str]:
    return [str(source.relative) for source in sources]


def test_a_folder_means_its_own_images_by_name(tree: Path) -> None:
    assert relative(find_sources(["photos"])) == ["a.png", "b.JPG"]


def test_recursion_mirrors_the_tree_without_the_folders_own_name(tree: Path) -> None:
    assert relative(find_sources(["photos/"], recurse=True)) == ["a.png", "b.JPG", "sub/c.webp"]


def test_several_folders_map_from_their_common_parent(tree: Path) -> None:
    assert relative(find_sources(["photos", "x/sub"])) == ["photos/a.png", "photos/b.JPG", "x/sub/d.jpg"]


def test_files_of_one_folder_map_without_it_and_of_several_with_it(tree: Path) -> None:
    assert relative(find_sources(["photos/a.png", "photos/b.JPG"])) == ["a.png", "b.JPG"]
    assert relative(find_sources(["photos/a.png", "x/sub/d.jpg"])) == ["photos/a.png", "x/sub/d.jpg"]


def test_a_file_named_outright_is_taken_whatever_it_is_called(tree: Path) -> None:
    assert relative(find_sources(["photos/notes.txt"])) == ["notes.txt"]


def test_globs_that_the_shell_left_alone(tree: Path) -> None:
    assert relative(find_sources(["photos/*.png"])) == ["a.png"]
    assert relative(find_sources(["photos/**/*"])) == ["a.png", "b.JPG", "sub/c.webp"]
    assert relative(find_sources(["*/sub"])) == ["photos/sub/c.webp", "x/sub/d.jpg"]


def test_a_file_whose_name_looks_like_a_glob(tree: Path) -> None:
    (tree / "photos" / "e[1].jpg").write_bytes(b"x")
    assert relative(find_sources(["photos/e[1].jpg"])) == ["e[1].jpg"]
    assert relative(find_sources([], listed=["photos/e[1].jpg", "photos/e[2].jpg"])) == ["e[1].jpg", "e[2].jpg"]


def test_the_order_is_stable_and_a_second_pass_is_the_same(tree: Path) -> None:
    sources = find_sources([".", "photos"], recurse=True)
    assert relative(sources) == relative(sources)


def test_the_output_folder_inside_a_source_folder_is_not_entered(tree: Path) -> None:
    (tree / "edited").mkdir()
    (tree / "edited" / "z.jpg").write_bytes(b"x")
    assert "edited/z.jpg" in relative(find_sources(["."], recurse=True))
    assert "edited/z.jpg" not in relative(find_sources(["."], recurse=True, output_root=tree / "edited"))


def test_own_outputs_are_no_sources_also_of_another_folder_and_of_an_earlier_run(tree: Path) -> None:
    with Journal(tree / "photos", "settings") as journal:
        journal.claim(tree / "photos" / "sub" / "c.webp", None, Claim("key", "a.png", ("x",)))
        journal.done(tree / "photos" / "sub" / "c.webp")
    found = relative(find_sources(["."], recurse=True, is_own_output=OwnOutputs()))
    assert found == ["photos/a.png", "photos/b.JPG", "x/sub/d.jpg"]
    assert relative(find_sources(["photos/sub"], is_own_output=OwnOutputs())) == []
    named = find_sources(["photos/sub/c.webp"], is_own_output=OwnOutputs())
    assert relative(named) == ["c.webp"], "named outright, it is taken"


def test_a_missing_name_among_others_is_kept_to_fail_as_an_item(tree: Path) -> None:
    assert relative(find_sources(["photos/a.png", "photos/nope.jpg"])) == ["a.png", "nope.jpg"]
    assert relative(find_sources(["photos/a.png", "photos/*.gif"])) == ["a.png", "*.gif"]


@pytest.mark.parametrize("arguments", [["nope"], ["nope/", "neither.jpg"], ["nope/*.jpg"], [], [""]])
def test_nothing_at_all_is_a_usage_error(tree: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        find_sources(arguments)
    assert not arguments or not arguments[0] or arguments[0] in str(caught.value)


def test_a_folder_with_photos_only_below_it_points_to_r(tree: Path) -> None:
    sources = find_sources(["x"])
    assert list(sources) == []
    assert "; -r looks" in str(nothing_found(sources))
    assert "; -r looks" not in str(nothing_found(find_sources(["photos/sub"])))


def test_links_to_files_are_followed_and_loops_of_folders_are_not(tree: Path) -> None:
    os.symlink(tree / "x" / "sub" / "d.jpg", tree / "photos" / "link.jpg")
    os.symlink(tree / "photos", tree / "photos" / "loop.jpg")
    os.symlink(tree / "gone.jpg", tree / "photos" / "broken.jpg")
    assert relative(find_sources(["photos"], recurse=True)) == [
        "a.png",
        "b.JPG",
        "broken.jpg",
        "link.jpg",
        "sub/c.webp",
    ]


def test_a_pipe_in_a_folder_does_not_block(tree: Path) -> None:
    os.mkfifo(tree / "photos" / "pipe.jpg")
    assert relative(find_sources(["photos"])) == ["a.png", "b.JPG"]


def test_scanning_is_lazy(tree: Path) -> None:
    scan = iter(find_sources(["photos", "x/sub"]))
    next(scan)
    (tree / "x" / "sub" / "later.jpg").write_bytes(b"x")
    assert "x/sub/later.jpg" in relative(scan)


def test_stdin() -> None:
    sources = find_sources(["-"], stdin_name="stdin.png")
    assert list(sources) == [Source(None, next(iter(sources)).relative)]
    reader = SourceReader(io.BytesIO(b"bytes"))
    [source] = sources
    assert reader.read(source) == reader.read(source) == b"bytes"


def test_nul_lists(tree: Path) -> None:
    (tree / "list").write_bytes(b"photos/a.png\0photos/b.JPG\0")
    assert read_nul_list("list") == ["photos/a.png", "photos/b.JPG"]
    assert read_nul_list("-", io.BytesIO(b"a\nb.jpg\0\xff.jpg")) == ["a\nb.jpg", os.fsdecode(b"\xff.jpg")]
    with pytest.raises(UsageError, match="--files-from0 nope"):
        read_nul_list("nope")


def test_a_source_list_is_empty_without_roots() -> None:
    assert list(SourceList((), Path())) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_links_in_a_circle_fail_as_items_and_pipes_are_left_out(tree: Path) -> None:
    (tree / "photos" / "loop.jpg").symlink_to("loop.jpg")
    (tree / "photos" / "loop").symlink_to("loop")
    os.mkfifo(tree / "photos" / "pipe.jpg")
    assert relative(find_sources(["photos"], recurse=True)) == ["a.png", "b.JPG", "loop.jpg", "sub/c.webp"]
    with pytest.raises(ItemError, match="it is a pipe"):
        SourceReader().read(Source(tree / "photos" / "pipe.jpg", PurePosixPath("pipe.jpg")))
