"""Perfect pairs of the world: right by the oracle, the same however they are made, and none of the held-out part."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ip2p_cli.api import read_pairs
from ip2p_gen_data.world import oracle, rendered
from ip2p_gen_data.world.captions import held_out, parse
from ip2p_gen_data.world.edits import follows

COLUMNS = ("original_prompt", "original_image", "edit_prompt", "edited_prompt", "edited_image", "seed")


def test_pairs_are_what_their_words_say(tmp_path: Path) -> None:
    rendered.render_pairs(tmp_path / "d", 60, seed=3, workers=1)
    rows = list(read_pairs(tmp_path / "d", COLUMNS))
    assert len(rows) == 60
    right = []
    for row in rows:
        assert not held_out(row["original_prompt"])
        assert follows(row["edit_prompt"], row["original_prompt"], row["edited_prompt"])
        for picture, said in (("original_image", "original_prompt"), ("edited_image", "edited_prompt")):
            reading = oracle.read(np.asarray(Image.open(io.BytesIO(row[picture])).convert("RGB")))
            right.append(all(oracle.judge(reading, parse(row[said]).named).values()))
    assert np.mean(right) > 0.9  # JPEG costs the oracle some


def test_a_dataset_begins_as_a_smaller_one_of_the_same_seed(tmp_path: Path) -> None:
    maker = rendered.RenderedPairs(seed=5)
    assert [*maker.shard(0, 3)] == [*maker.shard(0, 5)][:3]
    assert [*maker.shard(1, 2)] != [*maker.shard(0, 2)]
