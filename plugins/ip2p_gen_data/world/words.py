"""The words of captions: for each attribute and value a few phrases. The n-th phrases of all values correspond, so
that an edit keeps the turn of phrase: "by day" becomes "after dark".
"""

from __future__ import annotations

TIME: dict[str, tuple[str, ...]] = {
    "day": ("in the daytime", "by day", "in bright daylight"),
    "sunset": ("at sunset", "as the sun sets", "in the evening glow"),
    "night": ("at night", "after dark", "by moonlight"),
}
WEATHER: dict[str, tuple[str, ...]] = {
    "clear": ("under a clear sky", "in clear weather"),
    "fog": ("in the fog", "in foggy weather"),
    "rain": ("in the rain", "in rainy weather"),
    "snow": ("in falling snow", "in snowy weather"),
}
WEATHER_ADJECTIVE: dict[str, tuple[str, ...]] = {
    "clear": ("clear", "cloudless"),
    "fog": ("foggy", "misty"),
    "rain": ("rainy", "rain-swept"),
    "snow": ("snowy", "snow-swept"),
}
GROUND: dict[str, tuple[str, ...]] = {
    "grass": ("on the grass", "in a meadow"),
    "sand": ("on the sand", "on a beach"),
    "snow": ("on the snow", "on a snowfield"),
    "water": ("on the water", "on a lake"),
    "road": ("on the road", "on a street"),
}
GROUND_NOUN: dict[str, tuple[str, ...]] = {
    "grass": ("meadow", "lawn"),
    "sand": ("beach", "sandy place"),
    "snow": ("snowfield", "snow-covered plain"),
    "water": ("lake", "pond"),
    "road": ("road", "street"),
}
SIZE: dict[str, tuple[str, ...]] = {
    "small": ("small", "little", "tiny"),
    "large": ("large", "big", "huge"),
}
KIND: dict[str, tuple[str, ...]] = {
    "ball": ("ball",),
    "box": ("box", "crate"),
    "cone": ("cone",),
    "tree": ("tree",),
    "house": ("house", "cottage"),
    "boat": ("boat", "sailboat"),
    "star": ("star",),
}
FRAMES = (
    "{things} {ground} {time} {weather}",
    "{things} {ground} {weather} {time}",
    "{time}, {things} {ground} {weather}",
    "a picture of {things} {ground} {time} {weather}",
    "a {adjective} {noun} {time} with {things}",
)
PLACE_FRAME = 4  # the one that begins with the ground


def lookup(table: dict[str, tuple[str, ...]], phrase: str) -> tuple[str, int]:
    """(value, number of the phrase) of a phrase in a table.

    Raises:
        KeyError: it is not there.
    """
    for value, phrases in table.items():
        if phrase in phrases:
            return value, phrases.index(phrase)
    raise KeyError(phrase)


def alternatives(table: dict[str, tuple[str, ...]]) -> list[str]:
    """All phrases of a table."""
    return [phrase for phrases in table.values() for phrase in phrases]


def with_article(words: str) -> str:
    """a box, an orange box."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
