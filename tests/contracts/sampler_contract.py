"""What every sampler must do, whichever plugin it comes from. `check_sampler` runs it all.

The network here is an oracle: it knows the distribution of the clean latents, a Gaussian about each item's photo, and
predicts what the best possible network would. A right sampler then ends in samples of that Gaussian, whatever its
steps, spacing and prediction type; one that reads the noise schedule wrongly does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.editor.denoise import Bucket, denoise
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.noise import initial_noise, item_generator
from ip2p_cli.hookspecs import SamplerFactory
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER

CHANNELS, SIDE, SPREAD = 4, 16, 0.5
CONFIGS: Mapping[str, Mapping[str, Any]] = {"epsilon": SD_SCHEDULER, "v_prediction, zero SNR": MINI_SCHEDULER}


@dataclass
class Oracle:
    """Predicts as the best network for latents N(photo, SPREAD²) would; counts its calls."""

    config: Mapping[str, Any]
    calls: int = 0

    def __call__(self, sample: Tensor, timestep: Tensor, **_: Any) -> tuple[Tensor]:
        self.calls += 1
        noisy, photo = sample[:, :CHANNELS].double(), sample[:, CHANNELS:].double()
        signal = self._signal(float(timestep))  # sqrt of the cumulative alpha
        noise = (1 - signal**2) ** 0.5
        gain = SPREAD**2 * signal / (SPREAD**2 * signal**2 + noise**2)
        clean = photo + gain * (noisy - signal * photo)
        epsilon = (noisy - signal * clean) / noise
        if self.config["prediction_type"] == "epsilon":
            return (epsilon.float(),)
        return ((signal * epsilon - noise * clean).float(),)

    def _signal(self, timestep: float) -> float:
        """Of the checkpoint's own schedule, by diffusers' reference scheduler; linear between its entries."""
        from diffusers import DDIMScheduler

        keys = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "rescale_betas_zero_snr")
        table = DDIMScheduler(**{key: self.config[key] for key in keys if key in self.config}).alphas_cumprod.sqrt()
        low = min(int(timestep), len(table) - 1)
        high = min(low + 1, len(table) - 1)
        share = timestep - int(timestep)
        return float(table[low].double() * (1 - share) + table[high].double() * share)


def run(
    factory: SamplerFactory, config: Mapping[str, Any], items: Sequence[int], steps: int = 20
) -> tuple[Tensor, Oracle]:
    """Denoise the numbered items together: each number stands for a photo, a guidance and a seed."""
    oracle = Oracle(config)
    generators = [item_generator(item, b"photo", 0, 0) for item in items]
    bucket = Bucket(
        photos=torch.stack([_photo(item) for item in items]),
        texts=torch.zeros(len(items), 2, 3),
        no_text=torch.zeros(2, 3),
        noise=torch.stack([initial_noise(generator, CHANNELS, SIDE, SIDE) for generator in generators]),
        guidance=[Guidance(1.0, 1.0)] * len(items),
        generators=generators,
    )
    return denoise(oracle, factory(config), steps, bucket, rows_at_once=4), oracle


def _photo(item: int) -> Tensor:
    return torch.full((CHANNELS, SIDE, SIDE), 0.4 * (item % 5) - 1.0)


def check_sampler(factory: SamplerFactory) -> None:
    """Every part of the contract, for both kinds of network."""
    for config in CONFIGS.values():
        for check in CHECKS:
            check(factory, config)


def check_samples(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """Finite, and drawn from the Gaussian that the oracle knows."""
    for steps in (12, 20, 50):
        latents, _ = run(factory, config, items=[0, 1, 2, 3], steps=steps)
        assert torch.isfinite(latents).all()
        assert latents.dtype == torch.float32
        for item, each in enumerate(latents):
            assert abs(each.mean() - _photo(item).mean()) < 0.1, (steps, item)
            assert 0.7 * SPREAD < each.std() < 1.1 * SPREAD, (steps, item)


def check_step_count(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """One network call a step; a multistep sampler may need one more to start. Very few steps must work too."""
    for steps in (1, 2, 3, 12, 50):
        latents, oracle = run(factory, config, items=[0], steps=steps)
        assert steps <= oracle.calls <= steps + 1
        assert torch.isfinite(latents).all()


def check_deterministic(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """The same item twice gives the same bits: no state outlives a run, no noise comes from a global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first, _ = run(factory, config, items=[1, 2])
        torch.manual_seed(2)
        again, _ = run(factory, config, items=[1, 2])
    assert torch.equal(first, again)


def check_alone_or_together(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """An item's latents do not depend on its neighbours or its place."""
    together, _ = run(factory, config, items=[0, 1, 2, 3, 4])
    shuffled, _ = run(factory, config, items=[3, 0, 4])
    alone, _ = run(factory, config, items=[3])
    torch.testing.assert_close(together[3], alone[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(shuffled[0], alone[0], rtol=0, atol=1e-5)


def check_seeds_matter(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """Items 0 and 5 share a photo and differ in their seed alone."""
    latents, _ = run(factory, config, items=[0, 5])
    assert (latents[0] - latents[1]).abs().mean() > 0.2 * SPREAD


CHECKS: tuple[Callable[[SamplerFactory, Mapping[str, Any]], None], ...] = (
    check_samples,
    check_step_count,
    check_deterministic,
    check_alone_or_together,
    check_seeds_matter,
)
