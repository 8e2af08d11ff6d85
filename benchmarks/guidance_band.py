"""How often `--change` lands in the band it is asked for, and in how many tries; fixed guidance beside it.

    python -m benchmarks.guidance_band PHOTOS [-n 40]

Every photo is edited by every instruction at full resolution, as it is written: the model's own pixels would count the
blur of its autoencoder as change. The distance is `ip2p_guidance`'s.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.edit_command import run_process
from benchmarks.photos import spread_over
from ip2p_cli.change_band import DEFAULT_TRIES, NAMED

INSTRUCTIONS = ("make it night", "add snow", "make it look like an oil painting", "turn it into autumn")
BANDS = ("gentle", "normal", "strong")
FIXED = {"the model's own": [], "7.5 / 1.5": ["--text-guidance", "7.5", "--image-guidance", "1.5"]}


def events(photos: list[Path], instruction: str, *options: str) -> list[dict[str, Any]]:
    """The items of one run."""
    with tempfile.TemporaryDirectory() as out:
        said = run_process("edit", *photos, "-i", instruction, "-o", out, "--json", *options)
    return [event for event in map(json.loads, said.splitlines()) if event["event"] == "item"]


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("-n", type=int, default=40, help="photos, spread over the folder")
    parser.add_argument("--tries", default=str(DEFAULT_TRIES))
    given = parser.parse_args()
    photos = spread_over(given.photos, given.n)

    for name, options in FIXED.items():
        seen = [distance(event) for each in INSTRUCTIONS for event in events(photos, each, *options)]
        shares = [f"{band} {within(seen, *NAMED[band]):.0%}" for band in BANDS]
        print(
            f"{name}: quartiles {[round(q, 3) for q in statistics.quantiles(seen, n=4)]}, in {', '.join(shares)}",
            flush=True,
        )
    for band in BANDS:
        runs = {text: events(photos, text, "--change", band, "--tries", given.tries) for text in INSTRUCTIONS}
        shares = [f"{text!r} {within(map(distance, items), *NAMED[band]):.0%}" for text, items in runs.items()]
        every = [event for items in runs.values() for event in items]
        tries = [len(event["tries"]) for event in every]
        median, mean = statistics.median(tries), statistics.mean(tries)
        share = within(map(distance, every), *NAMED[band])
        print(f"--change {band}: {share:.1%} of {len(every)} in the band ({', '.join(shares)})")
        print(f"    tries: median {median:g}, mean {mean:.2f}", flush=True)


def distance(event: dict[str, Any]) -> float:
    """How far the written edit went."""
    return float(event["scores"]["guidance.distance"])


def within(seen: Iterable[float], low: float, high: float) -> float:
    """The share that lies in a band."""
    return statistics.mean(low <= value <= high for value in seen)


if __name__ == "__main__":
    main()
