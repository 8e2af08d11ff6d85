"""The oracle's verdict on one edit: was it done, and did the rest stay?"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from ip2p_gen_data.world.edits import Edit
from ip2p_gen_data.world.oracle import Reading, judge, named_of, read
from ip2p_gen_data.world.scene import Scene
from ip2p_gen_data.world.staying import Staying, staying

from .cases import Case, as_picture

LOST = Staying((False,), (False,))  # of an edit that failed


@dataclass(frozen=True)
class Judged:
    """What the oracle says of one edited picture."""

    verb: str
    done: bool  # what the edit names reads as it should
    stayed: Staying  # what it does not name
    failed: bool = False

    @property
    def preserved(self) -> bool:
        """Whether everything stayed that the edit does not name: every attribute and every place."""
        return all(self.stayed.attributes) and all(self.stayed.places)


def judge_image(case: Case, image: Image.Image | None) -> Judged:
    """Judge what an editor made of a case; None stands for an edit that failed."""
    if image is None:
        return Judged(case.row.edit.verb, False, LOST, failed=True)
    return judge_reading(case, read(as_picture(image)))


def judge_reading(case: Case, reading: Reading) -> Judged:
    """Judge a picture as read."""
    edit = case.row.edit
    return Judged(edit.verb, is_done(edit, case.row.after.scene, reading), staying(edit, case.reading, reading))


def is_done(edit: Edit, after: Scene, reading: Reading) -> bool:
    """Whether the attribute that an edit names reads as in the true scene `after`.

    What the oracle cannot tell is not done. A thing counts as replaced or removed only if it is gone for certain.
    """
    if edit.verb in ("time", "weather", "ground"):
        return bool(getattr(reading, edit.verb) == edit.value)
    verdicts = judge(reading, named_of(after))
    if edit.verb in ("colour", "size"):
        return verdicts[f"{edit.target} {edit.verb}"]
    if edit.verb == "add":
        assert edit.thing is not None
        kind = edit.thing.kind[0]
        named = [kind, f"{kind} colour", *([f"{kind} size"] if edit.thing.size else [])]
        return all(verdicts[name] for name in named)
    gone = reading.ground is not None and all(thing.kind not in (edit.target, None) for thing in reading.things)
    if edit.verb == "remove":
        return gone
    assert edit.phrase is not None
    return gone and verdicts[edit.phrase[0]]
