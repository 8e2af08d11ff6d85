"""The settings of a training run: dataclasses with every default, filled from a TOML file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli

from ip2p_cli.api import UsageError

STATE_FOLDER = ".train"  # of a run, in its output folder
PARTS = ("editor", "text-encoder", "autoencoder", "text-to-image", "clip", "language-model")


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast to train. Every part takes the same settings."""

    max_steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 1e-4
    warmup_steps: int = 100
    final_learning_rate: float = 0.05  # share of learning_rate left at the end of the cosine
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    ema_decay: float = 0.999
    precision: str = "bf16"  # bf16 | fp32
    compile: bool = False  # by torch.compile: minutes at the start, a quarter faster after it (needs a C++ compiler)
    seed: int = 0
    log_every: int = 50
    checkpoint_seconds: float = 180.0


@dataclass(frozen=True)
class AutoencoderConfig:
    """Shape of the AutoencoderTiny and weights of its losses."""

    fresh: bool = False  # train a new autoencoder also where the base has one
    latent_channels: int = 32
    width: int = 48
    encoder_blocks: tuple[int, ...] = (0, 1, 2, 3, 3)
    decoder_blocks: tuple[int, ...] = (3, 3, 2, 1, 0)
    crop: int = 128
    latent_noise: float = 0.05
    anchor_weight: float = 0.1
    unit_weight: float = 0.02
    gradient_weight: float = 0.5
    texture_weight: float = 0.0  # of the energy of fine structure: sharper strokes, blocks and outlines
    recolour: float = 0.35  # share of crops given a random colour transform, so that edited photos are in the domain
    decoder_only: bool = False  # refine the decoder of the base's autoencoder: its latents stay as they are
    aligned_share: float = 0.0  # of the crops at the pictures' own scale, on the latent grid, as the editor meets them
    photos: str = ""  # folder of photos to learn besides the dataset's edited pictures
    max_pictures: int = 2500  # pictures of the dataset held in memory
    favoured: tuple[str, ...] = ()  # families of which every picture is held, besides: drawn looks are hard to code


@dataclass(frozen=True)
class TextEncoderConfig:
    """Shape of the student, its teacher and corpus, and weights of its losses."""

    fresh: bool = False  # train a new encoder and vocabulary also where the base has one
    teacher: str = ""  # folder of a sentence model (transformers layout, mean pooling)
    wordnet: str = ""  # folder of a WordNet database, for words that no instruction uses; may be empty
    wordnet_texts: int = 70_000
    vocabulary: int = 6000
    hidden_size: int = 192
    layers: int = 4
    heads: int = 4
    max_length: int = 32
    family_share: float = 0.5  # share of each batch drawn from texts that have a family
    family_weight: float = 0.25


@dataclass(frozen=True)
class EditorConfig:
    """Shape of a fresh U-Net, the dropout of the conditions, the weights of the loss, and the defaults to ship."""

    fresh: bool = False  # train a new U-Net also where the base has one
    block_out_channels: tuple[int, ...] = (128, 160, 192)
    time_embedding_dim: int = 384
    attention_heads: int = 4
    drop_text: float = 0.05
    drop_image: float = 0.05
    drop_both: float = 0.05
    timestep_power: float = 0.5  # t = T·u^power: below 1 favours high noise, where the edit is decided
    colour_weight: float = 3.0  # loss weight of the colour-anchored latent channels 0..2
    steps: int = 12
    text_guidance: float = 3.0
    image_guidance: float = 1.3
    sampler: str = "ddim"
    licence: str = "Apache-2.0"
    save_dtype: str = "float32"  # float32 | float16


@dataclass(frozen=True)
class TextToImageConfig:
    """Shape of the U-Net and of the text encoder that is trained with it, and how they are trained."""

    fresh: bool = False  # train new ones also where the base has them
    block_out_channels: tuple[int, ...] = (64, 128, 192)
    layers_per_block: int = 1
    attention_heads: int = 2
    time_embedding_dim: int = 384
    clip: str = ""  # folder of a CLIP whose text tower and vocabulary to start from; without one, they are as follows
    vocabulary: int = 1000
    text_width: int = 128
    text_layers: int = 3
    max_length: int = 32  # tokens of a caption
    drop_text: float = 0.1
    timestep_power: float = 0.75  # t = T·u^power: below 1 favours high noise, where it is decided what is to be seen
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class ClipConfig:
    """Shape of the two towers, and the weight of the second loss."""

    patch: int = 8
    width: int = 192
    layers: int = 5
    heads: int = 4
    text_width: int = 128
    text_layers: int = 4
    vocabulary: int = 1000
    max_length: int = 32  # tokens of a caption
    projection: int = 128
    direction_weight: float = 0.5  # of telling edits apart by the direction of their change
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class LanguageModelConfig:
    """Shape of a small Llama and its vocabulary."""

    width: int = 192
    layers: int = 4
    heads: int = 4
    vocabulary: int = 1000
    context: int = 192  # tokens that it reads and writes
    save_dtype: str = "float16"  # float32 | float16


@dataclass(frozen=True)
class TrainConfig:
    """All of a run's settings; `[loop]` and the table of the trained part are used."""

    loop: LoopConfig = field(default_factory=LoopConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    editor: EditorConfig = field(default_factory=EditorConfig)
    text_to_image: TextToImageConfig = field(default_factory=TextToImageConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)


def load_config(path: Path | None) -> TrainConfig:
    """Read a TOML file over the defaults.

    Raises:
        UsageError: no such file, not TOML, or a key that does not exist (the nearest one is named).
    """
    if path is None:
        return TrainConfig()
    try:
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read training config {path}: {error}") from error
    return _fill(TrainConfig, document, str(path))


def show_config(config: TrainConfig) -> str:
    """The settings as TOML."""
    lines: list[str] = []
    for table in dataclasses.fields(config):
        lines.append(f"[{table.name}]")
        section = getattr(config, table.name)
        lines += [f"{item.name} = {_toml(getattr(section, item.name))}" for item in dataclasses.fields(section)]
        lines.append("")
    return "\n".join(lines)


def _fill(kind: type[Any], values: dict[str, Any], where: str) -> Any:
    known = {item.name: item for item in dataclasses.fields(kind)}
    filled: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"
            raise UsageError(f"{where}: unknown key {key!r}{hint}")
        default = known[name].default if known[name].default is not dataclasses.MISSING else None
        if isinstance(value, dict):
            filled[name] = _fill(type(getattr(kind(), name)), value, f"{where} [{key}]")
        else:
            filled[name] = _same_type(value, default, f"{where}: {key}")
    return kind(**filled)


def _same_type(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise UsageError(f"{where} must be a {type(default).__name__}, not {value!r}")
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
