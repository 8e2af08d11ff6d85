"""A CLIP or SigLIP of transformers: pictures and captions -> unit vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import ModelError, choose_device, quiet_libraries

from ..absent import if_absent
from ..devices import choose_dtype


class ClipModel:
    """The model with its own processor: resizing, [0, 1] range, mean and deviation are what it was trained with."""

    def __init__(self, model: Any, processor: Any, device: torch.device) -> None:
        self._model, self._processor, self._device = model, processor, device
        self._text_options = _text_options(model, processor)

    @property
    def scale(self) -> float:
        """What the model multiplies cosines by before its softmax; learned, 100 in OpenAI's CLIP."""
        return float(self._model.logit_scale.detach().float().exp())

    def pixels(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(n, 3, h, w), as the model's own processor prepares them."""
        given = self._processor.image_processor(images=[one.convert("RGB") for one in pictures], return_tensors="pt")
        pixels: Tensor = given["pixel_values"]
        return pixels

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(n, d) unit vectors, float32."""
        pixels = self.pixels(pictures).to(self._device, self._model.dtype)
        return _unit(self._model.get_image_features(pixel_values=pixels))

    @torch.inference_mode()
    def texts(self, captions: Sequence[str]) -> Tensor:
        """(n, d) unit vectors, float32. Captions that are too long lose their end."""
        given = self._processor.tokenizer(list(captions), truncation=True, return_tensors="pt", **self._text_options)
        known = {name: given[name].to(self._device) for name in ("input_ids", "attention_mask") if name in given}
        return _unit(self._model.get_text_features(**known))


def load_clip(name: str, *, device: str | None = None, dtype: str | None = None, offline: bool = False) -> ClipModel:
    """Load a model: a folder or a hub id. safetensors only, never remote code.

    Raises:
        ModelError: it cannot be found, or compares no pictures with captions.
        UsageError: an unknown device or dtype.
    """
    from transformers import AutoModel, AutoProcessor

    place = choose_device(device)
    chosen = choose_dtype(dtype, place)
    with quiet_libraries():
        try:
            local = {"local_files_only": offline}
            # A word of its own for the adapter, or it is looked for on the network all the same, five times.
            model = AutoModel.from_pretrained(name, dtype=chosen, use_safetensors=True, adapter_kwargs=local, **local)
            # By Pillow, also where torchvision is installed, which resizes otherwise: scores must not depend on that.
            processor = AutoProcessor.from_pretrained(name, backend="pil", **local)
        except Exception as problem:  # of many kinds, by cause and library; each means that it cannot be used
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
            why = f"CLIP model {name!r} cannot be loaded ({reason}); check the name, or give a folder"
            raise if_absent("CLIP model", name, offline=offline) or ModelError(why) from problem
    has_towers = hasattr(model, "get_image_features") and hasattr(model, "get_text_features")
    if not (has_towers and hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        raise ModelError(f"{name!r} is a {type(model).__name__}, not a CLIP or SigLIP; choose another --clip")
    return ClipModel(model.to(place).eval().requires_grad_(False), processor, place)


def _text_options(model: Any, processor: Any) -> dict[str, Any]:
    """SigLIP was trained on captions padded to their full length, CLIP does not mind."""
    config = model.config.text_config
    length = min(int(config.max_position_embeddings), int(processor.tokenizer.model_max_length))
    return {"padding": "max_length" if "siglip" in config.model_type else True, "max_length": length}


def _unit(found: Any) -> Tensor:
    """transformers gives the vectors as they are, or in an output object."""
    vectors = found if isinstance(found, Tensor) else found.pooler_output
    return torch.nn.functional.normalize(vectors.float(), dim=-1)
