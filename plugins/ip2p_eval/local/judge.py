"""The two questions on one edit: did it keep to its region, and is what was asked for there?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from ip2p_eval.local.cases import Ask
from ip2p_eval.local.change import MOST, Box, Change
from ip2p_eval.local.drawings import Pasted
from ip2p_eval.local.found import Found
from ip2p_eval.local.names import share_called
from ip2p_eval.local.things import CROWDS, is_there
from ip2p_eval.measures import Pair, Photo
from ip2p_eval.original import Original
from ip2p_eval.pixels import Array, Mask, blur, correlation, resize, to_rgb

_LARGEST = {"small": 0.20, "": 0.36, "big": 0.5}  # of the picture: the window that a thing of that size may take
_AROUND = 1.0  # around the window of an added thing, of its sides: the rest of it lies there
_MARGIN = 0.15  # around a pasted thing, of its box's sides
_ROOM = 0.6  # around it, for what comes in its place


@dataclass(frozen=True)
class Verdict:
    """Both answers; `share` is that of the changed energy inside the right region."""

    confined: bool
    there: bool
    share: float


@dataclass(frozen=True)
class Subject:
    """A photo that an edit is asked of: as it was, and with a pasted thing where the edit concerns one.

    `identity` is the photo through the same editor with nothing asked for, where that is known.
    """

    photo: Image.Image
    pasted: Pasted | None = None
    identity: Image.Image | None = None

    @property
    def asked_of(self) -> Image.Image:
        return self.photo if self.pasted is None else self.pasted.photo

    @cached_property
    def original(self) -> Original:
        return Original(self.asked_of)

    def change(self, pair: Pair) -> Change:
        """What changed in a pair of this photo, beyond what the editor changes unasked."""
        height, width = pair.before.luma.shape
        plain = None if self.identity is None else Photo(resize(to_rgb(self.identity), width, height))
        if plain is not None and self.pasted is not None:  # the noise was found without the thing
            truth = _truth(self, pair)
            plain = Photo(np.clip(pair.before.rgb + plain.rgb - truth.rgb, 0, 1))
        return Change(pair, plain)


def judge(ask: Ask, subject: Subject, after: Any) -> Verdict:
    """Judge one edited picture (PIL image or array)."""
    pair = subject.original.against(after)
    change = subject.change(pair)
    if ask.kind == "add":
        return _added(ask, change)
    assert subject.pasted is not None, f"{ask.family} is asked of a photo with the thing in it"
    shape = change.distance.shape
    box = _scaled(subject.pasted, shape)
    if ask.kind == "replace":
        region = box.grown(_ROOM, shape)
        bare = Subject(subject.photo, None, subject.identity)
        new = Found(bare.change(Pair(_truth(subject, pair), pair.after)), region)  # but for the old thing
        there = is_there(ask.by, new) and _gone(ask, subject.pasted, pair)
    else:
        region = box.grown(_MARGIN, shape)
        there = _removed(subject, pair, box) if ask.kind == "remove" else _recoloured(ask, subject.pasted, pair, box)
    share = change.share_in(region.mask(shape))
    return Verdict(change.visible and share >= MOST, there, round(share, 4))


def _added(ask: Ask, change: Change) -> Verdict:
    """A crowd belongs into a band; a single thing into one window that is not too large."""
    shape = change.distance.shape
    if ask.thing in CROWDS:
        top, bottom = (round(share * shape[0]) for share in CROWDS[ask.thing])
        band = Box(0, top, shape[1], bottom)
        share = change.share_in(band.mask(shape))
        return Verdict(change.visible and share >= MOST, is_there(ask.thing, Found(change, band)), round(share, 4))
    window = change.window
    if window is None:
        return Verdict(False, False, 0.0)
    share = change.share_in(window.mask(shape))
    compact = window.area <= _LARGEST[ask.size] * shape[0] * shape[1]
    found = Found(change, window.grown(_AROUND, shape), core=window)
    return Verdict(change.visible and compact, is_there(ask.thing, found, ask.colour, ask.size), round(share, 4))


def _removed(subject: Subject, pair: Pair, box: Box) -> bool:
    """What is behind is back: most of the thing's difference from the true photo is gone, and it stands out no more."""
    truth = _truth(subject, pair)
    region = box.mask(pair.before.luma.shape)
    assert subject.pasted is not None
    body = _body(subject.pasted, pair)
    ring = box.grown(_MARGIN, region.shape).mask(region.shape) & ~region

    def off(lab: Array) -> float:
        planes = [blur(np.ascontiguousarray(lab[..., c] - truth.lab[..., c]), 2.0) for c in range(3)]
        return float(sum((plane**2)[region].sum() for plane in planes))

    def stands_out(lab: Array) -> float:
        change = lab - truth.lab
        return float(np.linalg.norm(change[body].mean(0) - (change[ring].mean(0) if ring.any() else 0.0)))

    back = off(pair.after.lab) <= 0.35 * off(pair.before.lab)
    return back and stands_out(pair.after.lab) <= 0.4 * stands_out(pair.before.lab)


def _truth(subject: Subject, pair: Pair) -> Photo:
    """The photo without the pasted thing, at the judged size."""
    height, width = pair.before.luma.shape
    return Photo(resize(to_rgb(subject.photo), width, height))


def _recoloured(ask: Ask, pasted: Pasted, pair: Pair, box: Box) -> bool:
    """Most of what had the old colour has the new one, and the outlines inside the box are where they were."""
    body, region = _body(pasted, pair), box.mask(pair.before.luma.shape)
    hued = share_called(pair.after.lab[body], ask.colour) >= 0.5
    shape_kept = correlation(pair.before.broad_edge[region], pair.after.broad_edge[region]) >= 0.45
    return hued and shape_kept


def _gone(ask: Ask, pasted: Pasted, pair: Pair) -> bool:
    """The old thing's colour has left at least half of its place."""
    body = _body(pasted, pair)
    return share_called(pair.after.lab[body], ask.pasted_colour) <= 0.5 * share_called(
        pair.before.lab[body], ask.pasted_colour
    )


def _body(pasted: Pasted, pair: Pair) -> Mask:
    height, width = pair.before.luma.shape
    small = Image.fromarray(pasted.body).resize((width, height), Image.Resampling.NEAREST)
    return np.asarray(small, bool)


def _scaled(pasted: Pasted, shape: tuple[int, ...]) -> Box:
    """The pasted thing's box in the judged picture."""
    x, y = shape[1] / pasted.photo.width, shape[0] / pasted.photo.height
    box = pasted.box
    return Box(int(box.left * x), int(box.top * y), -int(-box.right * x // 1), -int(-box.bottom * y // 1))
