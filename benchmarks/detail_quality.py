"""How near the full-size result comes to the truth, beside plain upsampling: `python -m benchmarks.detail_quality`.

The looks that training pairs are made of can be applied at any size: to the photo itself, which is the truth, and to
the model's small copy of it, which is then put through the shipped codec, as the model's edit. No network edits here:
what is measured is the way back to full size alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks.photos import EXAMPLES, as_array, psnr
from ip2p_cli.api import find_photos
from ip2p_cli.editor.detail import transfer_detail
from ip2p_cli.editor.sizes import fit
from ip2p_cli.editor.softness import measure_softness, soften
from ip2p_gen_data.compose.looks import apply
from ip2p_gen_data.compose.pixels import Array, sky_mask

COLOUR_LOOKS = (
    *("black-and-white", "sepia", "night", "sunset", "warm", "cold", "brighter", "darker", "contrast", "vintage"),
    *("fog", "winter", "autumn", "spring", "storm", "underwater", "negative", "desert", "pink-sky"),
)
DRAWN_LOOKS = ("oil-painting", "watercolor", "pencil-sketch", "cartoon", "pixel-art", "dreamy", "neon")
NATIVE, MULTIPLE = 256, 16  # of `mini`

Codec = Callable[[Array], Array]  # (h, w, 3) in [0, 1] -> the same, as the autoencoder gives it back


@dataclass(frozen=True)
class Score:
    """PSNR in dB against the truth."""

    upsampled: float
    carried: float

    @property
    def gain(self) -> float:
        return self.carried - self.upsampled


class NoRain(np.random.Generator):
    """Rain falls at random, elsewhere at each size: the looks are asked for none."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def random(self, size: tuple[int, int]) -> Array:  # type: ignore[override]
        return np.zeros(size, np.float32)


def no_codec(picture: Array) -> Array:
    return picture


def shipped_codec() -> Codec:
    """The autoencoder of `mini`, in float32 on the CPU."""
    from ip2p_cli.api import find_model
    from ip2p_cli.checkpoint import read_checkpoint
    from ip2p_cli.editor.conditioning import decode, encode_photo
    from ip2p_cli.editor.loading import load_components

    components = load_components(read_checkpoint(find_model("mini")), torch.device("cpu"), "float32")

    @torch.inference_mode()
    def codec(picture: Array) -> Array:
        pad = [(0, -side % MULTIPLE) for side in picture.shape[:2]]
        canvas = np.pad(np.round(picture * 255).astype(np.uint8), (*pad, (0, 0)), mode="symmetric")
        seen = decode(components, encode_photo(components, canvas)).clamp(0, 1).permute(1, 2, 0).numpy()
        return np.ascontiguousarray(seen[: picture.shape[0], : picture.shape[1]])

    return codec


def model_copy(photo: Image.Image) -> Array:
    """The photo at the model's size, as the editor shrinks it.  # (h, w, 3) in [0, 1]"""
    place = fit(photo.width, photo.height, NATIVE, MULTIPLE)
    return as_array(photo.resize((place.content_width, place.content_height), Image.Resampling.LANCZOS))


def carry(photo: Image.Image, before: Array, after: Array, codec: Codec) -> Image.Image:
    """What the editor does with an edit: detail carried over, and softened where the edit is soft."""
    carried = transfer_detail(photo, as_tensor(before), as_tensor(after))
    seen = codec(model_copy(carried))
    return soften(carried, measure_softness(as_tensor(seen), as_tensor(after)))


def identity_score(photo: Image.Image, codec: Codec) -> Score:
    """An edit that changes nothing, against the photo itself."""
    before = codec(model_copy(photo))
    return _score(photo, as_array(photo), before, before, codec)


def look_score(photo: Image.Image, look: str, codec: Codec) -> Score:
    """A look at the model's size, against the look at full size."""
    copy = model_copy(photo)
    sky = sky_mask(copy)
    large = interpolate(torch.from_numpy(sky)[None, None], size=photo.size[::-1], mode="bicubic")[0, 0]
    truth = apply(look, as_array(photo), NoRain(), large.clamp(0, 1).numpy())
    return _score(photo, truth, codec(copy), codec(apply(look, copy, NoRain(), sky)), codec)


def as_tensor(picture: Array) -> Tensor:
    """(h, w, 3) -> (3, h, w)"""
    return torch.from_numpy(picture).permute(2, 0, 1)


def as_image(picture: Array) -> Image.Image:
    return Image.fromarray(np.round(picture * 255).astype(np.uint8))


def read_photos(folder: Path, longest: int) -> Iterator[tuple[str, Image.Image]]:
    """The folder's photos of 1,000 px and more, shrunk to at most `longest`."""
    for path in find_photos(folder, recurse=True):
        photo = Image.open(path).convert("RGB")
        if max(photo.size) >= 1000:
            photo.thumbnail((longest, longest), Image.Resampling.LANCZOS)
            yield path.stem, photo


def _score(photo: Image.Image, truth: Array, before: Array, after: Array, codec: Codec) -> Score:
    upsampled = as_image(after).resize(photo.size, Image.Resampling.BICUBIC)
    carried = carry(photo, before, after, codec)
    return Score(psnr(as_array(upsampled), truth), psnr(as_array(carried), truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=EXAMPLES, help="photos (default: the examples)")
    parser.add_argument("--longest", type=int, default=1536, help="shrink photos to this many pixels (default: 1536)")
    parser.add_argument("--looks", nargs="*", default=COLOUR_LOOKS)
    options = parser.parse_args()
    photos = list(read_photos(options.folder, options.longest))
    print(f"{len(photos)} photos; PSNR in dB: upsampled, carried, gain (least gain)")
    for name, codec in (("no codec", no_codec), ("shipped codec", shipped_codec())):
        _report(f"{name}: no edit", [identity_score(photo, codec) for _, photo in photos])
        everything = []
        for look in options.looks:
            scores = [look_score(photo, look, codec) for _, photo in photos]
            _report(f"{name}: {look}", scores)
            everything += scores
        _report(f"{name}: MEAN OF LOOKS", everything)


def _report(title: str, scores: list[Score]) -> None:
    upsampled, carried, gain = (np.mean([getattr(s, key) for s in scores]) for key in ("upsampled", "carried", "gain"))
    print(f"{title:36} {upsampled:6.2f} {carried:6.2f} {gain:+6.2f} ({min(s.gain for s in scores):+.2f})", flush=True)


if __name__ == "__main__":
    main()
