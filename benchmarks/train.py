"""Samples a second of `ip2p train`, beside the loop of diffusers' own InstructPix2Pix example, in turns.

    python benchmarks/train.py                          # mini: its networks, 256 px, batch 8
    python benchmarks/train.py --quarter                # networks in SD 1.5's shape at a quarter of its width
    python benchmarks/train.py --model FOLDER --size 512 --batch 4 --precision bf16 --device cuda

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
import copy
import io
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.training_utils import EMAModel
from PIL import Image

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
        base = _quarter(root / "base", options.size) if options.quarter else find_model(options.model)
        _write_data(root / "data", options.size)
        clock = time.process_time if options.device == "cpu" else _gpu_clock
        started = clock()
        ours = _ours(root, base, options)
        encoding = clock() - started
        sides = {"ip2p": ours, "example": _example(root / "data", base, options)}
        for side in sides.values():
            next(side)  # warm
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(options.rounds):
            for name in random.sample(sorted(sides), 2):
                started = clock()
                for _ in range(options.steps):
                    next(sides[name])
                seconds[name].append((clock() - started) / (options.steps * options.batch))
    _report(seconds, encoding, options)


def _report(seconds: dict[str, list[float]], encoding: float, options: argparse.Namespace) -> None:
    for name, found in seconds.items():
        print(f"{name:8} {1 / statistics.median(found):.2f} samples a second {_CLOCKS[options.device == 'cpu']}")
    ratios = [other / own for other, own in zip(seconds["example"], seconds["ip2p"], strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    print(f"ip2p / example: median {statistics.median(ratios):.2f}, quartiles {low:.2f} to {high:.2f}")
    step = statistics.median(seconds["ip2p"]) * options.batch
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

    loader = torch.utils.data.DataLoader(rows, options.batch, shuffle=True, drop_last=True, collate_fn=collate)  # type: ignore[arg-type]
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


def _quarter(folder: Path, size: int) -> Path:
    """SD 1.5's networks at a quarter of their width, with random weights; the vocabulary is mini's."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer, _ = load_text(find_model("mini"))
    tokenizer.model_max_length = 77
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=192, intermediate_size=768, num_hidden_layers=12, num_attention_heads=3
    )
    blocks = 4
    vae = AutoencoderKL(
        block_out_channels=(32, 64, 128, 128),
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=16,
    )
    unet = UNet2DConditionModel(
        sample_size=size // 8,
        in_channels=8,
        block_out_channels=(80, 160, 320, 320),
        cross_attention_dim=192,
        norm_num_groups=16,
        attention_head_dim=8,
    )
    StableDiffusionInstructPix2PixPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=copy.deepcopy(tokenizer),
        unet=unet,
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def _gpu_clock() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
