"""The suite, driven by editors whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from ip2p_cli.api import EditRequest, EditResult, NonFiniteResult, UsageError
from ip2p_eval.intervals import wilson
from ip2p_eval.looks.figures import aggregate
from ip2p_eval.looks.predicates import FAMILIES
from ip2p_eval.looks.suite import check_families, run_suite, unrelated_layout
from ip2p_eval.looks.wordings import held_out
from ip2p_eval.photos import choose_photos, find_readable
from tests.eval.scenes import LOOKS, scene, to_float, to_pil

SOME = ("night", "sepia", "negative", "pixel-art", "black-and-white")
FAMILY_OF = {wording: family for family, wordings in held_out().items() for wording in wordings}


class FakeEditor:
    """Answers each request with what a function makes of the picture; None stands for a failed edit."""

    def __init__(self, answer: Callable[[EditRequest], Image.Image | None]) -> None:
        self.answer = answer
        self.requests: list[EditRequest] = []

    def edit_each(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True
    ) -> list[EditResult | NonFiniteResult]:
        self.requests += requests
        return [self._one(request) for request in requests]

    def _one(self, request: EditRequest) -> EditResult | NonFiniteResult:
        image = self.answer(request)
        if image is None:
            return NonFiniteResult("the network gave NaN")
        return EditResult(image, request.instruction, request.seed, 4, 3.0, 1.3, "ddim")


def obedient(request: EditRequest) -> Image.Image:
    return to_pil(LOOKS[FAMILY_OF[request.instruction]](to_float(request.image)))


def lazy(request: EditRequest) -> Image.Image:
    return request.image


def forgetful(request: EditRequest) -> Image.Image:
    """The right look on another photo."""
    return to_pil(LOOKS[FAMILY_OF[request.instruction]](scene(99)))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(4):
        to_pil(scene(seed)).save(folder / f"photo{seed}.png")
    (folder / "notes.txt").write_text("no photo")
    return choose_photos(folder)


def figures_of(answer: Callable[[EditRequest], Image.Image | None], photos: list[Path]) -> dict:
    judged = [each for batch in run_suite(FakeEditor(answer), photos, SOME, seed=5) for each in batch]
    return aggregate([each.judgement for each in judged])


def test_an_obedient_editor_scores_high(photos: list[Path]) -> None:
    figures = figures_of(obedient, photos)
    assert figures["edits"] == 20
    assert figures["overall"]["both"]["share"] >= 0.9
    assert figures["overall"]["cross"]["share"] <= 0.08
    assert figures["overall"]["copy"]["share"] == 0
    assert set(figures["families"]) == set(SOME)


def test_a_copying_editor_keeps_the_layout_and_follows_nothing(photos: list[Path]) -> None:
    overall = figures_of(lazy, photos)["overall"]
    assert overall["followed"]["share"] == 0
    assert overall["preserved"]["share"] == 1


def test_a_blurring_editor_follows_what_its_control_says(photos: list[Path]) -> None:
    def blurring(request: EditRequest) -> Image.Image:
        return request.image.filter(ImageFilter.GaussianBlur(2 * max(request.image.size) / 256))

    families = ("watercolor", "cartoon", "dreamy", "night")
    judged = [each for batch in run_suite(FakeEditor(blurring), photos, families) for each in batch]
    figures = aggregate([each.judgement for each in judged])
    shares = {name: (block["followed"]["share"], block["blur"]["share"]) for name, block in figures["families"].items()}
    assert shares == {"watercolor": (0, 0), "cartoon": (0, 0), "dreamy": (1, 1), "night": (0, 0)}
    assert figures["overall"]["blur"]["share"] == 0.25 and figures["overall"]["copy"]["share"] == 0


def test_the_right_look_on_another_photo_has_lost_the_layout(photos: list[Path]) -> None:
    assert figures_of(forgetful, photos)["overall"]["preserved"]["share"] <= 0.05


def test_a_failed_edit_counts_against_the_editor(photos: list[Path]) -> None:
    figures = figures_of(
        lambda request: None if FAMILY_OF[request.instruction] == "night" else obedient(request), photos
    )
    night = figures["families"]["night"]
    assert night["failed"] == 4
    assert night["followed"]["share"] == night["preserved"]["share"] == 0
    assert figures["families"]["sepia"]["followed"]["share"] == 1


def test_requests_carry_the_seed_a_held_out_wording_and_defaults(photos: list[Path]) -> None:
    editor = FakeEditor(lazy)
    list(run_suite(editor, photos[:2], FAMILIES, seed=5))
    assert len(editor.requests) == 56
    assert {request.seed for request in editor.requests} == {5}
    assert [FAMILY_OF[request.instruction] for request in editor.requests[:28]] == list(FAMILIES)
    assert (
        {request.steps for request in editor.requests}
        == {request.text_guidance for request in editor.requests}
        == {None}
    )


def test_a_photo_that_is_grey_is_not_asked_to_become_so(tmp_path: Path) -> None:
    to_pil(LOOKS["black-and-white"](scene(0))).save(tmp_path / "grey.png")
    editor = FakeEditor(lazy)
    list(run_suite(editor, choose_photos(tmp_path), ("black-and-white", "night")))
    assert [FAMILY_OF[request.instruction] for request in editor.requests] == ["night"]


def test_different_photos_do_not_pass_for_one_layout(photos: list[Path]) -> None:
    assert unrelated_layout(photos, FAMILIES) == 0
    assert unrelated_layout([photos[0], photos[0]], FAMILIES) == 1


def test_a_limit_spreads_over_the_folder(photos: list[Path]) -> None:
    assert [photo.name for photo in choose_photos(photos[0].parent, 2)] == ["photo0.png", "photo2.png"]


def test_usage_errors_name_the_thing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no photos"):
        choose_photos(tmp_path)
    with pytest.raises(UsageError, match="not a folder"):
        choose_photos(tmp_path / "none")
    with pytest.raises(UsageError, match="unknown family 'nigth'"):
        check_families(["nigth"])


def test_a_photo_that_cannot_be_read_is_named_before_any_is_edited(photos: list[Path], tmp_path: Path) -> None:
    for photo in photos[:2]:
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    (tmp_path / "torn.png").write_bytes(photos[0].read_bytes()[:2000])
    with pytest.raises(UsageError, match=r"torn\.png cannot be read"):
        find_readable(tmp_path)
    assert len(find_readable(tmp_path, 2)) == 2  # photo0 and photo1


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0, 1)],
)
def test_wilson_intervals(passed: int, total: int, low: float, high: float) -> None:
    assert wilson(passed, total) == pytest.approx((low, high), abs=1e-4)
