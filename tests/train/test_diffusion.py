"""Targets, timesteps and weights, against the papers' formulas written down directly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ip2p_train.diffusion import (
    EPSILON,
    V,
    draw_timesteps,
    make_scheduler,
    middle_timesteps,
    min_snr_weights,
    place_weights,
    target_of,
)

SCHEDULERS = {
    EPSILON: make_scheduler(prediction_type=EPSILON, rescale_betas_zero_snr=False),
    V: make_scheduler(rescale_betas_zero_snr=False),
    "zero": make_scheduler(),
}


@settings(deadline=None)
@given(st.sampled_from(sorted(SCHEDULERS)), st.integers(0, 999), st.floats(0.5, 50))
def test_min_snr_weights_are_the_papers(name: str, timestep: int, gamma: float) -> None:
    scheduler = SCHEDULERS[name]
    alpha = float(scheduler.alphas_cumprod[timestep].double())
    snr = alpha / (1 - alpha)
    epsilon = min(snr, gamma) / snr if snr > 0 else 1.0
    expected = epsilon if name == EPSILON else min(snr, gamma) / (snr + 1)
    [found] = min_snr_weights(scheduler, torch.tensor([timestep]), gamma).tolist()
    assert math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-12)


def test_no_gamma_weighs_all_alike_and_no_weight_is_nan() -> None:
    every = torch.arange(1000)
    for scheduler in SCHEDULERS.values():
        assert min_snr_weights(scheduler, every, 0.0).tolist() == [1.0] * 1000
        weights = min_snr_weights(scheduler, every, 5.0)
        assert torch.isfinite(weights).all() and weights.min() >= 0 and weights.max() <= 1


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_target_and_noised_latents_give_back_the_picture(name: str) -> None:
    scheduler, g = SCHEDULERS[name], torch.Generator().manual_seed(0)
    x0, noise = torch.randn(5, 4, 8, 8, generator=g), torch.randn(5, 4, 8, 8, generator=g)
    t = torch.tensor([0, 100, 500, 800, 990])
    z, target = scheduler.add_noise(x0, noise, t), target_of(scheduler, x0, noise, t)
    alpha = scheduler.alphas_cumprod[t][:, None, None, None]
    if name == EPSILON:
        found = (z - (1 - alpha).sqrt() * target) / alpha.sqrt()
    else:
        found = alpha.sqrt() * z - (1 - alpha).sqrt() * target
    assert torch.allclose(found, x0, atol=1e-3)


def test_timesteps_are_uniform_or_favour_high_noise() -> None:
    g = torch.Generator().manual_seed(0)
    uniform = draw_timesteps(SCHEDULERS[V], g, 200_000)
    assert (uniform.min(), uniform.max()) == (0, 999)
    counts = torch.bincount(uniform // 100, minlength=10) / 200_000
    assert counts.tolist() == pytest.approx([0.1] * 10, abs=0.005)
    assert draw_timesteps(SCHEDULERS[V], g, 10_000, power=0.5).double().mean() > 600


def test_middle_timesteps_are_mostly_in_the_middle_and_reach_both_ends() -> None:
    drawn = middle_timesteps(SCHEDULERS["zero"], torch.Generator().manual_seed(0), 100_000)
    share = ((drawn >= 250) & (drawn < 750)).float().mean().item()
    logit_normal = math.erf(math.log(3) / math.sqrt(2))  # sigmoid(±log 3) is 1/4 and 3/4
    assert math.isclose(share, 0.2 * 0.5 + 0.8 * logit_normal, abs_tol=0.01)
    assert drawn.min() == 0 and drawn.max() == 999


@settings(deadline=None)
@given(
    shares=arrays(np.float32, (2, 1, 3, 4), elements=st.floats(0, 1, width=32)),
    weight=st.floats(1, 20),
    timestep=st.integers(0, 599),
)
def test_weights_of_places_are_of_mean_one_and_in_proportion(
    shares: NDArray[np.float32], weight: float, timestep: int
) -> None:
    some = torch.from_numpy(shares)
    weights = place_weights(make_scheduler(), some, torch.tensor([timestep, 600 + timestep // 2]), weight)
    torch.testing.assert_close(weights.mean(dim=(1, 2, 3)), torch.ones(2))
    raw = 1 + (weight - 1) * some[0]
    torch.testing.assert_close(weights[0], raw / raw.mean())
    assert torch.equal(weights[1], torch.ones(1, 3, 4)), "where nothing is placed yet, all weigh alike"
