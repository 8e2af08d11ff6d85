"""What Prompt-to-Prompt costs over plain generation: paired runs of the U-Net's work, shared and not, in turns.

    python -m benchmarks.p2p_cost                   # a U-Net like SD 1.5's at a quarter of its width, 32² latents
    python -m benchmarks.p2p_cost --full            # SD 1.5's own shape, random weights
    python -m benchmarks.p2p_cost --model FOLDER    # a checkpoint's

Each round runs both in random order; the ratio is the median of the rounds' own ratios, so that a machine that slows
down for a while slows both. Time is the process's own CPU time, which other people's work on the machine leaves alone,
and the clock's on a GPU.
"""

from __future__ import annotations

import argparse
import functools
from typing import Any

import torch

from benchmarks.measuring import Spread, clock_of, paired, ratios, timed
from benchmarks.networks import QUARTER, SCHEDULE, SD15, make_unet
from ip2p_gen_data.p2p.denoise import Batch, denoise
from ip2p_gen_data.p2p.model import Text
from ip2p_gen_data.p2p.sharing import SelfAttentionSharing
from ip2p_samplers.factories import euler_a

SHARED, PLAIN = "shared", "plain"


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
    sides = {
        SHARED: functools.partial(_run_shared, unet, batch, options.steps),
        PLAIN: functools.partial(_run_plain, unet, batch, options.steps),
    }
    sides[SHARED]()  # warm
    clock = clock_of("processor" if options.device == "cpu" else "wall", options.device)
    seconds = paired({name: timed(side, clock) for name, side in sides.items()}, options.rounds)
    plain = Spread.over(seconds[PLAIN]).median
    print(f"plain: {plain:.3f} s for {options.steps} steps of {options.pairs} pairs")
    cost = Spread.over(ratios(seconds[SHARED], seconds[PLAIN]))
    print(f"shared / plain: median {cost.median:.4f}, quartiles {cost.low:.4f} to {cost.high:.4f}")


def _unet(options: argparse.Namespace) -> Any:
    from diffusers import UNet2DConditionModel

    if options.model:
        return UNet2DConditionModel.from_pretrained(options.model, subfolder="unet")
    return make_unet(SD15 if options.full else QUARTER, in_channels=4)


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


def _run_shared(unet: Any, batch: Batch, steps: int) -> None:
    with SelfAttentionSharing(unet) as sharing:
        denoise(unet, euler_a(SCHEDULE), batch, steps, sharing)


def _run_plain(unet: Any, batch: Batch, steps: int) -> None:
    denoise(unet, euler_a(SCHEDULE), batch, steps)


if __name__ == "__main__":
    main()
