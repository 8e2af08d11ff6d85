"""How many ordinary photos the check `nsfw` would block: `python -m benchmarks.false_blocks PHOTOS [THRESHOLD]`.

PHOTOS is a folder of photos of which none should be blocked. The photos are decoded as `ip2p edit` decodes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ip2p_cli.api import find_photos
from ip2p_cli.images import decode
from ip2p_eval.intervals import wilson
from ip2p_safety.nsfw import THRESHOLD, classifier, judge


def main(folder: Path, threshold: float) -> None:
    """Print the highest scores, and the share that is blocked."""
    paths = find_photos(folder)
    scores = {path.name: classifier().score(decode(path.read_bytes()).rgb) for path in paths}
    blocked = [name for name, score in scores.items() if judge(score, threshold, "source", name).reason]
    for name, score in sorted(scores.items(), key=lambda each: -each[1])[:5]:
        print(f"{score:.4f}  {name}")
    low, high = wilson(len(blocked), len(paths))
    share = len(blocked) / len(paths)
    print(f"{len(blocked)} of {len(paths)} blocked at {threshold:g}: {share:.1%} (95 %: {low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else THRESHOLD)
