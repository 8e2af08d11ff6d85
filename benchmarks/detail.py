"""Time and memory of carrying an edit to full size: `python -m benchmarks.detail`.

Every case runs in a process of its own, so that its peak memory is its own. Decoding, editing and encoding are not
counted; the two pictures themselves (original and result) are not counted as memory of the transfer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np
import torch
from PIL import Image

from benchmarks.measuring import peak_bytes
from ip2p_cli.editor.detail import transfer_detail
from ip2p_cli.editor.sizes import fit
from ip2p_cli.editor.softness import NONE, SoftFocus, soften

SIZES = ((1000, 750), (4000, 3000), (6000, 4000), (40000, 500))
NATIVE, MULTIPLE = 256, 16  # of `mini`


def measure(width: int, height: int, share: float) -> tuple[float, float, float]:
    """Seconds of wall clock and of processor, and MiB above what was held before and the result itself."""
    place = fit(width, height, NATIVE, MULTIPLE)
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (place.content_height, place.content_width, 3), np.uint8)
    photo = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    before = torch.from_numpy(small).permute(2, 0, 1).float() / 255
    after = (0.6 * before + 0.1).clamp(0, 1)
    transfer_detail(photo.resize((64, 64)), before[:, :64, :64], after[:, :64, :64])  # what is loaded once
    held, wall, processor = peak_bytes(), time.perf_counter(), time.process_time()
    carried = transfer_detail(photo, before, after)
    soften(carried, NONE if share == 1 else SoftFocus(2 / NATIVE, share))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return wall, processor, (peak_bytes() - held) / 2**20 - 4 * width * height / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=0, help="of torch (default: its own choice)")
    parser.add_argument("--one", nargs=3, metavar=("WIDTH", "HEIGHT", "SHARE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.one:
        width, height, share = options.one
        seconds, processor, memory = measure(int(width), int(height), float(share))
        print(f"{width:>6} x {height:>5}  {seconds:7.2f} s  {processor:7.2f} s  {memory:8.0f} MiB", end="")
        print("" if float(share) == 1 else "  (a softening edit)")
        return
    print(f"{'size':>14}  {'wall':>9}  {'processor':>9}  {'memory':>12}", flush=True)
    for width, height in SIZES:
        for share in (1.0, 0.5):
            case = [str(width), str(height), str(share)]
            command = [sys.executable, "-m", "benchmarks.detail", "--threads", str(options.threads), "--one", *case]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
