"""Plans: which outputs a photo gets, under which names, and what contradicts itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from ip2p_cli.errors import UsageError
from ip2p_cli.plan import Chains, PlannedJob, destination, plan
from ip2p_cli.types import Source, Step

NIGHT, SNOW = Step("make it night"), Step("add snow")
ONE = Chains(((NIGHT,),))


def sources(*names: str, base: str = "/photos") -> Iterator[Source]:
    return (Source(Path(base) / name, PurePosixPath(name)) for name in names)


def outputs(
    chains: Chains, *names: str, output: str = "/out", format_: str | None = None, name: str | None = None
) -> list[str]:
    target = destination(output, format_, name, chains.outputs)
    assert target.root is not None
    return [
        os.path.relpath(str(item.job.output), target.root)
        for photo in plan(sources(*names), chains, target)
        for item in photo.jobs
    ]


def problems(chains: Chains, given: Iterator[Source], output: str, name: str | None = None) -> list[str | None]:
    target = destination(output, None, name, chains.outputs)
    return [item.problem for photo in plan(given, chains, target) for item in photo.jobs]


def test_the_tree_is_mirrored_under_the_output_folder() -> None:
    assert outputs(ONE, "a.jpg", "sub/a.jpg") == ["a.jpg", "sub/a.jpg"]


def test_variants_and_a_matrix_number_their_outputs() -> None:
    assert outputs(Chains(((NIGHT,),), variants=2), "a.jpg") == ["a-0.jpg", "a-1.jpg"]
    assert outputs(Chains(((NIGHT,), (SNOW,)), variants=2), "a.jpg") == ["a-0.jpg", "a-1.jpg", "a-2.jpg", "a-3.jpg"]


def test_the_chains_of_a_matrix_share_the_noise_of_a_variant() -> None:
    target = destination("/out", None, None, 4)
    [photo] = plan(sources("a.jpg"), Chains(((NIGHT,), (SNOW,)), variants=2), target)
    assert [(item.job.steps[0].instruction, item.job.variant) for item in photo.jobs] == [
        ("make it night", 0),
        ("make it night", 1),
        ("add snow", 0),
        ("add snow", 1),
    ]


def test_a_format_changes_the_suffix() -> None:
    assert outputs(ONE, "a.JPG", format_="png") == ["a.png"]
    assert outputs(ONE, "a.JPG") == ["a.JPG"]
    assert outputs(ONE, "a.jpg", name="{stem}.webp") == ["a.webp"]
    assert destination("/out", None, "{stem}.webp", 1).format == "WEBP"


def test_a_slug_tells_what_was_done() -> None:
    assert outputs(Chains(((NIGHT, SNOW),)), "a.jpg", name="{stem}-{slug}{ext}") == ["a-make-it-night-add-snow.jpg"]


def test_a_second_item_for_one_name_fails_naming_both() -> None:
    first, second = problems(ONE, sources("a.jpg", "a.png"), "/out", "{stem}.png")
    assert first is None
    assert second is not None
    assert "/photos/a.jpg" in second
    assert "/photos/a.png" in second


def test_variants_with_one_name_fail() -> None:
    assert [
        problem is None for problem in problems(Chains(((NIGHT,),), variants=2), sources("a.jpg"), "/o", "{stem}{ext}")
    ] == [
        True,
        False,
    ]


def test_a_photo_named_twice_counts_once() -> None:
    assert outputs(ONE, "a.jpg", "b.jpg", "a.jpg") == ["a.jpg", "b.jpg"]


def test_a_photo_is_never_its_own_output(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    [problem] = problems(ONE, sources("a.jpg", base=str(tmp_path)), str(tmp_path))
    assert problem is not None
    assert "the photo itself" in problem


def test_a_photo_that_has_gone_is_planned_though_its_output_is_there(tmp_path: Path) -> None:
    """It fails as an item when it is read, and the others are done."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").write_bytes(b"x")
    (tmp_path / "circle.jpg").symlink_to(tmp_path / "circle.jpg")
    for name in ("a.jpg", "circle.jpg"):
        (tmp_path / "out" / name).write_bytes(b"x")
        assert problems(ONE, sources(name, base=str(tmp_path)), str(tmp_path / "out")) == [None]


def test_output_to_one_file(tmp_path: Path) -> None:
    target = destination(str(tmp_path / "out.png"), None, None, 1)
    [photo] = plan(sources("a.jpg"), ONE, target)
    assert photo.jobs == (PlannedJob(photo.jobs[0].job, None),)
    assert photo.jobs[0].job.output == tmp_path / "out.png"
    assert target.format == "PNG"


def test_one_file_takes_one_photo(tmp_path: Path) -> None:
    for output in (str(tmp_path / "out.png"), "-"):
        with pytest.raises(UsageError, match="takes one photo"):
            list(plan(sources("a.jpg", "b.jpg"), ONE, destination(output, None, None, 1)))


def test_a_folder_that_looks_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    assert destination(str(tmp_path / "out.png"), None, None, 1).file is None


@pytest.mark.parametrize(
    ("output", "format_", "name", "count"),
    [
        ("out.png", None, None, 2),
        ("out.png", "jpeg", None, 1),
        ("out.png", None, "{stem}{ext}", 1),
        ("-", None, "{stem}{ext}", 1),
        ("-", None, None, 2),
        ("out", "xyz", None, 1),
        ("out", None, "{stem}", 1),
        ("out", None, "{stem}.txt", 1),
        ("out", "png", "{stem}.jpg", 1),
        (__file__, None, None, 1),
    ],
)
def test_contradictions(output: str, format_: str | None, name: str | None, count: int) -> None:
    with pytest.raises(UsageError):
        destination(output, format_, name, count)


def test_planning_is_lazy() -> None:
    def endless() -> Iterator[Source]:
        number = 0
        while True:
            yield from sources(f"{number}.jpg")
            number += 1

    plans = plan(endless(), ONE, destination("/out", None, None, 1))
    assert [next(plans).source.relative.name for _ in range(3)] == ["0.jpg", "1.jpg", "2.jpg"]
