"""The rows that the network is called with: which, and how many at once.

Kernels are chosen by the shapes that they get, and with them the last bits of a result. Within one batch size an item's
bytes are to be the same alone and in a crowd, so all calls have one number of rows, and a short one is padded by a
repeated row. Fewer are taken where a trial has shown that they give the same bytes: which kernel runs depends on shapes
and not on values, so that one trial tells for all calls of its shape.

Shapes: n items, r network rows (1 to 3 an item), k rows a call, c latent channels, latents h x w, text of l tokens of
width d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.editor.guidance import FULL, NONE, Guidance, RowPlan


@dataclass(frozen=True)
class Bucket:
    """What a bucket starts from. Items may differ in photo, instruction, noise and guidance."""

    photos: Tensor  # (n, c, h, w) conditioning latents
    texts: Tensor  # (n, l, d)
    no_text: Tensor  # (l, d) the embedding of the empty instruction
    noise: Tensor  # (n, c, h, w) standard normal
    guidance: Sequence[Guidance]  # n
    generators: Sequence[torch.Generator]  # n: for samplers that add noise as they go


@dataclass(frozen=True)
class NetworkRows:
    """A slice of the plan as the network takes it; the same at every step but for the noisy latents."""

    items: Tensor  # (k,) of each row, its item
    photos: Tensor  # (k, c, h, w)
    texts: Tensor  # (k, l, d)
    real: int  # rows before the padding

    def first(self, count: int) -> NetworkRows:
        """So many of the rows."""
        return replace(self, items=self.items[:count], photos=self.photos[:count], texts=self.texts[:count])


class Network:
    """A U-Net, and what trials have shown of it.

    Args:
        shorter: whether to look for calls of fewer rows; not where each shape has to be compiled first.
    """

    def __init__(self, unet: Any, *, shorter: bool = True) -> None:
        self.unet = unet
        self._shorter = shorter
        self._same_bytes: dict[tuple[int, torch.Size, torch.Size], bool] = {}

    def __call__(self, rows: NetworkRows, scaled: Tensor, timestep: Tensor) -> Tensor:
        """The prediction for the real ones of some rows, from the items' noisy latents (n, c, h, w).

        Returns (real, c, h, w).
        """
        return self._predict(rows, scaled, timestep)[: rows.real]

    def shortest(self, rows: NetworkRows, scaled: Tensor, timestep: Tensor) -> NetworkRows:
        """As few of the rows as give the same bytes: the real ones, padded to a power of two, or all."""
        size = 1 << (rows.real - 1).bit_length()
        while self._shorter and size < len(rows.items):
            if self._gives_same_bytes(size, rows, scaled, timestep):
                return rows.first(size)
            size *= 2
        return rows

    def _gives_same_bytes(self, size: int, rows: NetworkRows, scaled: Tensor, timestep: Tensor) -> bool:
        shape = (size, rows.photos.shape, rows.texts.shape)
        if shape not in self._same_bytes:
            whole, part = (self._predict(tried, scaled, timestep) for tried in (rows, rows.first(size)))
            self._same_bytes[shape] = torch.equal(whole[:size], part)
        return self._same_bytes[shape]

    def _predict(self, rows: NetworkRows, scaled: Tensor, timestep: Tensor) -> Tensor:
        sample = torch.cat([scaled[rows.items].to(rows.photos.dtype), rows.photos], dim=1)  # (k, 2c, h, w)
        predicted: Tensor = self.unet(sample, timestep, encoder_hidden_states=rows.texts, return_dict=False)[0]
        return predicted


def cut_rows(plan: RowPlan, bucket: Bucket, batch_size: int) -> list[NetworkRows]:
    """Cut the plan into calls of one number of rows.

    That is the batch size, but at least the three rows of one photo. A batch of one has no company that its bytes
    could depend on: it is one call of the rows that the photo needs.
    """
    size = len(plan) if batch_size == 1 else max(batch_size, 3)
    device = bucket.photos.device
    chunks = []
    for start in range(0, len(plan), size):
        real = min(size, len(plan) - start)
        places = [start + min(offset, real - 1) for offset in range(size)]
        items = torch.tensor([plan.items[place] for place in places], device=device)
        kinds = torch.tensor([plan.kinds[place] for place in places], device=device)
        photos = bucket.photos[items]
        photos = torch.where((kinds == NONE)[:, None, None, None], torch.zeros_like(photos), photos)
        texts = torch.where((kinds == FULL)[:, None, None], bucket.texts[items], bucket.no_text)
        chunks.append(NetworkRows(items, photos, texts, real))
    return chunks
