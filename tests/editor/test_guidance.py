from __future__ import annotations

import pytest
import torch

from ip2p_cli.editor.guidance import FULL, IMAGE, NONE, Combiner, Guidance, plan_rows
from ip2p_cli.errors import UsageError

CPU = torch.device("cpu")


def test_combination_is_equation_3_of_the_paper() -> None:
    full, image, none = torch.randn(3, 1, 4, 5, 6)
    combined = Combiner(plan_rows([Guidance(text=7.5, image=1.5)]), CPU)(torch.cat([full, image, none]))
    paper = none + 1.5 * (image - none) + 7.5 * (full - image)
    torch.testing.assert_close(combined, paper, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "image", "kinds"),
    [
        (7.5, 1.5, (FULL, IMAGE, NONE)),
        (7.5, 1.0, (FULL, IMAGE)),
        (1.5, 1.5, (FULL, NONE)),
        (1.0, 1.0, (FULL,)),
        (0.0, 1.0, (IMAGE,)),
        (0.0, 0.0, (NONE,)),
        (0.5, 0.7, (FULL, IMAGE, NONE)),  # below 1 the guidance still counts
    ],
)
def test_rows_with_coefficient_0_are_left_out(text: float, image: float, kinds: tuple[int, ...]) -> None:
    plan = plan_rows([Guidance(text, image)])
    assert plan.kinds == kinds
    assert sum(plan.weights[0]) == pytest.approx(1)


def test_left_out_rows_change_nothing() -> None:
    """Guidance 1 and a hair more, which needs more rows, agree."""
    rows = torch.randn(3, 2, 4, 4)
    one = Combiner(plan_rows([Guidance(1.0, 1.0)]), CPU)(rows[:1])
    near = Combiner(plan_rows([Guidance(1.0 + 1e-6, 1.0 + 2e-6)]), CPU)(rows)
    torch.testing.assert_close(one, near, rtol=0, atol=1e-4)


def test_mixed_batch_gives_each_item_its_own() -> None:
    scales = [Guidance(1.0, 1.0), Guidance(7.5, 1.5), Guidance(3.0, 1.0), Guidance(1.3, 1.3)]
    plan = plan_rows(scales)
    assert plan.items == (0, 1, 1, 1, 2, 2, 3, 3)
    rows = torch.randn(len(plan), 2, 3, 3)
    mixed = Combiner(plan, CPU)(rows)
    start = 0
    for item, guidance in enumerate(scales):
        alone = plan_rows([guidance])
        expected = Combiner(alone, CPU)(rows[start : start + len(alone)])
        assert torch.equal(mixed[item : item + 1], expected)
        start += len(alone)


def test_a_bad_row_stays_its_items_own() -> None:
    rows = torch.randn(4, 2, 3, 3)
    rows[0] = torch.nan
    combined = Combiner(plan_rows([Guidance(3.0, 1.0), Guidance(3.0, 1.0)]), CPU)(rows)
    assert combined[0].isnan().all()
    assert combined[1].isfinite().all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_senseless_guidance_is_refused(bad: float) -> None:
    with pytest.raises(UsageError, match="text guidance"):
        Guidance(bad, 1.0)
    with pytest.raises(UsageError, match="image guidance"):
        Guidance(1.0, bad)
