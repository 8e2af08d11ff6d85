"""Cross-attention control: which tokens stand for which, and what that does to the attention."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_gen_data.p2p.alignment import Alignment, align, new_tokens, occurrences
from ip2p_gen_data.p2p.config import CrossConfig
from ip2p_gen_data.p2p.cross_attention import CrossAttentionControl, Maps
from ip2p_gen_data.p2p.sharing import cross_attentions
from tests.gen_data.tiny_models import small_unet

START, END = 98, 99


def ids(*words: int, length: int = 8) -> list[int]:
    return ([START, *words, END] + [END] * length)[:length]


captions = st.lists(st.integers(1, 6), max_size=9).map(lambda words: ids(*words))


def test_a_swapped_word_takes_the_attention_of_the_old_one() -> None:
    one = align(ids(1, 2, 3), ids(1, 5, 3), END, "replace")
    assert np.array_equal(one.mapper, np.eye(8)) and not one.own.any()


def test_a_swapped_word_of_more_tokens_shares_its_attention_out_evenly() -> None:
    one = align(ids(1, 2, 3), ids(1, 5, 6, 3), END, "replace")
    assert one.mapper[2, 2] == one.mapper[2, 3] == 0.5
    assert one.mapper[3, 4] == 1  # the word after it
    assert one.mapper[4, 5] == 1  # the end


def test_refining_leaves_new_words_their_own_attention() -> None:
    for edited in (ids(1, 5, 2), ids(5, 1, 2), ids(1, 2, 5)):
        one = align(ids(1, 2), edited, END, "refine")
        assert one.own.tolist() == [float(token == 5) for token in edited]
        assert new_tokens(ids(1, 2), edited, END) == [edited.index(5)]


def test_no_control_leaves_every_word_its_own_attention() -> None:
    assert align(ids(1, 2), ids(3), END, "none").own.all()


@settings(max_examples=60)
@given(source=captions, edited=captions, mode=st.sampled_from(["replace", "refine"]))
def test_every_edited_token_has_attention_from_somewhere(source: list[int], edited: list[int], mode: str) -> None:
    one = align(source, edited, END, mode)
    assert one.mapper.shape == (8, 8) and one.mapper.min() >= 0
    assert np.all((one.mapper.sum(0) > 0) != (one.own == 1))
    same = align(source, source, END, mode)
    assert np.array_equal(same.mapper, np.eye(8)) and not same.own.any()


def test_words_are_found_by_their_runs_of_tokens() -> None:
    assert list(occurrences([[2, 3], [5]], [1, 2, 3, 5, 2])) == [1, 2, 3]


def controlled(alignment: Alignment, probabilities: torch.Tensor) -> torch.Tensor:
    control = CrossAttentionControl(small_unet(), Maps.of([alignment], probabilities))
    control.set([True])
    return control.controlled(probabilities)


def test_only_the_conditional_edited_row_changes_and_weights_scale_it() -> None:
    probabilities = torch.rand(4, 2, 5, 8)
    alignment = align(ids(1, 2), ids(1, 5, 2), END, "refine")
    alignment.weight[2] = 3.0
    found = controlled(alignment, probabilities)
    assert torch.equal(found[:3], probabilities[:3])
    assert torch.equal(found[3, ..., 1], probabilities[2, ..., 1])
    assert torch.allclose(found[3, ..., 2], 3 * probabilities[3, ..., 2])
    assert torch.equal(found[3, ..., 3], probabilities[2, ..., 2])


def test_of_a_batch_only_the_pairs_named_are_controlled() -> None:
    probabilities = torch.rand(8, 2, 5, 8)
    one = align(ids(1, 2), ids(1, 5), END, "replace")
    control = CrossAttentionControl(small_unet(), Maps.of([one, one], probabilities))
    control.set([False, True])
    found = control.controlled(probabilities)
    assert torch.equal(found[:7], probabilities[:7]) and torch.equal(found[7], probabilities[6])
    control.set([False, False])
    assert not control.on


def test_the_processor_is_diffusers_own_attention_where_nothing_is_mapped() -> None:
    unet = small_unet()
    rows, text = torch.randn(4, 4, 16, 16), torch.randn(4, 8, 32)
    with torch.inference_mode():
        plain = unet(rows, 5, text).sample
        before = [layer.processor for layer in cross_attentions(unet)]
        with CrossAttentionControl(unet, Maps.of([align(ids(1), ids(2), END, "none")], rows)) as control:
            off = unet(rows, 5, text).sample
            control.set([True])
            own = unet(rows, 5, text).sample
            control.maps = Maps.of([align(ids(1), ids(2), END, "replace")], rows)
            mapped = unet(rows, 5, text).sample
        after = unet(rows, 5, text).sample
    assert torch.equal(off, plain) and torch.equal(after, plain)
    assert (own - plain).abs().max() <= 1e-4
    assert (mapped - plain)[:3].abs().max() <= 1e-4 < (mapped - plain)[3].abs().max()
    assert [layer.processor for layer in cross_attentions(unet)] == before


def test_an_unknown_mode_is_refused() -> None:
    import pytest

    from ip2p_cli.api import UsageError

    with pytest.raises(UsageError, match="none, replace, refine"):
        CrossConfig("swap")
