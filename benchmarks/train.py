"""Samples a second of `ip2p train`, beside the loop of diffusers' own InstructPix2Pix example, in turns.

    python -m benchmarks.train                          # mini: its networks, 256 px, batch 8
    python -m benchmarks.train --quarter                # networks in SD 1.5's shape at a quarter of its width
    python -m benchmarks.train --model FOLDER --size 512 --batch 4 --precision bf16 --device cuda

The other side stands for `examples/instruct_pix2pix/train_instruct_pix2pix.py` of diffusers: not that file, but a loop
that does the same work in the same order, with its defaults. A DataLoader in this process gives pixel tensors of both
pictures, decoded, resized and stacked; in each step the autoencoder encodes both (a sample of the edited one, the mode
of the other), the text encoder runs on the token ids and on the empty text, the U-Net predicts, the loss is the mean
squared error in float32, the gradient is clipped at 1, AdamW steps (not fused), and the average of the weights is kept
(`--use_ema`). Conditioning dropout, which is off there by default, is on: without it the result cannot be guided. Left
out, in its favour: accelerate's wrapping, logging, progress bar, checkpoints. Both train the same network from the same
weights on the same pictures, batch and precision; the U-Net has diffusers' default attention there. Not in the figures:
what ip2p does once, encoding each picture and instruction of the dataset, which is printed as what it takes in steps.

Each round runs some steps of both in random order; the ratio is the median of the rounds' own ratios, so that a machine
that slows down for a while slows both. Time is the process's own CPU time, and the clock's on a GPU.
"""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.training_utils import EMAModel
from PIL import Image

from benchmarks.measuring import Spread, clock_of, paired, ratios, timed
from benchmarks.networks import QUARTER, write_checkpoint
from ip2p_cli.api import Pair, encode_image, find_model, quiet_libraries, read_pairs, write_shard
from ip2p_train.config import EditorConfig, LoopConfig, TrainConfig, ValidationConfig
from ip2p_train.editor import EditorPart
from ip2p_train.encoders import load_text, load_vae
from ip2p_train.loop import train
from ip2p_train.parts import Setting, build_part

PAIRS = 64
BETA2 = 0.999  # the example's; ours takes the same here
_CLOCKS = {True: "of processor time, all threads together", False: "by the clock"}


def main() -> None:
    """Parse, warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="name or folder of an editor")
    parser.add_argument("--quarter", action="store_true", help="random networks in SD 1.5's shape, a quarter as wide")
    parser.add_argument("--size", type=int, default=256, help="pixels a side")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2, help="in a round, of each")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, quiet_libraries():
        root = Path(folder)
        quarter = options.quarter
        base = write_checkpoint(root / "base", QUARTER, options.size) if quarter else find_model(options.model)
        _write_data(root / "data", options.size)
        clock = clock_of("processor" if options.device == "cpu" else "wall", options.device)
        started = clock()
        ours = _ours(root, base, options)
        encoding = clock() - started
        sides = {"ip2p": ours, "example": _example(root / "data", base, options)}
        for side in sides.values():
            next(side)  # warm
        rounds = paired(
            {name: timed(functools.partial(_steps, side, options.steps), clock) for name, side in sides.items()},
            options.rounds,
        )
    samples = options.steps * options.batch
    _report({name: [each / samples for each in found] for name, found in rounds.items()}, encoding, options)


def _steps(side: Iterator[Any], count: int) -> None:
    for _ in range(count):
        next(side)


def _report(seconds: dict[str, list[float]], encoding: float, options: argparse.Namespace) -> None:
    for name, found in seconds.items():
        print(f"{name:8} {1 / Spread.over(found).median:.2f} samples a second {_CLOCKS[options.device == 'cpu']}")
    faster = Spread.over(ratios(seconds["example"], seconds["ip2p"]))
    print(f"ip2p / example: median {faster.median:.2f}, quartiles {faster.low:.2f} to {faster.high:.2f}")
    step = Spread.over(seconds["ip2p"]).median * options.batch
    print(
        f"loading and encoding {PAIRS} pairs once: {encoding:.1f} s, as much as {encoding / step:.0f} of ip2p's steps"
    )


def _ours(root: Path, base: Path, options: argparse.Namespace) -> Iterator[Any]:
    loop = LoopConfig(
        max_steps=10**9,
        batch_size=options.batch,
        beta2=BETA2,
        precision=options.precision,
        log_every=1,
        checkpoint_seconds=1e9,
    )
    config = TrainConfig(
        loop=loop, editor=EditorConfig(resolution=options.size), validation=ValidationConfig(share=0.0)
    )
    part = build_part("editor", root / "data", base, config, Setting(root / "out", device=options.device)).part
    assert isinstance(part, EditorPart)
    return train(part, loop, root / "out", resume=False, device=options.device)


def _example(data: Path, base: Path, options: argparse.Namespace) -> Iterator[None]:
    """A step of the example's loop at each `next`."""
    from diffusers import DDPMScheduler, UNet2DConditionModel

    device = torch.device(options.device)
    frozen = torch.bfloat16 if options.precision == "bf16" else torch.float32
    unet = UNet2DConditionModel.from_pretrained(base, subfolder="unet", torch_dtype=torch.float32).to(device).train()
    scheduler: Any = DDPMScheduler.from_pretrained(base, subfolder="scheduler")
    tokenizer, encoder = load_text(base)
    vae, encoder = load_vae(base).to(device, frozen), encoder.to(device, frozen)
    vae.to(memory_format=torch.contiguous_format)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-4, betas=(0.9, BETA2), weight_decay=1e-2)
    ema = EMAModel(unet.parameters())
    ema.to(device)
    rows = [dict(row) for row in read_pairs(data)]

    def collate(batch: list[dict[str, Any]]) -> dict[str, Any]:
        pixels = {
            side: torch.stack([_pixels(row[f"{side}_image"], options.size) for row in batch])
            for side in ("original", "edited")
        }
        return {**pixels, "ids": _tokens(tokenizer, [row["edit_prompt"] for row in batch])}

    data_set: Any = rows
    loader: Any = torch.utils.data.DataLoader(data_set, options.batch, shuffle=True, drop_last=True, collate_fn=collate)
    for batch in itertools.chain.from_iterable(itertools.repeat(loader)):
        with torch.no_grad():
            latents = _encode(vae, batch["edited"].to(device, frozen), sample=True) * vae.config.scaling_factor
            photos = _encode(vae, batch["original"].to(device, frozen), sample=False)
            text = encoder(batch["ids"].to(device)).last_hidden_state
            null = encoder(_tokens(tokenizer, [""]).to(device)).last_hidden_state  # in each step, as the example does
        noise = torch.randn_like(latents)
        t = torch.randint(0, scheduler.config.num_train_timesteps, (len(latents),), device=device)
        z = scheduler.add_noise(latents, noise, t)
        u = torch.rand(len(latents), device=device)
        text = torch.where((u < 2 * 0.05)[:, None, None], null, text)
        photos = photos * ~((u >= 0.05) & (u < 3 * 0.05))[:, None, None, None]
        is_v = scheduler.config.prediction_type == "v_prediction"
        target = scheduler.get_velocity(latents, noise, t) if is_v else noise
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            said = unet(torch.cat([z, photos], dim=1), t, text).sample
        F.mse_loss(said.float(), target.float()).backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.step(unet.parameters())
        yield


def _encode(vae: Any, pixels: torch.Tensor, *, sample: bool) -> torch.Tensor:
    encoded = vae.encode(pixels)
    if hasattr(encoded, "latents"):
        return encoded.latents
    return encoded.latent_dist.sample() if sample else encoded.latent_dist.mode()


def _tokens(tokenizer: Any, texts: list[str]) -> torch.Tensor:
    length = tokenizer.model_max_length
    return tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


def _pixels(file: bytes, size: int) -> torch.Tensor:
    image = Image.open(io.BytesIO(file)).convert("RGB").resize((size, size))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def _write_data(folder: Path, size: int) -> None:
    """Pairs of smooth noise: decoding them costs about what photos cost."""
    random_numbers, pairs = np.random.default_rng(0), []
    folder.mkdir()
    for number in range(PAIRS):
        coarse = Image.fromarray(random_numbers.integers(0, 256, (size // 8, size // 8, 3), np.uint8))
        before = coarse.resize((size, size), Image.Resampling.BICUBIC)
        after = before.point(lambda value: 255 - value)
        pairs.append(Pair(encode_image(before), f"make it night {number % 16}", encode_image(after)))
    write_shard(folder, 0, 1, pairs)


if __name__ == "__main__":
    main()
