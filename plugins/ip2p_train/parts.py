"""From a dataset and a config to the part that is to be trained."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ip2p_cli.api import UsageError, read_pairs

from .config import TrainConfig
from .loop import STATE_FOLDER, Part


def build_part(name: str, data: Path, base: Path | None, config: TrainConfig, out: Path) -> Part:
    """The part called `name`, ready for the loop.

    Raises:
        UsageError: the dataset, the base or a setting does not fit.
    """
    builders = {"autoencoder": _autoencoder, "text-encoder": _text_encoder, "editor": _editor}
    return builders[name](data, base, config, out)


def _autoencoder(data: Path, base: Path | None, config: TrainConfig, out: Path) -> Part:
    from .autoencoder import AutoencoderPart, load_autoencoder

    photos = Path(config.autoencoder.photos or data)
    pictures = _pictures(data, config) if any(data.rglob("*.parquet")) else ()
    start = None if base is None or config.autoencoder.fresh else load_autoencoder(base)
    return AutoencoderPart(photos, config.autoencoder, pictures, start)


def _pictures(data: Path, config: TrainConfig) -> Iterator[Image.Image]:
    """Edited pictures of the dataset: at most `max_pictures`, evenly spaced, and all of the favoured families."""
    settings = config.autoencoder
    total = sum(1 for _ in read_pairs(data))
    step = max(1, total // settings.max_pictures)
    for number, row in enumerate(read_pairs(data)):
        if number % step == 0 or row.get("family") in settings.favoured:
            yield Image.open(io.BytesIO(row["edited_image"])).convert("RGB")


def _text_encoder(data: Path, base: Path | None, config: TrainConfig, out: Path) -> Part:
    from .corpus import wordnet_texts
    from .text_encoder import TextEncoderPart

    settings = config.text_encoder
    if not Path(settings.teacher).is_dir() or not settings.teacher:
        raise UsageError("text-encoder needs a teacher: set [text_encoder] teacher to a sentence model's folder")
    rows = [(str(row["edit_prompt"]), str(row.get("family") or "")) for row in read_pairs(data)]
    general = wordnet_texts(Path(settings.wordnet), config.loop.seed) if settings.wordnet else []
    general = general[: settings.wordnet_texts]
    texts = [text for text, _ in rows] + general
    families = [family for _, family in rows] + [""] * len(general)
    return TextEncoderPart(texts, families, settings, None if settings.fresh else base)


def _editor(data: Path, base: Path | None, config: TrainConfig, out: Path) -> Part:
    from .editor import EditorPart, load_unet
    from .latents import encode_dataset

    if base is None:
        raise UsageError("training an editor needs --base: a checkpoint with vae, text_encoder and tokenizer")
    pairs = encode_dataset(read_pairs(data), base, out / STATE_FOLDER / "latents.safetensors")
    unet = None if config.editor.fresh or not (base / "unet").is_dir() else load_unet(base, pairs)
    return EditorPart(pairs, config.editor, base, unet)
