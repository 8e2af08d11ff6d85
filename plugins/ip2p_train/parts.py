"""From data and a config to the part that is to be trained."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image

from ip2p_cli.api import (
    REQUIRED,
    TRAINING,
    DrawnData,
    UsageError,
    count_pairs,
    data_engines,
    find_photos,
    progress_bar,
    read_pairs,
    shards_of,
)

from .ahead import DECODERS, map_ahead
from .config import TrainConfig, ValidationConfig
from .loop import Validation, seed_everything
from .names import STATE_FOLDER
from .part import Part
from .precision import precision_on

if TYPE_CHECKING:
    from ip2p_eval.encoders import Encoders


def find_data(name: Path, seed: int) -> Path | DrawnData:
    """What DATA means: drawn data of that name (write `./world` for a folder called so), or a folder.

    Raises:
        UsageError: there is neither.
    """
    drawn = data_engines(TRAINING)
    if str(name) in drawn:
        found: DrawnData = drawn[str(name)].make({"seed": seed})
        return found
    if not name.is_dir():
        raise UsageError(
            f"{name} is not a folder; make a dataset first: ip2p gen-data -o {name} "
            f"(or train on what is drawn: {', '.join(sorted(drawn))})"
        )
    return name


@dataclass(frozen=True)
class Setting:
    """Where a part is trained."""

    out: Path
    cache: Path | None = None  # of latents and text states; None: the run's own
    device: str | torch.device = "cpu"
    offline: bool = False


@dataclass(frozen=True)
class Built:
    """A part ready for the loop, and what it is tried on."""

    part: Part
    validation: Validation | None = None


def build_part(name: str, data: Path | DrawnData, base: Path | None, config: TrainConfig, setting: Setting) -> Built:
    """The part called `name`, ready for the loop.

    Raises:
        UsageError: the data, the base or a setting does not fit.
    """
    check_data(name, data, config)
    seed_everything(config.loop.seed)  # fresh weights are drawn from the global generator
    if name == "editor" and isinstance(data, Path):
        return _editor(data, base, config, setting)
    if name == "autoencoder":
        return Built(_autoencoder(data, base, config))
    if name == "text-encoder" and isinstance(data, Path):
        return Built(_text_encoder(data, base, config))
    return Built(_OF_DRAWN[name](data, base, config))  # type: ignore[arg-type]  # check_data has seen to it


def check_data(name: str, data: Path | DrawnData, config: TrainConfig) -> None:
    """See that the part called `name` can learn from the data, before any model is loaded.

    Raises:
        UsageError: it is of the wrong kind, or empty.
    """
    if name == "autoencoder":
        if isinstance(data, Path):
            _check_pictures(data, config.autoencoder.photos)
    elif isinstance(data, Path):
        if name not in _OF_FOLDERS:
            raise UsageError(f"part {name} trains on drawn data, not on {data}: name it, as in `ip2p train world`")
        count_pairs(data)
    elif name not in _OF_DRAWN:
        raise UsageError(f"part {name} trains on a dataset made by gen-data; give its folder")


def _check_pictures(data: Path, photos: str) -> None:
    if shards_of(data):
        count_pairs(data)
    _photos(data, photos)


def _photos(data: Path, photos: str) -> list[Path]:
    """Those of the folder that the settings name, else those beside or in place of a dataset; a dataset needs none."""
    try:
        return find_photos(Path(photos or data), recurse=True)
    except UsageError:
        if photos or not shards_of(data):
            raise
        return []


def _autoencoder(data: Path | DrawnData, base: Path | None, config: TrainConfig) -> Part:
    from .autoencoder import AutoencoderPart, Crops, load_autoencoder
    from .drawn import DrawnPictures
    from .photos import PhotoCrops

    start = None if base is None or config.autoencoder.fresh else load_autoencoder(base)
    if isinstance(data, Path):
        pictures = _pictures(data, config) if shards_of(data) else ()
        crops: Crops = PhotoCrops(_photos(data, config.autoencoder.photos), config.autoencoder.crop, pictures)
    else:
        crops = DrawnPictures(data)
    return AutoencoderPart(crops, config.autoencoder, start)


def _pictures(data: Path, config: TrainConfig) -> Iterator[Image.Image]:
    """Edited pictures of the dataset: at most `max_pictures`, evenly spaced, and all of the favoured families."""
    return map_ahead(_decode, _picture_files(data, config), DECODERS, 4 * DECODERS)


def _picture_files(data: Path, config: TrainConfig) -> Iterator[bytes]:
    settings = config.autoencoder
    step = max(1, count_pairs(data) // settings.max_pictures)
    for number, row in enumerate(read_pairs(data)):
        family = str(row.get("family") or "")
        if number % step == 0 or any(fnmatchcase(family, pattern) for pattern in settings.favoured):
            yield row["edited_image"]


def _decode(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")


def _text_encoder(data: Path, base: Path | None, config: TrainConfig) -> Part:
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


def _editor(data: Path, folder: Path | None, config: TrainConfig, setting: Setting) -> Built:
    from .base import read_base, resolution_of
    from .editor import EditorPart
    from .latents import CAPTIONS, Cut, encode_dataset
    from .validation import EditorValidation

    if folder is None:
        raise UsageError("training an editor needs --base: a checkpoint with vae, text_encoder and tokenizer")
    base, validation = read_base(folder, config.editor), config.validation
    if config.lora.rank and (base.is_text_to_image or not base.has_unet):
        raise UsageError(
            f"a LoRA goes on an editor, and {folder} is none; give one (--base mini), or train this one whole first"
        )
    encoders = _encoders(validation, setting)  # before hours of encoding: one that is not there is said now
    cut = Cut(
        resolution=resolution_of(base, config.editor),
        mirror=config.editor.mirror,
        held_out=validation.share if validation.every else 0.0,
        samples=validation.pictures,
        precision=precision_on(setting.device, config.loop.precision),
    )
    rows = progress_bar(read_pairs(data, (*REQUIRED, *CAPTIONS)), total=count_pairs(data), label="encoding")
    encoded = encode_dataset(rows, base, cut, setting.cache or setting.out / STATE_FOLDER / "cache", setting.device)
    part = EditorPart(encoded.learned, base, config.editor, config.lora, setting.device)
    if not len(encoded.held_out):
        return Built(part)
    tried = (encoded.held_out, encoded.samples, validation, config.loop.max_steps, setting.out, encoders)
    return Built(part, EditorValidation(part, *tried))


def _encoders(validation: ValidationConfig, setting: Setting) -> Encoders:
    from ip2p_eval.encoders import load_encoders, named_clip

    clip = named_clip(validation.clip) if validation.clip else None
    return load_encoders(clip, validation.dino or None, device=str(setting.device), offline=setting.offline)


def _text_to_image(data: DrawnData, base: Path | None, config: TrainConfig) -> Part:
    from .text_to_image import TextToImagePart

    if base is None:
        raise UsageError("training text-to-image needs --base: a folder with the autoencoder, in vae/")
    return TextToImagePart(data, config.text_to_image, base)


def _clip(data: DrawnData, base: Path | None, config: TrainConfig) -> Part:
    from .clip import ClipPart

    return ClipPart(data, config.clip)


def _language_model(data: DrawnData, base: Path | None, config: TrainConfig) -> Part:
    from .language_model import PlainTextPart

    return PlainTextPart(data, config.language_model)


_OF_FOLDERS = ("text-encoder", "editor")
_OF_DRAWN = {"text-to-image": _text_to_image, "clip": _clip, "language-model": _language_model}
