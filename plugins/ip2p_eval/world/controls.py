"""Controls: what would score without a good editor. Each should come out as its name says, or the measure is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from ip2p_cli.api import EditRequest
from ip2p_gen_data.world.oracle import read
from ip2p_gen_data.world.render import render

from .cases import Case
from .judging import Judged, judge_reading


def copies(cases: Sequence[Case]) -> list[Judged]:
    """The untouched picture as the answer: nothing is done, everything stays."""
    return [judge_reading(case, case.reading) for case in cases]


def truths(cases: Sequence[Case]) -> list[Judged]:
    """The true result as the answer: the oracle's own ceiling."""
    return [judge_reading(case, read(render(case.row.after.scene))) for case in cases]


def unrelated(cases: Sequence[Case]) -> list[Judged]:
    """The next case's picture as the answer: what stays by chance."""
    return [judge_reading(case, other.reading) for case, other in zip(cases, [*cases[1:], *cases[:1]], strict=True)]


def shuffled_requests(cases: Sequence[Case], seed: int) -> list[EditRequest]:
    """Each picture with the instruction of the next case that asks for another edit."""
    return [EditRequest(image=case.image, instruction=_other(cases, at), seed=seed) for at, case in enumerate(cases)]


def dropped_requests(cases: Sequence[Case], seed: int) -> list[EditRequest]:
    """The editor without its image.

    Of InstructPix2Pix's equation 3, s_T·eps(z,I,T) + (s_I − s_T)·eps(z,I,∅) + (1 − s_I)·eps(z,∅,∅), only the last
    term has no image, and s_T = s_I = 0 leaves only that. s_I = 0 alone would not: the others still see the image.
    The instruction goes with it, which what stays does not depend on. A grey picture in its place would be kept, not
    ignored.
    """
    return [
        EditRequest(
            image=case.image, instruction=case.row.instruction, seed=seed, text_guidance=0.0, image_guidance=0.0
        )
        for case in cases
    ]


def _other(cases: Sequence[Case], at: int) -> str:
    own = cases[at].row
    later = (cases[(at + step) % len(cases)].row for step in range(1, len(cases)))
    return next((row.instruction for row in later if row.edit != own.edit), own.instruction)
