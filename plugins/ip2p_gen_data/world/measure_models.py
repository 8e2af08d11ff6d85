"""How good the small models are: `python -m ip2p_gen_data.world.measure_models [FOLDER] [UNTUNED_LANGUAGE_MODEL]`.

FOLDER holds language-model, clip and text-to-image (default: those that ship); one that is not there is left out. All
captions are of the part that was kept from training.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import CaptionTask, EditAnswer

from ..clip_filter.model import ClipModel, load_clip
from ..clip_filter.rules import Rules, Threshold
from ..defaults import FilterDefaults, PairDefaults, defaults_of
from ..instructions.local import LocalEngine, load_lm
from ..p2p.config import CrossConfig, DrawConfig, P2PConfig
from ..p2p.engine import P2PEngine
from ..p2p.loading import samplers
from ..p2p.model import load_text_to_image
from .captions import NotInGrammar, parse
from .corpus import captions
from .dataset import CaptionedScenes
from .edits import follows
from .instructions import parse_instruction
from .measure_pairs import draw_pairs, drawn_apart, filter_figures, held_out_rows, p2p_figures, text_to_image_figures
from .render import render_all

CAPTIONS = 500
AMONG = 64
PAIRS = 100
SAMPLES = 4  # of each pair


def language_model_figures(folder: Path, count: int = CAPTIONS) -> dict[str, float]:
    """Shares of answers that the grammar can read, and whose caption is what it says that the instruction does."""
    engine = LocalEngine(*load_lm(str(folder), offline=True))
    tasks = [
        CaptionTask(text, seed)
        for seed, text in enumerate(itertools.islice(captions(seed=0, for_training=False), count))
    ]
    answers = list(zip(tasks, engine(tasks), strict=True))
    return {
        "parsed": sum(_parses(answer) for _, answer in answers) / count,
        "right": sum(follows(answer.edit, task.caption, answer.output) for task, answer in answers) / count,
    }


@torch.inference_mode()
def clip_figures(clip: ClipModel, count: int = 1024) -> dict[str, float]:
    """Share of pictures that find their caption among 64, and how well directions tell own captions from others'."""
    data = CaptionedScenes(for_training=False)
    found = []
    for at in range(0, count, AMONG):
        texts, pictures = data.batch(range(at, at + AMONG))
        similar = clip.images([Image.fromarray(one) for one in pictures]) @ clip.texts(texts).T  # (64, 64)
        found += (similar.argmax(dim=1) == torch.arange(AMONG)).tolist()
    own, others = _directions(clip, count // 2)
    return {f"retrieved among {AMONG}": sum(found) / len(found), "AUC of the direction": auc(own, others)}


def auc(ones: Tensor, others: Tensor) -> float:
    """How often one of the first is greater than one of the second, ties counted half (Mann and Whitney 1947)."""
    difference = ones[:, None] - others[None]
    return float((difference > 0).float().mean() + 0.5 * (difference == 0).float().mean())


def _directions(clip: ClipModel, count: int) -> tuple[Tensor, Tensor]:
    """cos(image1 - image0, text1 - text0) of edits, and of each edit's pictures with the next one's captions: (n,)."""
    rows = held_out_rows(count)
    scenes = [[row.before for row in rows], [row.after for row in rows]]
    pictures = [render_all([one.scene for one in part]) for part in scenes]
    before, after = (clip.images([Image.fromarray(one) for one in part]) for part in pictures)
    source, target = (clip.texts([one.caption for one in part]) for part in scenes)
    image, text = after - before, target - source
    cosine = torch.nn.functional.cosine_similarity
    return cosine(image, text), cosine(image, text.roll(1, 0))


def _parses(answer: EditAnswer) -> bool:
    try:
        parse_instruction(answer.edit)
        parse(answer.output)
    except NotInGrammar:
        return False
    return not answer.problem


def measure(folder: Path, untuned: Path | None = None, pairs: int = PAIRS) -> Iterator[str]:
    """A line for each figure, as soon as it is known."""
    for name, model in (("language model", folder / "language-model"), ("untuned language model", untuned)):
        if model is not None and model.is_dir():
            yield _line(name, language_model_figures(model))
    clip_folder, drawing = folder / "clip", folder / "text-to-image"
    clip = load_clip(str(clip_folder), device="cpu", offline=True) if clip_folder.is_dir() else None
    if clip is not None:
        yield _line("CLIP", clip_figures(clip))
    if not drawing.is_dir():
        return
    own = defaults_of(str(drawing), PairDefaults)
    config = P2PConfig(own.steps, own.sampler, cross=CrossConfig(own.cross_attention))
    engine = P2PEngine(load_text_to_image(str(drawing), device="cpu", offline=True), config, samplers())
    draws = DrawConfig(SAMPLES, 0, own.min_p2p, own.max_p2p, own.min_cfg, own.max_cfg)
    rows = held_out_rows(pairs)
    middle = (own.min_cfg + own.max_cfg) / 2
    alone = DrawConfig(samples=1, min_cfg=middle, max_cfg=middle)
    yield _line("text-to-image", text_to_image_figures(draw_pairs(engine, held_out_rows(2 * pairs), alone, p2p=False)))
    drawn = draw_pairs(engine, rows, draws)
    noise_alone, others = (
        draw_pairs(engine, rows, replace(draws, seed=seed), p2p=False) for seed in (draws.seed, draws.seed + 1)
    )
    for threshold, figures in p2p_figures(drawn, noise_alone, drawn_apart(noise_alone, others)).items():
        yield _line(f"threshold {threshold}", figures)
    if clip is not None:
        yield _line("filter", filter_figures(drawn, clip, _rules(clip_folder)))


def _rules(clip: Path) -> Rules:
    own = defaults_of(str(clip), FilterDefaults)
    image, direction = Threshold.parse(own.min_image), Threshold.parse(own.min_direction)
    return Rules(image, direction, Threshold.parse(own.min_caption), own.best)


def _line(name: str, figures: dict[str, float]) -> str:
    return f"{name}: " + ", ".join(f"{what} {100 * value:.1f} %" for what, value in figures.items())


if __name__ == "__main__":
    models, base, *_ = [*map(Path, sys.argv[1:]), None, None]
    for line in measure(models or Path(__file__).with_name("models"), base):
        print(line, flush=True)
