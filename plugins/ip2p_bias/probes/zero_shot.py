"""Any attribute that can be put into words, by any CLIP or SigLIP of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ip2p_cli.api import Probe, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_gen_data.clip_filter.model import ClipModel


def make_zero_shot(
    clip: str | None, attributes: str, nobody: str | None, *, device: str | None = None, offline: bool = False
) -> Probe:
    """The probe of a model and of texts, divided by commas. `nobody` is a text that stands for none of them.

    Raises:
        UsageError: no model is named, or fewer than two different texts.
        ModelError: the model cannot be found, or compares no pictures with texts.
    """
    texts = [text.strip() for text in attributes.split(",") if text.strip()]
    if not clip:
        raise UsageError("--probe clip needs a model: name one by --clip, for instance openai/clip-vit-base-patch32")
    if len(texts) < 2 or len({*texts, nobody}) < len(texts) + 1:
        raise UsageError(
            "--probe clip compares two or more different texts: give them by --attribute, divided by commas, "
            'as in --attribute "a photo of a woman,a photo of a man"'
        )
    from ip2p_gen_data.clip_filter.model import load_clip

    return zero_shot(load_clip(clip, device=device, dtype="float32", offline=offline), texts, nobody)


def zero_shot(model: ClipModel, texts: Sequence[str], nobody: str | None = None) -> Probe:
    """Softmax over the cosines of picture and texts, times the model's own scale (Radford et al. 2021, section 3.1.2).

    What goes to `nobody` is left out, so that the others sum to less than 1.
    """
    options = [*texts, *([nobody] if nobody else [])]
    vectors = model.texts(options)  # (texts, d)

    def probe(image: Image) -> Mapping[str, float]:
        [cosines] = (model.images([image]) @ vectors.T).double()
        shares = (model.scale * cosines).softmax(-1).tolist()
        return dict(zip(texts, shares, strict=False))

    return probe
