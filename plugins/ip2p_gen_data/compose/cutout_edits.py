"""Pairs made with cut-outs: one or two are put into a photo, taken out, and recoloured where the name says a colour."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .crops import to_array, to_image
from .cutouts import Cutout, open_cutout
from .local.words import recolour_named, words
from .pixels import Array, luma, smoothstep
from .things.colours import COLOURS

_SIZES = {"small": (0.2, 0.3), "": (0.3, 0.5), "big": (0.5, 0.7)}  # of the photo's short side
_TWO = 0.2  # share of the photos that get two cut-outs


@dataclass(frozen=True)
class CutoutPair:
    """A photo before and after an edit, with its wording and family."""

    before: Image.Image
    after: Image.Image
    instruction: str
    family: str


def cutout_pairs(
    photo: Image.Image, cutouts: Sequence[Cutout], rng: np.random.Generator, wording: random.Random
) -> Iterator[CutoutPair]:
    """Add, remove and, for one cut-out with a colour in its name, recolour it."""
    chosen = wording.sample(list(cutouts), 2 if len(cutouts) > 1 and wording.random() < _TWO else 1)
    size = wording.choice(("small", "", "", "big"))
    spoken = size if wording.random() < 0.6 else ""
    added = " and ".join(_with_article(each.name, spoken, wording) for each in chosen)
    removed = " and the ".join(each.name for each in chosen)
    as_usual = _with_usual(photo, [open_cutout(each) for each in chosen], spoken)
    yield CutoutPair(photo, as_usual, wording.choice(words()["add"]["any"]).format(a=added), "add")
    pieces = [_scaled(open_cutout(each), photo, size, rng) for each in chosen]
    spots = [_spot(photo, piece, place, len(pieces), rng) for place, piece in enumerate(pieces)]
    with_it = _pasted(photo, pieces, spots)
    yield CutoutPair(with_it, photo, wording.choice(words()["remove"]["any"]).format(n=removed), "remove")
    old = next((word for word in chosen[0].name.split() if word in COLOURS), None)
    if old is not None and len(chosen) == 1:
        new = wording.choice([name for name in COLOURS if name != old])
        other = _pasted(photo, [recoloured(pieces[0], old, new)], spots)
        text = recolour_named(chosen[0].name.replace(old, "").strip() or "thing", old, new, wording)
        yield CutoutPair(with_it, other, text, "recolour")


def recoloured(piece: Image.Image, old: str, new: str) -> Image.Image:
    """An RGBA picture whose parts of one colour have another, with their light and shade."""
    rgb = to_array(piece.convert("RGB"))
    was, will = (np.asarray(COLOURS[name], np.float32) for name in (old, new))
    light = luma(rgb)
    alike = _direction(rgb) @ _direction(was)
    far = np.abs(light - float(luma(was))) if _is_grey(was) else np.zeros_like(light)
    weight = smoothstep(far, 0.45, 0.2) if _is_grey(was) else smoothstep(alike, 0.6, 0.85)
    shade = (light + 0.08) / (float(luma(was)) + 0.08)
    painted = np.clip(will * shade[..., None], 0, 1)
    result = to_image((rgb + weight[..., None] * (painted - rgb)).astype(np.float32))
    result.putalpha(piece.getchannel("A"))
    return result


def _direction(rgb: Array) -> Array:
    """Hue as a unit vector (…, 3); of grey it is 0."""
    chroma = rgb - rgb.mean(-1, keepdims=True)
    length = np.linalg.norm(chroma, axis=-1, keepdims=True)
    return np.where(length > 0.06, chroma / np.maximum(length, 1e-6), 0).astype(np.float32)


def _is_grey(colour: Array) -> bool:
    return float(np.ptp(colour)) < 0.1


def _with_usual(photo: Image.Image, pieces: Sequence[Image.Image], size: str) -> Image.Image:
    """With what an edit adds: side by side on the ground, as large as the words say, the same every time."""
    pieces = [_resized(piece, photo, sum(_SIZES[size]) / 2) for piece in pieces]
    middles = [(place + 0.5) / len(pieces) * photo.width for place in range(len(pieces))]
    foot = round(0.95 * photo.height)
    spots = [(round(x - one.width / 2), foot - one.height) for x, one in zip(middles, pieces, strict=True)]
    return _pasted(photo, pieces, spots)


def _resized(piece: Image.Image, photo: Image.Image, share: float) -> Image.Image:
    """The longer side that share of the photo's short side."""
    scale = share * min(photo.size) / max(piece.size)
    return piece.resize([max(1, round(side * scale)) for side in piece.size], Image.Resampling.LANCZOS)


def _scaled(piece: Image.Image, photo: Image.Image, size: str, rng: np.random.Generator) -> Image.Image:
    """Resized to the class of size, and mirrored half the time."""
    piece = _resized(piece, photo, rng.uniform(*_SIZES[size]))
    return piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else piece


def _spot(
    photo: Image.Image, piece: Image.Image, place: int, of: int, rng: np.random.Generator
) -> tuple[int, int]:  # fmt: skip
    """The upper left corner: low more often than high; several stand side by side."""
    room = photo.width - piece.width, photo.height - piece.height
    return round((place + rng.random()) / of * room[0]), round(rng.random() ** 0.5 * room[1])


def _pasted(photo: Image.Image, pieces: Sequence[Image.Image], spots: Sequence[tuple[int, int]]) -> Image.Image:
    out = photo.copy()
    for piece, spot in zip(pieces, spots, strict=True):
        out.paste(piece, spot, piece)
    return out


def _with_article(name: str, size: str, wording: random.Random) -> str:
    text = f"{wording.choice(words()['sizes'][size])} {name}" if size else name
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"
