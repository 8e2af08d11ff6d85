"""A self-supervised vision transformer of transformers (DINO, DINOv2, ViT): pictures -> vectors that see shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import ModelError, choose_device, quiet_libraries
from ip2p_gen_data.absent import if_absent

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
RESIZE = 256 / 224  # the shorter side before the crop, over the crop


class DinoModel:
    """The class token after the last layer norm, as DINO's own evaluation takes it (Caron et al. 2021, 2104.14294).

    Pictures are prepared as MagicBrush's `evaluation/image_eval.py` does for every model: the shorter side bicubic to
    256, the middle 224 × 224, ImageNet's mean and deviation; scaled for a model of another input size.
    """

    def __init__(self, model: Any, side: int, device: torch.device) -> None:
        self._model, self._side, self._device = model, side, device

    def pixels(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(n, 3, side, side), normalised."""
        middles = [_middle(one.convert("RGB"), round(self._side * RESIZE), self._side) for one in pictures]
        pixels = np.stack([np.asarray(one, np.float32) for one in middles]) / 255  # (n, side, side, 3)
        normalised = (pixels - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
        return torch.from_numpy(normalised).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(n, d) unit vectors, float32."""
        found = self._model(pixel_values=self.pixels(pictures).to(self._device, self._model.dtype))
        return torch.nn.functional.normalize(found.last_hidden_state[:, 0].float(), dim=-1)


def _middle(image: Image.Image, edge: int, side: int) -> Image.Image:
    """The shorter side brought to `edge`, the middle `side` × `side` cut out.

    Rounded as torchvision's `Resize` and `CenterCrop` do. transformers' own processors cut half a pixel elsewhere, and
    resize by another library where torchvision is installed: figures would depend on that.
    """
    width, height = (
        edge if length == min(image.size) else int(edge * length / min(image.size)) for length in image.size
    )
    left, top = round((width - side) / 2), round((height - side) / 2)
    return image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + side, top + side))


def load_dino(name: str, *, device: str | None = None, offline: bool = False) -> DinoModel:
    """Load a model: a folder or a hub id. safetensors only, never remote code.

    Raises:
        ModelError: it cannot be found, or is no vision transformer with a class token.
        UsageError: an unknown device.
    """
    from transformers import AutoImageProcessor, AutoModel

    place = choose_device(device)
    with quiet_libraries():
        try:
            local = {"local_files_only": offline}
            # A word of its own for the adapter, or it is looked for on the network all the same, five times.
            model = AutoModel.from_pretrained(name, use_safetensors=True, adapter_kwargs=local, **local)
            processor = AutoImageProcessor.from_pretrained(name, **local)
        except Exception as problem:  # of many kinds, by cause and library; each means that it cannot be used
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
            why = f"DINO model {name!r} cannot be loaded ({reason}); check the name, or give a folder"
            raise if_absent("DINO model", name, offline=offline) or ModelError(why) from problem
    if not hasattr(getattr(model, "embeddings", None), "cls_token"):
        raise ModelError(f"{name!r} is a {type(model).__name__} without a class token; choose another --dino")
    return DinoModel(model.to(place).eval().requires_grad_(False), _side(processor), place)


def _side(processor: Any) -> int:
    """Pixels a side that the model is given."""
    crop, size = getattr(processor, "crop_size", None), processor.size
    for given in (crop, size):
        side = given and (given.get("height") or given.get("shortest_edge"))
        if side:
            return int(side)
    raise ModelError("the DINO model's preprocessor_config.json says no size; choose another --dino")
