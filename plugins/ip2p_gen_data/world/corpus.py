"""The grammar as an instruction engine: a caption -> an edit of it, without a model; and corpora of such triplets.

`python -m ip2p_gen_data.world.corpus FILE COUNT` writes one to tune a language model on; with `--which-of-two` at its
end, the lesson that comes before: two things and nothing else, and an instruction that means one of them.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .captions import Form, caption, held_out, parse
from .edits import Edit, on_form, propose
from .instructions import instruct
from .scene import sample

TWO_THINGS = 0.7  # of a corpus
ABOUT_ONE_THING = ("colour", "size", "kind", "remove")  # verbs that have to find the one that is meant


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
    return _row(propose(form, rng), form, rng, held_out_wording)


def _row(edit: Edit, form: Form, rng: random.Random, held_out_wording: bool = False) -> Row:
    return Row(str(form), instruct(edit, form, rng, held_out_wording), str(on_form(edit, form)))


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


def which_of_two(seed: int) -> Iterator[Row]:
    """Triplets for training without end: two things, nothing said of where and when, and one of them is to change.

    Long captions teach this too, but late: most of a caption is copied, and the loss hardly tells whether the right
    thing was found. Here it is all there is.
    """
    for number, text in enumerate(captions(seed, two_things=1)):
        rng = random.Random(f"{seed} {number} {text}")
        form = replace(parse(text), frame=0, time=None, weather=None, ground=None)
        edit = propose(form, rng)
        if edit.verb in ABOUT_ONE_THING and not held_out(str(form)):
            yield _row(edit, form, rng)


def write_corpus(path: Path, count: int, rows: Iterator[Row]) -> None:
    """`count` different triplets as JSON lines {input, edit, output}: what a language model is tuned on."""
    seen: set[Row] = set()
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            if row not in seen:
                seen.add(row)
                file.write(json.dumps(asdict(row)) + "\n")
            if len(seen) == count:
                return


if __name__ == "__main__":
    lesson = which_of_two if "--which-of-two" in sys.argv else rows
    write_corpus(Path(sys.argv[1]), int(sys.argv[2]), lesson(seed=0))
