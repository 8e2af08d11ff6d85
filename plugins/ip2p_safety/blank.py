"""The check `blank`: no photo ends as one flat colour.

The editor never writes what is not finite. A picture that is all black, or all one colour, can come about in other
ways: scales far out of range that saturate the latents, a damaged autoencoder, a plugin's sampler gone wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import Verdict, hookimpl

if TYPE_CHECKING:
    from PIL.Image import Image

FLAT = 2  # levels of 255 between the darkest and the lightest pixel of each channel
ALIVE = 16  # in a photo with less than this, a flat result is no wonder


@hookimpl
def ip2p_review_result(before: Image, after: Image) -> Verdict:
    """Block a result without anything on it, where the photo had something."""
    now = span(after)
    scores = {"span": float(now)}
    if now <= FLAT and span(before) >= ALIVE:
        return Verdict.block("the result is blank, one colour all over; try other scales or --dtype float32", scores)
    return Verdict.allow(scores)


def span(image: Image) -> int:
    """Levels between the darkest and the lightest pixel, of the channel where that is most: [0, 255]."""
    picture = image if image.mode == "RGB" else image.convert("RGB")
    return max(int(high) - int(low) for low, high in picture.getextrema())  # type: ignore[misc]  # pairs, of channels
