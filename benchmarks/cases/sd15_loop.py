"""The denoising loop on a U-Net of Stable Diffusion 1.5's shape with random weights, beside diffusers' pipeline.

Both start from the same noise, photo latents and text states, and give latents: nothing is encoded or decoded. The
pipeline is used as well as one can: one call for all photos, text embedded beforehand, same precision. It computes
three rows a photo whatever the scales are; the editor leaves out those that count nothing.

On an accelerator, besides: the loop with compiled blocks, and whole photos, from pixels to pixels, beside the pipeline
as its documentation has it, called for one photo after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.measuring import paired, ratios, timed
from benchmarks.networks import QUARTER, SD15, Shape, write_checkpoint
from benchmarks.photos import make_photos
from benchmarks.pipelines import Edit, embed, open_pipeline
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting
from ip2p_cli.api import EditRequest, find_photos, load_editor, read_photo
from ip2p_cli.editor import Bucket, Editor, Guidance
from ip2p_cli.model_choice import CUDA_BATCH, DEFAULT_BATCH

SCALES = {  # (guidance, rows a photo, goal)
    "three rows": (Guidance(7.5, 1.5), 3, ">= 1"),
    "s_I = 1": (Guidance(7.5, 1.0), 2, ">= 1.4"),
    "s_I = s_T": (Guidance(2.0, 2.0), 2, ">= 1.4"),
}
SAME = "<= 0.001"  # of float32; bfloat16 has two to three decimals
ROWS = {"cpu": DEFAULT_BATCH, "cuda": CUDA_BATCH}  # at once, as `ip2p edit` chooses by itself
MATMUL = 8192  # the side of the matrices that tell an accelerator's speed


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    shape: Shape
    pixels: int  # a side
    photos: int  # at once
    steps: int
    rounds: int


SIZES = {
    "quick": Scale(QUARTER, 64, 2, 2, 2),
    "normal": Scale(SD15, 512, 2, 2, 5),
    "full": Scale(SD15, 512, 8, 20, 5),  # for an accelerator
}


def run(setting: Setting, scale: Scale) -> Result:
    """Each kind of guidance in turn; in each round both sides, in random order."""
    dtype = getattr(torch, setting.dtype)
    folder = write_checkpoint(setting.work / "sd15", scale.shape, scale.pixels, device=setting.device)
    editor = load_editor(str(folder), device=setting.device, dtype=setting.dtype)
    pipeline = open_pipeline(folder, setting.device, dtype)
    figures: list[Figure] = []
    seconds: dict[str, list[float]] = {}
    for name, (guidance, rows, goal) in SCALES.items():
        most = ROWS.get(editor.device.type, ROWS["cpu"])
        editor.batch_size = min(most, rows * scale.photos)  # full calls of the network
        ours, theirs = _sides(editor, pipeline, scale, guidance)
        difference = float((ours() - theirs()).abs().max())  # also warms both
        sides = {"ip2p": timed(ours, setting.clock), "pipeline": timed(theirs, setting.clock)}
        found = paired(sides, scale.rounds)
        seconds |= {f"{side}, {name}": values for side, values in found.items()}
        figures.append(
            figure(f"speed, ip2p / pipeline: {name}", "times", ratios(found["pipeline"], found["ip2p"]), goal)
        )
        same = SAME if dtype == torch.float32 else None
        figures.append(figure(f"largest difference of latents: {name}", "difference", [difference], same))
        if setting.device.startswith("cuda"):
            figures.append(_share_of_floor(name, setting, scale, rows, found["ip2p"]))
    if setting.device.startswith("cuda"):
        whole, compiled = _whole_photos(setting, scale, editor, pipeline), _compiled(setting, scale, folder, pipeline)
        seconds |= whole[0] | compiled[0]
        figures += [*whole[1], *compiled[1]]
    return Result(figures, seconds)


def _sides(
    editor: Editor, pipeline: Any, scale: Scale, guidance: Guidance
) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    side = scale.pixels // scale.shape.factor
    generator = torch.Generator().manual_seed(0)
    noise, photos = (torch.randn(scale.photos, 4, side, side, generator=generator) for _ in range(2))
    photos = photos.to(editor.device, editor.dtype)
    bucket = Bucket(
        photos=photos,
        texts=editor.encode_text(INSTRUCTION).expand(scale.photos, -1, -1),
        no_text=editor.encode_text(""),
        noise=noise,
        guidance=[guidance] * scale.photos,
        generators=[torch.Generator() for _ in range(scale.photos)],
    )
    edit = Edit(INSTRUCTION, scale.steps, guidance.text, guidance.image, (scale.pixels, scale.pixels))
    text, no_text = (embed(pipeline, words).expand(scale.photos, -1, -1) for words in (INSTRUCTION, ""))
    start = noise.to(editor.device, editor.dtype)

    def ours() -> Tensor:
        return editor.edit_latents(bucket, sampler="ddim", steps=scale.steps).float()

    def theirs() -> Tensor:
        latents: Tensor = pipeline(
            image=photos,  # four channels: taken as latents
            prompt_embeds=text,
            negative_prompt_embeds=no_text,
            latents=start,
            output_type="latent",
            **edit.options,
        ).images
        return latents.float()

    return ours, theirs


def _compiled(
    setting: Setting, scale: Scale, folder: Path, pipeline: Any
) -> tuple[dict[str, list[float]], list[Figure]]:
    """The loop with three rows a photo once more, with `--accelerate compile`."""
    name = "compiled, three rows"
    guidance, rows, goal = SCALES["three rows"]
    editor = load_editor(str(folder), device=setting.device, dtype=setting.dtype, accelerate=["compile"])
    editor.batch_size = min(ROWS["cuda"], rows * scale.photos)
    ours, theirs = _sides(editor, pipeline, scale, guidance)
    ours()  # compiles
    found = paired({"ip2p": timed(ours, setting.clock), "pipeline": timed(theirs, setting.clock)}, scale.rounds)
    return {f"{side}, {name}": values for side, values in found.items()}, [
        figure(f"speed, ip2p / pipeline: {name}", "times", ratios(found["pipeline"], found["ip2p"]), goal),
        _share_of_floor(name, setting, scale, rows, found["ip2p"]),
    ]


def _whole_photos(
    setting: Setting, scale: Scale, editor: Editor, pipeline: Any
) -> tuple[dict[str, list[float]], list[Figure]]:
    """Pixels to pixels at the model's size, beside the documented use: one call a photo, the instruction as text.

    Photos are others in each round: the editor keeps what it has read of them.
    """
    guidance, rows, _ = SCALES["three rows"]
    size = (scale.pixels, scale.pixels)
    edit = Edit(INSTRUCTION, scale.steps, guidance.text, guidance.image, size)
    paths = find_photos(make_photos(setting.work / "photos", scale.photos * (scale.rounds + 1), size))
    photos = [read_photo(path) for path in paths]
    starts = range(0, len(photos), scale.photos)
    for_ours, for_theirs = ((photos[start : start + scale.photos] for start in starts) for _ in range(2))
    editor.batch_size = min(ROWS["cuda"], rows * scale.photos)
    request = EditRequest(
        image=photos[0],
        instruction=INSTRUCTION,
        steps=scale.steps,
        text_guidance=guidance.text,
        image_guidance=guidance.image,
    )

    def ours() -> None:
        editor.edit([replace(request, image=photo) for photo in next(for_ours)])

    def theirs() -> None:
        for photo in next(for_theirs):
            pipeline(INSTRUCTION, image=photo, **edit.options)

    for side in (ours, theirs):
        side()  # warms
    found = paired({"ip2p": timed(ours, setting.clock), "pipeline": timed(theirs, setting.clock)}, scale.rounds)
    faster = ratios(found["pipeline"], found["ip2p"])
    return {f"{side}, whole photos": values for side, values in found.items()}, [
        figure("ip2p, whole photos", "photos/s", [scale.photos / each for each in found["ip2p"]]),
        figure("speed, ip2p / pipeline as documented: whole photos", "times", faster, ">= 2"),
    ]


def _share_of_floor(name: str, setting: Setting, scale: Scale, rows: int, seconds: list[float]) -> Figure:
    """How near the loop comes to what the device's own matrix product would need for its operations."""
    from benchmarks.arithmetic import matmul_speed, row_operations

    operations = row_operations(scale.shape, scale.pixels) * rows * scale.photos * scale.steps
    floor = operations / matmul_speed(setting.device, getattr(torch, setting.dtype), MATMUL)
    goal = ">= 0.5" if scale == SIZES["full"] and setting.dtype != "float32" else None
    return figure(f"speed, ip2p / arithmetic floor: {name}", "share", [floor / each for each in seconds], goal)
