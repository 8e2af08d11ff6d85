"""Texts to distil a text encoder on: the instructions of a dataset, and general English in instruction form.

General English comes from a WordNet database folder (`apt-get install wordnet-base`, or wordnet.princeton.edu):
its words in instruction templates, and its short definitions, so that the encoder knows words that no training
instruction uses.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_TEMPLATES = {
    "noun": (
        "add {x}",
        "make it look like {x}",
        "turn it into {x}",
        "{x}",
        "a {x}",
        "put {x} in the photo",
        "add a {x}",
    ),
    "adj": ("make it {x}", "make the photo look {x}", "{x}", "turn it {x}", "a {x} scene", "make the sky {x}"),
    "verb": ("{x} it", "{x} the photo", "{x}", "please {x} the image", "{x} everything"),
    "adv": ("make it {x} brighter", "{x}", "change it {x}"),
}


def wordnet_texts(folder: Path, seed: int) -> list[str]:
    """Each usual word of a WordNet database in two templates, and every definition of at most 16 words, shuffled.

    Raises:
        FileNotFoundError: `folder` has no WordNet files.
    """
    rng = random.Random(seed)
    texts: list[str] = []
    for kind, templates in _TEMPLATES.items():
        for word in _words(folder / f"index.{kind}"):
            texts += [template.format(x=word) for template in rng.sample(templates, 2)]
        texts += [text for text in _definitions(folder / f"data.{kind}") if len(text.split()) <= 16]
    rng.shuffle(texts)
    return texts


def _words(path: Path) -> Iterator[str]:
    """Lemmas seen in WordNet's tagged texts, and all adjectives (they name looks)."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split()
        pointers = int(fields[3])
        tagged = int(fields[5 + pointers])
        if tagged > 0 or fields[1] == "a":
            yield fields[0].replace("_", " ")


def _definitions(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" ") and " | " in line:
            yield line.split(" | ")[1].split(";")[0].strip().strip("()")
