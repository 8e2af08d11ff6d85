"""The grammar as an instruction engine: a caption -> an edit of it, without a model; and corpora of such triplets.

`python -m ip2p_gen_data.world.corpus FILE COUNT` writes one to tune a language model on.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .captions import caption, held_out, parse
from .edits import on_form, propose
from .instructions import instruct
from .scene import sample

TWO_THINGS = 0.7  # of a corpus


@dataclass(frozen=True)
class Row:
    """A caption, an instruction, and the caption of the edited picture: the fields of the project's text rows."""

    input: str
    edit: str
    output: str


def write_edit(text: str, seed: int, *, held_out_wording: bool = False) -> Row:
    """One edit of a caption; the same seed gives the same.

    Raises:
        NotInGrammar: the caption is none of the world's.
    """
    rng = random.Random(f"{seed}/{text}")
    form = parse(text)
    edit = propose(form, rng)
    return Row(text, instruct(edit, form, rng, held_out_wording), str(on_form(edit, form)))


def captions(seed: int, *, for_training: bool = True, two_things: float = 0.4) -> Iterator[str]:
    """Captions without end, doubles among them, all of the part for training or all of the one that is held out;
    `two_things` is the share of scenes that have two.
    """
    number = 0
    while True:
        rng = random.Random(f"caption {number} of {seed}")
        text = caption(sample(rng.randrange(2**40), two_things), rng)
        if held_out(text) != for_training:
            yield text
        number += 1


def rows(seed: int, *, for_training: bool = True) -> Iterator[Row]:
    """Triplets without end. Held-out ones have held-out captions; their wordings are those of training, since a model
    is to find its own. Most are of scenes with two things: which of them is meant is what is hard to learn.
    """
    for number, text in enumerate(captions(seed, for_training=for_training, two_things=TWO_THINGS)):
        yield write_edit(text, seed * 1_000_003 + number)


def write_corpus(path: Path, count: int, seed: int = 0, *, for_training: bool = True) -> None:
    """`count` different triplets as JSON lines {input, edit, output}: what a language model is tuned on."""
    seen: set[Row] = set()
    with path.open("w", encoding="utf-8") as file:
        for row in rows(seed, for_training=for_training):
            if row not in seen:
                seen.add(row)
                file.write(json.dumps(asdict(row)) + "\n")
            if len(seen) == count:
                return


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]), int(sys.argv[2]))
