"""One small predicate per family: would a person say that this instruction was followed?

Each looks only at plain statistics of the photo before and after. All ask for an obvious, visible change, so a copy of
the input passes none.
"""

from __future__ import annotations

from collections.abc import Callable

from ip2p_eval.measures import Pair, Photo

Predicate = Callable[[Pair], bool]
GREY = 4.0  # mean chroma below which a photo counts as colourless


def black_and_white(p: Pair) -> bool:
    grey = p.after.colour <= 5.0 and p.colour_ratio <= 0.5 and p.after.hue_share(0, 360, 14.0) <= 0.06
    return grey and p.luma_agreement >= 0.6 and p.contrast_ratio >= 0.6 and p.strokes_on_edges <= 0.8


def sepia(p: Pair) -> bool:
    a, b = p.after.tone
    brown = 6 <= b <= 38 and -2 <= a <= 18 and b >= 1.1 * a
    one_ink = p.after.colour_variety <= max(4.5, 0.3 * b)
    return brown and one_ink and p.tint[1] >= 5 and p.luma_agreement >= 0.6


def night(p: Pair) -> bool:
    dark = p.after.light <= min(38.0, 0.62 * p.before.light + 2)
    return dark and p.after.percentiles[3] <= 48 and p.lighter <= -6 and p.yellower <= 3


def sunset(p: Pair) -> bool:
    glow = p.redder >= 4 and p.yellower >= 0 and p.tint[0] + p.tint[1] >= 12 and p.tint[1] >= 4
    return glow and p.lighter <= 8 and p.after.colour >= 14 and p.after.hue_share(0, 105) >= 0.4


def warm(p: Pair) -> bool:
    return p.tint[1] >= 4 and p.yellower >= 4.5 and p.redder >= -5 and p.lighter >= -12 and p.colour_gain >= 0.5


def cold(p: Pair) -> bool:
    return p.yellower <= -5 and p.tint[1] <= -4 and p.redder <= 8 and p.lighter >= -20 and p.colour_gain >= 0.3


def brighter(p: Pair) -> bool:
    faithful = p.luma_agreement >= 0.8 and p.colour_gain >= 0.6 and abs(p.tint[0]) <= 13 and abs(p.tint[1]) <= 13
    return p.lighter >= min(6.0, 0.25 * p.before.headroom) and faithful and p.contrast_ratio >= 0.7


def darker(p: Pair) -> bool:
    return p.lighter <= -6 and p.luma_agreement >= 0.7 and abs(p.tint[0]) <= 12 and abs(p.tint[1]) <= 15


def contrast(p: Pair) -> bool:
    wider = p.contrast_ratio >= 1.1 and p.after.spread - p.before.spread >= 2
    faithful = p.luma_agreement >= 0.8 and p.colour_gain >= 0.85 and abs(p.tint[0]) <= 10 and abs(p.tint[1]) <= 10
    return wider and faithful and abs(p.lighter) <= 12


def vintage(p: Pair) -> bool:
    faded = p.contrast_ratio <= 0.95 and p.after.percentiles[0] - p.before.percentiles[0] >= 3
    aged = 3 <= p.tint[1] <= 16 or (p.tint[0] >= 2 and -2 <= p.tint[1] <= 3)
    return faded and aged and p.colour_gain <= 0.9 and p.after.colour <= 30 and p.luma_agreement >= 0.8


def fog(p: Pair) -> bool:
    veiled = p.contrast_ratio <= 0.72 and p.after.percentiles[0] - p.before.percentiles[0] >= 10
    grey = p.colour_gain <= 0.85 and p.after.colour <= 16
    return veiled and grey and p.after.light >= 48 and p.luma_agreement >= 0.3


def winter(p: Pair) -> bool:
    pale = p.colour_gain <= 0.85 or p.after.colour <= 9
    colder = p.tint[1] <= -1.5 and p.after.colour >= 2
    return (
        pale
        and colder
        and p.lighter >= min(3.0, 0.12 * p.before.headroom)
        and p.after.light >= 35
        and p.luma_agreement >= 0.3
    )


def autumn(p: Pair) -> bool:
    orange = p.after.hue_share(25, 90)
    turned = p.redder >= 3.5 and p.yellower >= -2 and orange - p.before.hue_share(25, 90) >= 0.08
    ground = p.thirds[1][0] >= 2 or p.thirds[1][1] >= 3
    vivid = p.colour_gain >= 0.5 and p.after.colour >= 10
    return turned and ground and vivid and orange >= 0.3 and p.lighter >= -20


def spring(p: Pair) -> bool:
    green = p.after.hue_share(100, 170)
    ground = p.thirds[1][0] <= -3
    greener = green - p.before.hue_share(100, 170) >= 0.08 or p.tint[0] <= -2.5
    return greener and green >= 0.3 and ground and p.redder <= -4 and p.yellower >= -1 and p.lighter >= -14


def storm(p: Pair) -> bool:
    duller = p.colour_gain <= 0.85 * min(1.0, p.after.light / max(p.before.light, 1.0) + 0.1)
    grey = (duller and p.after.colour <= 14) or p.after.colour <= 6
    return p.lighter <= -5 and grey and p.yellower <= 1 and p.tint[1] <= 1 and p.after.light <= 55


def underwater(p: Pair) -> bool:
    cyan = p.after.hue_share(150, 285, 6.0)
    return p.tint[0] <= -5 and p.tint[1] <= -1 and p.redder <= -4 and p.yellower <= -2 and cyan >= 0.4


def neon(p: Pair) -> bool:
    electric = p.after.hue_share(280, 15, 25.0) + p.after.hue_share(190, 280, 25.0)
    grown = electric - p.before.hue_share(280, 15, 25.0) - p.before.hue_share(190, 280, 25.0)
    purple = p.after.hue_share(280, 360, 20.0)
    ground = p.thirds[1][0] >= 4 or p.thirds[1][1] <= -8
    return electric >= 0.25 and grown >= 0.2 and purple >= 0.08 and ground and p.after.percentiles[1] <= 55


def _smoothed(p: Pair) -> bool:
    """Fine texture is gone from the areas between strong edges, which stay: a blur takes those first."""
    plain = p.texture_kept <= 0.85 and (p.flatter >= 0.1 or p.weak_edges_kept <= 0.85)
    return plain and p.strong_edges_kept >= max(0.5, 0.75 * p.weak_edges_kept)


def oil_painting(p: Pair) -> bool:
    return _smoothed(p) and p.colour_gain >= 0.75 and abs(p.lighter) <= 10 and p.luma_agreement >= 0.7


def watercolor(p: Pair) -> bool:
    paler = p.lighter >= min(4.0, 0.2 * p.before.headroom) and p.contrast_ratio <= 1.0
    return _smoothed(p) and paler and 0.35 <= p.colour_gain <= 1.1 and p.luma_agreement >= 0.6


def pencil_sketch(p: Pair) -> bool:
    paper = p.after.percentiles[2] >= 75 and p.after.light >= 62
    redrawn = p.outlined >= 0.1 or p.lighter >= 5
    return p.after.colour <= 7 and paper and redrawn and p.strokes_on_edges >= 0.1


def cartoon(p: Pair) -> bool:
    drawn = p.outlined >= 0.12 or p.colour_gain >= 1.12 or p.after.distinct_colours <= 0.3 * p.before.distinct_colours
    vivid = p.colour_gain >= 0.85 and abs(p.lighter) <= 18 and p.after.colour >= 3
    return p.flatter >= 0.12 and drawn and vivid and p.strong_edges_kept >= 0.5


def pixel_art(p: Pair) -> bool:
    return p.after.blockiness >= 0.22 and p.after.blockiness - p.before.blockiness >= 0.1


def negative(p: Pair) -> bool:
    return p.luma_agreement <= -0.4


def dreamy(p: Pair) -> bool:
    soft = p.strong_edges_kept <= 0.66 and p.texture_kept <= 0.6
    return soft and p.colour_gain >= 0.55 and p.lighter >= -5 and p.luma_agreement >= 0.7


def desert(p: Pair) -> bool:
    sand = p.after.hue_share(50, 100)
    fewer = p.after.hue_share(105, 300) <= 0.5 * p.before.hue_share(105, 300) + 0.03
    ground = p.thirds[1][1] >= 3 or p.thirds[1][0] >= 6
    return sand >= 0.5 and fewer and ground and p.yellower >= 3 and p.lighter >= -10 and p.tint[1] >= 5


def _sky(p: Pair, a: float, b: float) -> bool:
    """The top third has the hue of the direction (a, b), went towards it, and clearly more so than the bottom third."""
    top, bottom = p.thirds
    towards, below = top[0] * a + top[1] * b, bottom[0] * a + bottom[1] * b
    tone, off = p.top_tone[0] * a + p.top_tone[1] * b, abs(p.top_tone[0] * b - p.top_tone[1] * a)
    return tone >= 6 and tone >= off and towards >= 7 and towards - below >= 5


def pink_sky(p: Pair) -> bool:
    return _sky(p, 0.97, -0.1)


def orange_sky(p: Pair) -> bool:
    return _sky(p, 0.5, 0.87)


def green_sky(p: Pair) -> bool:
    return _sky(p, -0.87, 0.5)


PREDICATES: dict[str, Predicate] = {
    "black-and-white": black_and_white,
    "sepia": sepia,
    "night": night,
    "sunset": sunset,
    "warm": warm,
    "cold": cold,
    "brighter": brighter,
    "darker": darker,
    "contrast": contrast,
    "vintage": vintage,
    "fog": fog,
    "winter": winter,
    "autumn": autumn,
    "spring": spring,
    "storm": storm,
    "underwater": underwater,
    "neon": neon,
    "oil-painting": oil_painting,
    "watercolor": watercolor,
    "pencil-sketch": pencil_sketch,
    "cartoon": cartoon,
    "pixel-art": pixel_art,
    "negative": negative,
    "dreamy": dreamy,
    "desert": desert,
    "pink-sky": pink_sky,
    "orange-sky": orange_sky,
    "green-sky": green_sky,
}
FAMILIES: tuple[str, ...] = tuple(PREDICATES)


def applicable(photo: Photo, family: str) -> bool:
    """False where the photo already is what the instruction asks for, so nothing could be seen to change."""
    if family == "black-and-white":
        return photo.colour > GREY
    return True
