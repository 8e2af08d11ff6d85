from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import avg_pool2d

from ip2p_cli.editor.windows import BLOCK, window_means

SIDES = st.integers(1, 2 * BLOCK + 5)


@given(height=SIDES, width=SIDES, radius=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_they_are_the_means_over_windows_cut_at_the_borders(height: int, width: int, radius: int) -> None:
    x = torch.rand(2, height, width, generator=torch.Generator().manual_seed(height))
    if radius <= min(height, width) // 2:
        expected = avg_pool2d(x, 2 * radius + 1, 1, radius, count_include_pad=False)
        torch.testing.assert_close(window_means(x, radius), expected, rtol=0, atol=1e-6)
    flat = torch.full((height, width), 0.3)
    torch.testing.assert_close(window_means(flat, radius), flat, rtol=0, atol=1e-6)


@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK])
def test_a_point_is_seen_as_far_as_the_radius_goes(place: int) -> None:
    x = torch.zeros(1, 2 * BLOCK + 1)
    x[0, place] = 1
    seen = window_means(x, 3)[0].nonzero().flatten().tolist()
    assert seen == [column for column in range(2 * BLOCK + 1) if abs(column - place) <= 3]
