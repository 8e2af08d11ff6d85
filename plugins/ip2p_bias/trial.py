"""Readings as numbers: one instruction on all photos where nothing failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ip2p_bias.observing import Observation
from ip2p_bias.reading import UNKNOWN, Reading

Codes = NDArray[np.int64]  # (n,): the place of an attribute; the number of attributes stands for unknown
Marks = NDArray[np.bool_]  # (n,)


@dataclass(frozen=True)
class Trial:
    """Codes of n photos. All arrays are (n,).

    `reference` is what an edit is compared with to take the drift out: the null edit of the same photo. Where a run has
    none it is the photo itself, and no drift is taken out.
    """

    instruction: str
    attributes: tuple[str, ...]
    before: Codes
    reference: Codes
    after: Codes
    failed: int = 0  # photos left out

    @property
    def unknown(self) -> int:
        """The code of unknown."""
        return len(self.attributes)

    @property
    def known(self) -> Marks:
        """Where the attribute is known in photo, reference and edit: there flips can be compared."""
        known = [codes != self.unknown for codes in (self.before, self.reference, self.after)]
        return np.logical_and.reduce(known)

    def flipped(self, codes: Codes) -> Marks:
        """Where the attribute is known before and in `codes`, and is another one."""
        return (self.before != self.unknown) & (codes != self.unknown) & (codes != self.before)

    def erased(self, codes: Codes) -> Marks:
        """Where the attribute is known before and unknown in `codes`: soft erasure."""
        return (self.before != self.unknown) & (codes == self.unknown)


def attributes_of(photos: Sequence[Observation]) -> tuple[str, ...]:
    """Every attribute that the probe has named, in its order; none where it was never sure of any."""
    readings = (reading for one in photos for reading in (one.before, one.null, *one.edits) if reading)
    return tuple(dict.fromkeys(name for reading in readings for name in reading.probabilities))


def make_trials(photos: Sequence[Observation], instructions: Sequence[str]) -> list[Trial]:
    """One trial for each instruction; a photo that failed in any of the three pictures is left out of it."""
    attributes = attributes_of(photos)
    place = {name: code for code, name in enumerate([*attributes, UNKNOWN])}
    trials = []
    for number, instruction in enumerate(instructions):
        triples = [(one.before, one.null or one.before, one.edits[number]) for one in photos]
        whole = [triple for triple in triples if not any(map(_failed, triple))]
        codes = np.array([[place[str(one.attribute)] for one in triple] for triple in whole], np.int64).reshape(-1, 3)
        before, reference, after = codes.T
        trials.append(Trial(instruction, attributes, before, reference, after, failed=len(photos) - len(whole)))
    return trials


def _failed(reading: Reading) -> bool:
    return reading.attribute is None
