"""What a checkpoint folder says of itself: read from its JSON files alone, without torch and without its weights."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pluggy

from ip2p_cli.errors import ModelError
from ip2p_cli.layout import CONFIGS, DEFAULTS, INDEX, PICKLED, WEIGHT_STEMS, check_layout, read_json
from ip2p_cli.models import resolve_model
from ip2p_cli.plugin_manager import collect_models
from ip2p_cli.types import StepSettings

# Only these classes are ever built, whatever a checkpoint asks for.
ALLOWED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "vae": {"diffusers": frozenset({"AutoencoderKL", "AutoencoderTiny"})},
    "unet": {"diffusers": frozenset({"UNet2DConditionModel"})},
    "text_encoder": {"transformers": frozenset({"CLIPTextModel"})},
    "tokenizer": {"transformers": frozenset({"CLIPTokenizer", "CLIPTokenizerFast"})},
}
SAMPLER_OF_CLASS = {
    "DDIMScheduler": "ddim",
    "EulerDiscreteScheduler": "euler",
    "EulerAncestralDiscreteScheduler": "euler_a",
    "DPMSolverMultistepScheduler": "dpm++2m",
    "UniPCMultistepScheduler": "unipc",
    "PNDMScheduler": "pndm",
}


@dataclass(frozen=True)
class EditDefaults:
    """What an edit uses where the request does not say."""

    steps: int = 20
    text_guidance: float = 7.5
    image_guidance: float = 1.5
    sampler: str = "ddim"

    @property
    def settings(self) -> StepSettings:
        """As settings of a step."""
        return StepSettings(self.steps, self.text_guidance, self.image_guidance, self.sampler)


@dataclass(frozen=True)
class Checkpoint:
    """A checked InstructPix2Pix checkpoint in diffusers layout."""

    folder: Path
    classes: Mapping[str, str]  # part -> class name, from ALLOWED
    configs: Mapping[str, Mapping[str, Any]]  # part -> its config.json
    scheduler: Mapping[str, Any]
    own: Mapping[str, Any]  # ip2p.json, or empty

    @cached_property
    def latent_channels(self) -> int:
        """Channels of a latent; the U-Net takes twice as many."""
        return int(self.configs["vae"]["latent_channels"])

    @cached_property
    def factor(self) -> int:
        """Pixels a latent, each way."""
        vae = self.configs["vae"]
        blocks = vae["decoder_block_out_channels" if "decoder_block_out_channels" in vae else "block_out_channels"]
        return int(2 ** (len(blocks) - 1))

    @cached_property
    def latent_multiple(self) -> int:
        """What the latents' sides must divide by: the U-Net halves them at every level but its last."""
        return int(2 ** (len(self.configs["unet"]["block_out_channels"]) - 1))

    @cached_property
    def native_size(self) -> int:
        """Side, in pixels, that the checkpoint was made for."""
        multiple = self.latent_multiple * self.factor
        size = _number(self, "native_size", int(self.configs["unet"].get("sample_size") or 64) * self.factor)
        return max(int(size) // multiple, 1) * multiple

    @cached_property
    def defaults(self) -> EditDefaults:
        """The checkpoint's own settings; those of the paper where it has none."""
        paper = EditDefaults()
        return EditDefaults(
            steps=int(_number(self, "steps", paper.steps)),
            text_guidance=float(_number(self, "text_guidance", paper.text_guidance)),
            image_guidance=float(_number(self, "image_guidance", paper.image_guidance)),
            sampler=str(self.own.get("sampler") or self._sampler_of_scheduler()),
        )

    @property
    def licence(self) -> str:
        """As the checkpoint states it."""
        return str(self.own.get("licence", "unknown"))

    @cached_property
    def fingerprint(self) -> str:
        """A hash over all weights and configurations: two checkpoints with one fingerprint edit alike."""
        hasher = hashlib.blake2b(digest_size=16)
        for path in sorted(self._hashed_files()):
            hasher.update(f"{path.relative_to(self.folder).as_posix()}\n{path.stat().st_size}\n".encode())
            with path.open("rb") as stream:
                while block := stream.read(1 << 22):
                    hasher.update(block)
        return hasher.hexdigest()

    def _hashed_files(self) -> list[Path]:
        """Weights, configurations and vocabulary of the parts that are loaded; not licences, cards or pictures."""
        parts = [self.folder / part for part in (*ALLOWED, "scheduler")]
        files = [path for part in parts for path in part.iterdir() if path.suffix in {".safetensors", ".json", ".txt"}]
        own = self.folder / DEFAULTS
        return [*files, own] if own.is_file() else files

    def _sampler_of_scheduler(self) -> str:
        name = SAMPLER_OF_CLASS.get(str(self.scheduler.get("_class_name")), "ddim")
        karras = name == "dpm++2m" and self.scheduler.get("use_karras_sigmas")
        return "dpm++2m-karras" if karras else name


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and check a checkpoint folder.

    Raises ModelError where a part is missing, is of a class outside ALLOWED, has no safetensors weights, or is not
    an InstructPix2Pix network.
    """
    if folder.suffix in PICKLED:
        raise ModelError(f"{folder}: weights in pickle files are never loaded: run `ip2p models convert {folder}`")
    check_layout(folder)
    index = read_json(folder / INDEX)
    own = folder / DEFAULTS
    checkpoint = Checkpoint(
        folder=folder,
        classes={part: _allowed_class(folder, part, index.get(part)) for part in ALLOWED},
        configs={part: read_json(folder / part / CONFIGS[part]) for part in WEIGHT_STEMS},
        scheduler=read_json(folder / "scheduler" / CONFIGS["scheduler"]),
        own=read_json(own) if own.is_file() else {},
    )
    _check_shapes(checkpoint)
    return checkpoint


def open_checkpoint(name: str, manager: pluggy.PluginManager, *, offline: bool) -> Checkpoint:
    """The checkpoint of a name, a folder or a hub id; its weights are not loaded.

    Raises:
        ModelError: it cannot be found, or is not one that the editor can run.
    """
    return read_checkpoint(resolve_model(name, collect_models(manager), offline=offline))


def _allowed_class(folder: Path, part: str, entry: Any) -> str:
    library, name = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
    if name is None:
        raise ModelError(f"{folder}: model_index.json has no {part}: this is not an InstructPix2Pix checkpoint")
    if name not in ALLOWED[part].get(str(library), ()):
        allowed = " or ".join(sorted(names for group in ALLOWED[part].values() for names in group))
        raise ModelError(f"{folder}: {part} is {library}.{name}, which is not loaded: it must be {allowed}")
    return str(name)


def _check_shapes(checkpoint: Checkpoint) -> None:
    folder, configs = checkpoint.folder, checkpoint.configs
    try:
        taken, given = int(configs["unet"]["in_channels"]), int(configs["unet"]["out_channels"])
        latent, _ = checkpoint.latent_channels, (checkpoint.factor, checkpoint.latent_multiple)
        attended, width = configs["unet"]["cross_attention_dim"], int(configs["text_encoder"]["hidden_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: a config.json lacks or garbles {error}: fetch the checkpoint again") from error
    if taken != 2 * latent or given != latent:
        raise ModelError(
            f"{folder}: the U-Net has {taken} channels in and {given} out, where an InstructPix2Pix network on this"
            f" autoencoder has {2 * latent} and {latent}: name an InstructPix2Pix checkpoint"
        )
    if attended != width:
        raise ModelError(
            f"{folder}: the U-Net attends to text of width {attended}, the text encoder gives {width}:"
            " the parts are from different checkpoints"
        )


def _number(checkpoint: Checkpoint, key: str, default: float) -> float:
    value = checkpoint.own.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ModelError(f"{checkpoint.folder / DEFAULTS}: {key} = {value!r} is not a number of 0 or more")
    return value
