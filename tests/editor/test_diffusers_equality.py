"""Same noise, same checkpoint: our final latents are those of diffusers' own InstructPix2Pix pipeline.

diffusers' schedulers are built here from the checkpoint's configuration, not by our sampler factories.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor import Bucket, Editor, Guidance
from ip2p_cli.editor.conditioning import encode_photo
from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.rows import Network
from ip2p_samplers import ip2p_register_samplers
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER, TinySpec, make_checkpoint

SCHEDULERS = {
    "ddim": "DDIMScheduler",
    "euler": "EulerDiscreteScheduler",
    "dpm++2m": "DPMSolverMultistepScheduler",
    "pndm": "PNDMScheduler",
}
TOLERANCE = 1e-4
GUIDANCE = Guidance(text=7.5, image=1.5)
SD_SHAPED = TinySpec(
    vae="kl", levels=4, scaling_factor=0.18215, sample_size=8, unet_channels=(32, 64), pooled_text=False,
    scheduler=SD_SCHEDULER, unet_gain=1.0,
)  # fmt: skip


def open_pipeline(folder: Path, sampler: str) -> Any:
    import diffusers

    pipeline = diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(
        folder, use_safetensors=True, local_files_only=True
    )
    pipeline.scheduler = getattr(diffusers, SCHEDULERS[sampler]).from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def random_photo(side: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (side, side, 3), dtype=np.uint8)


def our_latents(editor: Editor, canvas: np.ndarray, noise: Tensor, sampler: str, steps: int) -> Tensor:
    with torch.inference_mode():
        photo = encode_photo(editor._components, canvas)
    bucket = Bucket(
        photos=photo[None],
        texts=editor.encode_text("make it night")[None],
        no_text=editor.encode_text(""),
        noise=noise,
        guidance=[GUIDANCE],
        generators=[torch.Generator()],
    )
    return editor.edit_latents(bucket, sampler=sampler, steps=steps)


def compare(folder: Path, side: int, latent_side: int, sampler: str, steps: int) -> None:
    canvas = random_photo(side)
    noise = torch.randn(1, 4, latent_side, latent_side, generator=torch.Generator().manual_seed(1))
    theirs = open_pipeline(folder, sampler)(
        "make it night",
        image=Image.fromarray(canvas),
        num_inference_steps=steps,
        guidance_scale=GUIDANCE.text,
        image_guidance_scale=GUIDANCE.image,
        latents=noise.clone(),
        output_type="latent",
    ).images
    editor = Editor.load(folder, ip2p_register_samplers(), device="cpu")
    ours = our_latents(editor, canvas, noise, sampler, steps)
    assert theirs.std() > 0.3
    assert (theirs - noise).abs().mean() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def sd_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("sd"), SD_SHAPED)


@pytest.fixture(scope="module")
def mini_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("mini"), TinySpec(scheduler=MINI_SCHEDULER, unet_gain=1.0))


@pytest.mark.parametrize("sampler", SCHEDULERS)
def test_small_network_that_predicts_noise(sd_checkpoint: Path, sampler: str) -> None:
    compare(sd_checkpoint, side=64, latent_side=8, sampler=sampler, steps=20)


@pytest.mark.parametrize("sampler", ["ddim", "euler", "dpm++2m"])
def test_small_network_that_predicts_v_from_pure_noise(mini_checkpoint: Path, sampler: str) -> None:
    """pndm is left out: diffusers' has no zero-terminal SNR, so that ours starts elsewhere on purpose."""
    compare(mini_checkpoint, side=32, latent_side=16, sampler=sampler, steps=12)


@pytest.mark.slow
def test_stable_diffusion_1_5_sized_network(sd_checkpoint: Path) -> None:
    """The real U-Net's shape, with 8 channels in: 860M random weights, 64 px."""
    import diffusers

    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        sample_size=64,
        in_channels=8,
        out_channels=4,
        block_out_channels=(320, 640, 1280, 1280),
        layers_per_block=2,
        attention_head_dim=8,
        cross_attention_dim=768,
    ).eval()
    assert sum(parameter.numel() for parameter in unet.parameters()) > 859_000_000
    generator = torch.Generator().manual_seed(1)
    text, no_text = torch.randn(2, 1, 77, 768, generator=generator)
    noise = torch.randn(1, 4, 8, 8, generator=generator)
    photo = torch.randn(1, 4, 8, 8, generator=generator)
    for sampler in SCHEDULERS:
        pipeline = open_pipeline(sd_checkpoint, sampler)
        pipeline.unet = unet
        theirs = pipeline(
            prompt_embeds=text,
            negative_prompt_embeds=no_text,
            image=photo,  # four channels: taken as latents
            num_inference_steps=4,
            guidance_scale=GUIDANCE.text,
            image_guidance_scale=GUIDANCE.image,
            latents=noise.clone(),
            output_type="latent",
        ).images
        bucket = Bucket(photo, text, no_text[0], noise, [GUIDANCE], [torch.Generator()])
        with torch.inference_mode():
            ours = denoise(Network(unet), ip2p_register_samplers()[sampler](SD_SCHEDULER), 4, bucket, batch_size=1)
        assert theirs.std() > 0.3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)
