"""Calibration: the judge passes what was pasted by hand, and neither untouched photos, looks nor wrong things."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from ip2p_eval.local.cases import Ask, asks
from ip2p_eval.local.change import MOST, smallest_window
from ip2p_eval.local.found import joined, patches
from ip2p_eval.local.judge import Subject, Verdict, judge
from ip2p_eval.local.names import called, share_called
from ip2p_eval.local.suite import subject_of
from ip2p_eval.pixels import rgb_to_lab
from tests.eval.local.examples import added, done, photo

PHOTOS = [photo(seed) for seed in range(3)]


def verdicts(ask: Ask, edit) -> list[Verdict]:  # type: ignore[no-untyped-def]
    """Of one edit (subject, ask, rng) -> picture on all photos."""
    found = []
    for number, image in enumerate(PHOTOS):
        subject = subject_of(ask, image, f"{number}.jpg")
        found.append(judge(ask, subject, edit(subject, ask, random.Random(f"{number}{ask.family}{ask.colour}"))))
    return found


def codec(image: Image.Image) -> Image.Image:
    """The blur and the grain that an editor's autoencoder leaves."""
    grain = np.random.default_rng(0).normal(0, 2.0, (image.height, image.width, 3))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), float)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("blurred", [False, True])
def test_true_edits_pass(blurred: bool) -> None:
    """95 of 100, through a codec, too."""
    passed = total = 0
    failed = []
    for ask in asks():
        for verdict in verdicts(ask, lambda *case: codec(done(*case)) if blurred else done(*case)):
            good = verdict.confined and verdict.there
            passed, total = passed + good, total + 1
            failed += [] if good else [f"{ask.family} {verdict}"]
    assert passed >= 0.95 * total, failed


def test_untouched_photos_and_a_codecs_noise_pass_nothing() -> None:
    for ask in asks():
        for verdict in verdicts(ask, lambda subject, *_: subject.asked_of):
            assert not verdict.confined and not verdict.there
        assert sum(v.there for v in verdicts(ask, lambda subject, *_: codec(subject.asked_of))) == 0


def test_what_an_editor_changes_unasked_is_no_change() -> None:
    ask = next(ask for ask in asks() if ask.family == "add-bird")
    coarse = PHOTOS[0].resize((40, 40)).resize(PHOTOS[0].size)  # a codec that loses much
    assert not judge(ask, Subject(PHOTOS[0], identity=coarse), coarse).there
    bird = added("bird", coarse, random.Random(0))
    verdict = judge(ask, Subject(PHOTOS[0], identity=coarse), bird)
    assert verdict.confined and verdict.there


def rehued(image: Image.Image) -> Image.Image:
    hsv = np.array(image.convert("HSV"))
    hsv[..., 0] += 128
    return Image.fromarray(hsv, "HSV").convert("RGB")


def patch_blurred(image: Image.Image) -> Image.Image:
    """Its middle alone: confined, and nothing that was asked for."""
    box = (70, 100, 180, 220)
    out = image.copy()
    out.paste(image.filter(ImageFilter.GaussianBlur(8)).crop(box), box)
    return out


@pytest.mark.parametrize(
    "look",
    [
        lambda image: ImageEnhance.Brightness(image).enhance(0.4),
        lambda image: ImageEnhance.Color(image).enhance(0.0),
        ImageChops.invert,
        lambda image: Image.blend(image, Image.new("RGB", image.size, (255, 130, 60)), 0.4),
        lambda image: ImageEnhance.Contrast(image).enhance(2.0),
        lambda image: image.filter(ImageFilter.GaussianBlur(2)),
        lambda image: image.filter(ImageFilter.GaussianBlur(6)),
        rehued,
        patch_blurred,
    ],
)
def test_a_change_that_adds_nothing_is_no_local_edit(look) -> None:  # type: ignore[no-untyped-def]
    """Neither looks of the whole picture nor blurs: an editor that loses detail draws no birds."""
    every = [(ask, verdict) for ask in asks() for verdict in verdicts(ask, lambda subject, *_: look(subject.asked_of))]
    assert sum(v.confined and v.there for _, v in every) <= 0.02 * len(every)
    assert sum(v.there for _, v in every) <= 0.1 * len(every)
    assert not [ask.family for ask, v in every if ask.kind == "add" and v.there]


WRONG = {  # asked for -> what was added instead
    "moon": ("car", "house", "plane"),
    "sun": ("moon", "house"),
    "stars": ("moon", "balloon", "clouds"),
    "rainbow": ("stars", "clouds", "balloon"),
    "clouds": ("balloon", "boats", "tree"),
    "balloon": ("bird", "plane", "tree", "snowman"),
    "bird": ("house", "balloon"),
    "plane": ("balloon", "snowman"),
    "boat": ("sun", "kite"),
    "boats": ("moon", "balloon"),
    "tree": ("car", "moon", "plane"),
    "house": ("bird", "plane", "moon"),
    "snowman": ("car", "tree", "balloon"),
    "flower": ("moon", "plane"),
}


def test_wrong_things_fail() -> None:
    passed = []
    for ask in asks():
        if ask.kind == "add":
            for wrong in WRONG.get(ask.thing, ()):
                found = verdicts(ask, lambda subject, _, rng, wrong=wrong: added(wrong, subject.photo, rng))
                passed += [(ask.family, ask.colour, wrong, v.confined and v.there) for v in found]
    assert sum(good for *_, good in passed) <= 0.05 * len(passed), [case for case in passed if case[-1]]


@pytest.mark.parametrize(("thing", "asked", "given"), [("balloon", "red", "blue"), ("boat", "red", "green")])
def test_the_wrong_colour_fails(thing: str, asked: str, given: str) -> None:
    ask = Ask("add", thing, ("x",), colour=asked)
    assert not any(v.there for v in verdicts(ask, lambda subject, _, rng: added(thing, subject.photo, rng, given)))
    assert sum(v.there for v in verdicts(ask, lambda subject, _, rng: added(thing, subject.photo, rng, asked))) == 3


def test_the_wrong_size_fails() -> None:
    small, big = (Ask("add", "balloon", ("x",), colour="red", size=size) for size in ("small", "big"))
    assert not any(v.there for v in verdicts(small, lambda s, _, rng: added("balloon", s.photo, rng, "red", "big")))
    assert not any(v.there for v in verdicts(big, lambda s, _, rng: added("balloon", s.photo, rng, "red", "small")))


def test_a_change_elsewhere_is_not_confined() -> None:
    for ask in asks():
        if ask.kind == "remove":
            found = verdicts(ask, lambda subject, *_: ImageEnhance.Brightness(subject.photo).enhance(0.5))
            assert not any(v.confined for v in found)


@given(
    left=st.integers(0, 40),
    top=st.integers(0, 40),
    side=st.integers(4, 24),
    noise=st.floats(0, 0.02),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_the_smallest_window_holds_most_and_is_small(left: int, top: int, side: int, noise: float, seed: int) -> None:
    energy = (noise * np.random.default_rng(seed).random((64, 72))).astype(np.float32)
    energy[top : top + side, left : left + side] += 1.0
    window = smallest_window(energy)
    assert energy[window.mask(energy.shape)].sum() >= MOST * energy.sum() * 0.999
    if noise * energy.size < 0.1 * side * side:
        assert window.area <= (1.4 * side + 16) ** 2


def test_an_empty_change_has_no_window() -> None:
    ask = next(ask for ask in asks() if ask.family == "add-moon")
    assert judge(ask, Subject(PHOTOS[0]), PHOTOS[0]) == Verdict(False, False, 0.0)


@pytest.mark.parametrize(
    ("rgb", "names"),
    [
        ((210, 25, 30), {"red"}), ((30, 60, 210), {"blue"}), ((245, 215, 40), {"yellow"}), ((40, 150, 60), {"green"}),
        ((250, 250, 248), {"white"}), ((18, 18, 20), {"black"}), ((125, 40, 175), {"purple"}),
        ((250, 130, 20), {"orange"}),
        ((250, 130, 185), {"pink"}), ((115, 70, 35), {"brown"}), ((128, 128, 130), {"grey"}),
    ],
)  # fmt: skip
def test_colours_are_called_as_people_call_them(rgb: tuple[int, int, int], names: set[str]) -> None:
    lab = rgb_to_lab(np.asarray([rgb], np.float32) / 255)
    plain = {"red", "blue", "yellow", "green", "white", "black", "purple", "pink", "orange", "brown", "grey"}
    assert names <= {name for name in plain if called(lab, name).all()}
    opposite = {"red": "green", "blue": "yellow", "white": "black"}
    for name in names & set(opposite):
        assert share_called(lab, opposite[name]) == 0


def test_patches_are_counted_by_size_and_joined_to_a_core() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2:8, 2:8] = mask[12:16, 20:25] = True
    mask[0, 0] = True
    assert patches(mask) == [36, 20]
    core = np.zeros_like(mask)
    core[5, 5] = True
    assert joined(mask, core).sum() == 36
