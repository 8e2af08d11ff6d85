"""How well the oracle reads, and how fast pictures are drawn: `python -m ip2p_gen_data.world.measure [SCENES]`."""

from __future__ import annotations

import sys
import time
from collections import Counter

import numpy as np

from . import oracle
from .degrade import DEGRADATIONS, degrade
from .render import render_all
from .scene import sample

FIRST = 50_000  # seeds that neither calibration nor data uses


def measure(count: int) -> list[str]:
    """Lines of a Markdown table, and one on speed."""
    scenes = [sample(FIRST + index) for index in range(count)]
    started = time.process_time()
    pictures = render_all(scenes)
    drawing = count / (time.process_time() - started)
    lines = [
        "| pictures | attributes right | pictures all right | wrong | middle off by, 99 of 100 |",
        "|---|---|---|---|---|",
    ]
    for how in DEGRADATIONS:
        lines.append(f"| {how} | {_accuracy(scenes, pictures, how)} |")
    started = time.process_time()
    for picture in pictures:
        oracle.read(picture)
    reading = count / (time.process_time() - started)
    return [*lines, "", f"{count} scenes; {drawing:.0f} drawn and {reading:.0f} read a second of one core"]


def _accuracy(scenes: list[oracle.Scene], pictures: np.ndarray, how: str) -> str:
    verdicts: list[bool] = []
    whole, off, wrong = [], [], Counter[str]()
    for index, (scene, picture) in enumerate(zip(scenes, pictures, strict=True)):
        reading = oracle.read(degrade(picture, how, np.random.default_rng(index)))
        judged = oracle.judge(reading, oracle.named_of(scene))
        verdicts += judged.values()
        whole.append(all(judged.values()))
        wrong.update(_what(name) for name, right in judged.items() if not right)
        if whole[-1]:
            things = sorted(scene.things, key=lambda thing: thing.x)
            off += [abs(read.x - thing.x) for read, thing in zip(reading.things, things, strict=True)]
    said = ", ".join(f"{what} {number}" for what, number in wrong.most_common()) or "none"
    return (
        f"{100 * np.mean(verdicts):.2f} % of {len(verdicts)} | {100 * np.mean(whole):.1f} % | {said} "
        f"| {np.quantile(off, 0.99):.2f} px"
    )


def _what(name: str) -> str:
    """ "ball colour" -> "colour", "ball" -> "kind"."""
    if " " in name:
        return name.split()[1]
    return name if name in ("time", "weather", "ground", "count") else "kind"


if __name__ == "__main__":
    print("\n".join(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
