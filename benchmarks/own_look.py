"""What a studio gets from a dozen of its own photos before and after: a LoRA on mini, and how near it comes.

    python -m benchmarks.own_look TRAIN_PHOTOS OTHER_PHOTOS [--work DIR]

Twelve photos are graded by a formula that is none of the training looks (split toning, lifted blacks), the way a
studio's own pairs would be. Then the commands of the README, timed; and on twenty other photos how much nearer the
edit is to the true grade than the photo was, in dB of PSNR. With `--looks`, `ip2p eval --suite looks` with and without
the adapter follows: whether the old looks are still there.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.edit_command import run_process
from benchmarks.measuring import clock_of, timed
from benchmarks.photos import as_array, psnr, spread_over

PAIRS, OTHERS = 12, 20
SIDE = 768  # pixels of the longer side: what a preview has
SAID = ("give it our house style", "our house style", "grade it in the studio's own look", "apply our look")
ASKED = "put it into our house style"  # not one of them


def grade(image: Image.Image) -> Image.Image:
    """Teal shadows, orange lights, blacks lifted, a little less colour."""
    x = np.asarray(image, np.float32) / 255
    grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
    x = grey[..., None] + 0.8 * (x - grey[..., None])
    shadows, lights = ((1 - grey) ** 2)[..., None], (grey**1.5)[..., None]
    x = x + shadows * np.array([-0.04, 0.08, 0.12], np.float32) + lights * np.array([0.12, 0.03, -0.14], np.float32)
    x = 0.06 + 0.9 * x
    return Image.fromarray((x.clip(0, 1) * 255).round().astype(np.uint8))


def preview(path: Path) -> Image.Image:
    """A photo at SIDE."""
    image = Image.open(path).convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def write_graded(photos: list[Path], before: Path, after: Path) -> None:
    """The pairs, by the photos' names."""
    for folder in (before, after):
        folder.mkdir(parents=True, exist_ok=True)
    for path in photos:
        image = preview(path)
        image.save(before / f"{path.stem}.png")
        grade(image).save(after / f"{path.stem}.png")


def ip2p(*arguments: object) -> float:
    """Run a command; returns seconds."""
    return timed(lambda: run_process(*arguments), clock_of("wall", "cpu"))()


def main() -> None:
    """Make, train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a dozen of them are the studio's")
    parser.add_argument("others", type=Path, help="photos to grade")
    parser.add_argument("--work", type=Path, default=Path("own-look"))
    parser.add_argument("--looks", action="store_true")
    given = parser.parse_args()
    work: Path = given.work
    write_graded(spread_over(given.photos, PAIRS), work / "before", work / "after")
    instructions = [part for text in SAID for part in ("-i", text)]
    made = ip2p(
        "gen-data", "-o", work / "data", "--from-pairs", work / "before", work / "after", *instructions, "--pairs", 300
    )
    trained = ip2p("train", work / "data", "-o", work / "lora", "--base", "mini", "--config", "own-look")
    write_graded(spread_over(given.others, OTHERS), work / "others", work / "true")
    ip2p("edit", work / "others", "-i", ASKED, "-o", work / "edited", "--lora", work / "lora", "--format", "png")
    gains = []
    for true in sorted((work / "true").iterdir()):
        files = (work / "others" / true.name, work / "edited" / true.name, true)
        photo, edited, graded = (as_array(Image.open(file).convert("RGB")) for file in files)
        gains.append(psnr(edited, graded) - psnr(photo, graded))
    print(f"data {made:.0f} s, training {trained:.0f} s")
    print(
        f"nearer to the true grade by {statistics.mean(gains):.1f} dB (median {statistics.median(gains):.1f}, "
        f"least {min(gains):.1f}) on {len(gains)} photos"
    )
    if given.looks:
        ip2p("eval", given.others, "--suite", "looks", "--lora", work / "lora", "-o", work / "looks")


if __name__ == "__main__":
    main()
