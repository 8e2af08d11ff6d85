"""What Prompt-to-Prompt costs over plain generation: paired runs of the U-Net's work, shared and not, in turns.

    python benchmarks/p2p_cost.py                   # a U-Net like SD 1.5's at a quarter of its width, 32² latents
    python benchmarks/p2p_cost.py --full            # SD 1.5's own shape, random weights
    python benchmarks/p2p_cost.py --model FOLDER    # a checkpoint's

Each round runs both in random order; the ratio is the median of the rounds' own ratios, so that a machine that slows
down for a while slows both. Time is the process's own CPU time, which other people's work on the machine leaves alone,
and the clock's on a GPU.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

import torch

from ip2p_gen_data.p2p.denoise import Batch, denoise
from ip2p_gen_data.p2p.model import Text
from ip2p_gen_data.p2p.sharing import SelfAttentionSharing
from ip2p_samplers.factories import euler_a

SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def main() -> None:
    """Parse, warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="checkpoint folder")
    parser.add_argument("--full", action="store_true", help="SD 1.5's own shape")
    parser.add_argument("--side", type=int, default=32, help="latents a side")
    parser.add_argument("--pairs", type=int, default=1, help="in a batch")
    parser.add_argument("--steps", type=int, default=2, help="all of them shared: the dearest case")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    unet = _unet(options).to(options.device).eval().requires_grad_(False)
    batch = _batch(unet, options)
    ratios, seconds = [], []
    _run(unet, batch, options, shared=True)
    for _ in range(options.rounds):
        order = random.sample([False, True], 2)
        spent = {shared: _run(unet, batch, options, shared) for shared in order}
        ratios.append(spent[True] / spent[False])
        seconds.append(spent[False])
    spread = statistics.quantiles(ratios, n=4)
    print(f"plain: {statistics.median(seconds):.3f} s for {options.steps} steps of {options.pairs} pairs")
    print(f"shared / plain: median {statistics.median(ratios):.4f}, quartiles {spread[0]:.4f} to {spread[2]:.4f}")


def _unet(options: argparse.Namespace) -> Any:
    from diffusers import UNet2DConditionModel

    if options.model:
        return UNet2DConditionModel.from_pretrained(options.model, subfolder="unet")
    widths = (320, 640, 1280, 1280) if options.full else (80, 160, 320, 320)
    return UNet2DConditionModel(
        sample_size=64, block_out_channels=widths, cross_attention_dim=768, norm_num_groups=16, attention_head_dim=8
    )


def _batch(unet: Any, options: argparse.Namespace) -> Batch:
    captions = torch.randn(2 * options.pairs, 77, unet.config.cross_attention_dim, device=options.device)
    return Batch(
        text=Text(captions),
        empty=Text(torch.zeros_like(captions)),
        seeds=range(options.pairs),
        p2p_thresholds=[2.0] * options.pairs,
        cfg_scales=[7.5] * options.pairs,
        size=(options.side, options.side),
    )


def _run(unet: Any, batch: Batch, options: argparse.Namespace, shared: bool) -> float:
    """Seconds of one run."""
    clock = time.process_time if options.device == "cpu" else _gpu_clock
    started = clock()
    if shared:
        with SelfAttentionSharing(unet) as sharing:
            denoise(unet, euler_a(SCHEDULE), batch, options.steps, sharing)
    else:
        denoise(unet, euler_a(SCHEDULE), batch, options.steps)
    return clock() - started


def _gpu_clock() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
