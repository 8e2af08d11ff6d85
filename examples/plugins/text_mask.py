"""An example of `ip2p_make_mask`: only what a text-prompted segmenter finds may change.

    IP2P_TEXT_MASK="the sky" IP2P_SEGMENTER=CIDAS/clipseg-rd64-refined ip2p edit photos/ -i "add a sunset"

The segmenter is any CLIPSeg checkpoint of transformers (Lüddecke & Ecker 2022, arXiv 2112.10003), a folder or a hub id.
Without IP2P_TEXT_MASK it has no opinion.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from ip2p_cli.api import hookimpl

THRESHOLD = 0.4  # of the segmenter's probability


@functools.cache
def _segmenter(name: str) -> tuple[Any, Any]:
    from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

    return CLIPSegProcessor.from_pretrained(name), CLIPSegForImageSegmentation.from_pretrained(name).eval()


@hookimpl
def ip2p_make_mask(job, image):
    """White where the segmenter sees what IP2P_TEXT_MASK names."""
    wanted = os.environ.get("IP2P_TEXT_MASK")
    if not wanted:
        return None
    import torch
    from PIL import Image

    processor, model = _segmenter(os.environ.get("IP2P_SEGMENTER", "CIDAS/clipseg-rd64-refined"))
    with torch.inference_mode():
        logits = model(**processor(text=[wanted], images=[image], return_tensors="pt")).logits
    seen = torch.sigmoid(logits).reshape(logits.shape[-2:]) > THRESHOLD  # (h, w)
    return Image.fromarray(seen.numpy().astype("uint8") * 255).resize(image.size, Image.Resampling.BILINEAR)
