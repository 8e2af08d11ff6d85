"""Precision and recall of the rules: `python -m tests.wording.figures` prints them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tomli

from ip2p_wording.rules import shipped
from ip2p_wording.text import normal

TUNED, HELD_OUT, FRESH = (Path(__file__).with_name(f"{name}.toml") for name in ("tuned", "held_out", "fresh"))
FINE = "fine"


@dataclass
class Figures:
    """Counts of one set. Flagging something that fails is right whatever the kind it is flagged as."""

    right: int = 0
    fine: int = 0
    false_alarms: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def instructions(self) -> int:
        """How many there are."""
        return self.right + len(self.missed) + self.fine

    @property
    def precision(self) -> float:
        """Of what is flagged, the share that fails indeed."""
        return self.right / (self.right + len(self.false_alarms))

    @property
    def recall(self) -> float:
        """Of what fails, the share that is flagged."""
        return self.right / (self.right + len(self.missed))


def measure(path: Path) -> Figures:
    """The figures of the set in a file."""
    figures = Figures()
    for kind, texts in tomli.loads(path.read_text("utf-8")).items():
        for text in texts:
            flagged = bool(shipped().findings(normal(text)))
            figures.fine += kind == FINE
            figures.right += flagged and kind != FINE
            if flagged and kind == FINE:
                figures.false_alarms.append(text)
            elif not flagged and kind != FINE:
                figures.missed.append(text)
    return figures


if __name__ == "__main__":
    for path in (TUNED, HELD_OUT, FRESH):
        found = measure(path)
        counts = (
            f"{found.fine} fine ones, {len(found.false_alarms)} flagged; {found.instructions - found.fine} others, "
        )
        print(
            f"{path.stem}: {counts}{len(found.missed)} missed; "
            f"precision {found.precision:.3f}, recall {found.recall:.3f}"
        )
