"""Pairs of families that may honestly both hold of one picture; the cross measure leaves them out, both ways round."""

from __future__ import annotations

_PAIRS: tuple[tuple[str, str, str], ...] = (
    ("night", "darker", "a night picture is darker"),
    ("storm", "darker", "storm clouds take light away"),
    ("neon", "darker", "neon signs glow in the dark"),
    ("night", "neon", "neon scenes are set at night"),
    ("night", "storm", "dark, grey and bluish is both"),
    ("night", "cold", "moonlight is bluish"),
    ("storm", "cold", "storm light is bluish grey"),
    ("winter", "cold", "winter light is bluish"),
    ("underwater", "cold", "water takes red away, which leaves a blue cast"),
    ("winter", "brighter", "snow makes a picture brighter"),
    ("fog", "winter", "a white veil reads as fog or as falling snow"),
    ("fog", "dreamy", "haze is dreamy"),
    ("dreamy", "brighter", "a soft glow adds light"),
    ("watercolor", "brighter", "pale paint on white paper is brighter"),
    ("watercolor", "oil-painting", "both are paintings"),
    ("cartoon", "oil-painting", "both paint flat areas over fine texture"),
    ("black-and-white", "pencil-sketch", "a pencil drawing has no colour"),
    ("pencil-sketch", "brighter", "white paper is brighter"),
    ("sepia", "warm", "brown is a warm tone"),
    ("sepia", "vintage", "old photographs are sepia"),
    ("sepia", "desert", "both are sandy brown throughout"),
    ("vintage", "warm", "old film yellows"),
    ("warm", "sunset", "evening light is warm"),
    ("warm", "autumn", "autumn colours are warm"),
    ("warm", "desert", "desert light is warm"),
    ("warm", "orange-sky", "an orange sky is warm light"),
    ("sunset", "autumn", "both turn a scene orange"),
    ("sunset", "desert", "both turn a scene orange"),
    ("sunset", "orange-sky", "an orange sky is a sunset"),
    ("autumn", "desert", "both turn greens and blues to ochre"),
)

_REASONS = {frozenset((one, other)): reason for one, other, reason in _PAIRS}


def overlap(one: str, other: str) -> str | None:
    """Why a person could say that both families hold of one picture; None where they could not."""
    return _REASONS.get(frozenset((one, other)))


def listed() -> tuple[tuple[str, str, str], ...]:
    """Every pair that is left out, with its reason."""
    return _PAIRS
