"""What every sampler must do, whichever plugin it comes from. `check_sampler` runs it all.

The network here is an oracle: it knows the distribution of the clean latents, a Gaussian about each item's photo, and
predicts what the best possible network would. A right sampler then ends in samples of that Gaussian, whatever its
steps, spacing and prediction type; one that reads the noise schedule wrongly does not. A sampler without noise of its
own even ends at a point that is known exactly: on the way of the probability-flow ODE a latent keeps its place in the
Gaussian, counted in standard deviations.

What a checkpoint's schedule makes impossible a factory refuses (`ModelError`); `test_samplers.py` says what it is for
which sampler. Distilled networks (`LCMScheduler`, `TCDScheduler`) have an oracle of their own kind: it predicts the
end of the ODE at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.noise import initial_noise, item_generator
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.hookspecs import SamplerFactory
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER

CHANNELS, SIDE, SPREAD = 4, 16, 0.5
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "epsilon": SD_SCHEDULER,
    "v_prediction, zero SNR": MINI_SCHEDULER,
    "sample, zero SNR": {**MINI_SCHEDULER, "prediction_type": "sample"},
}
DISTILLED: Mapping[str, Mapping[str, Any]] = {
    "lcm": {**SD_SCHEDULER, "_class_name": "LCMScheduler"},
    "tcd": {**SD_SCHEDULER, "_class_name": "TCDScheduler"},
}


@dataclass
class Oracle:
    """Predicts as the best network for latents N(photo, SPREAD²) would; counts its calls.

    A distilled one is a consistency function (Song et al. 2023, arXiv 2303.01469): the ODE's end from any place on it.
    """

    config: Mapping[str, Any]
    calls: int = 0

    @property
    def distilled(self) -> bool:
        return self.config["_class_name"] in ("LCMScheduler", "TCDScheduler")

    def __call__(self, sample: Tensor, timestep: Tensor, **_: Any) -> tuple[Tensor]:
        self.calls += 1
        noisy, photo = sample[:, :CHANNELS].double(), sample[:, CHANNELS:].double()
        signal = self.signal(float(timestep))  # sqrt of the cumulative alpha
        noise = (1 - signal**2) ** 0.5
        if self.distilled:
            clean = self.end(noisy, photo, float(timestep))
        else:
            gain = SPREAD**2 * signal / (SPREAD**2 * signal**2 + noise**2)
            clean = photo + gain * (noisy - signal * photo)
        if self.config["prediction_type"] == "sample":
            return (clean.float(),)
        epsilon = (noisy - signal * clean) / noise
        if self.config["prediction_type"] == "epsilon":
            return (epsilon.float(),)
        return ((signal * epsilon - noise * clean).float(),)

    def end(self, noisy: Tensor, photo: Tensor, timestep: float) -> Tensor:
        """Where the probability-flow ODE leads from a place on it: as many standard deviations from the photo."""
        signal = self.signal(timestep)
        spread = (SPREAD**2 * signal**2 + 1 - signal**2) ** 0.5
        return photo + SPREAD * (noisy - signal * photo) / spread

    def signal(self, timestep: float) -> float:
        """Of the checkpoint's own schedule, by diffusers' reference scheduler; linear between its entries."""
        low = min(int(timestep), len(self._table) - 1)
        high = min(low + 1, len(self._table) - 1)
        share = timestep - int(timestep)
        return float(self._table[low] * (1 - share) + self._table[high] * share)

    @cached_property
    def _table(self) -> Tensor:
        from diffusers import DDIMScheduler

        keys = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "rescale_betas_zero_snr")
        own = {key: self.config[key] for key in keys if key in self.config}
        return DDIMScheduler(**own).alphas_cumprod.sqrt().double()


def run(
    factory: SamplerFactory, config: Mapping[str, Any], items: Sequence[int], steps: int = 20
) -> tuple[Tensor, Oracle]:
    """Denoise the numbered items together: each number stands for a photo, a guidance and a seed."""
    oracle = Oracle(config)
    generators = [_generator(item) for item in items]
    bucket = Bucket(
        photos=torch.stack([_photo(item) for item in items]),
        texts=torch.zeros(len(items), 2, 3),
        no_text=torch.zeros(2, 3),
        noise=torch.stack([_noise(generator) for generator in generators]),
        guidance=[Guidance(1.0, 1.0)] * len(items),
        generators=generators,
    )
    return denoise(Network(oracle, shorter=False), factory(config), steps, bucket, batch_size=4), oracle


def _generator(item: int) -> torch.Generator:
    return item_generator(item, b"photo", 0, 0)


def _noise(generator: torch.Generator) -> Tensor:
    return initial_noise(generator, CHANNELS, SIDE, SIDE)


def _photo(item: int) -> Tensor:
    return torch.full((CHANNELS, SIDE, SIDE), 0.4 * (item % 5) - 1.0)


def is_ancestral(factory: SamplerFactory, config: Mapping[str, Any]) -> bool:
    """Whether a sampler draws noise as it goes: then one start has other ends with other generators."""
    ends = []
    for seed in (1, 2):
        bucket = Bucket(
            photos=_photo(0)[None],
            texts=torch.zeros(1, 2, 3),
            no_text=torch.zeros(2, 3),
            noise=_noise(_generator(0))[None],
            guidance=[Guidance(1.0, 1.0)],
            generators=[_generator(seed)],
        )
        ends.append(denoise(Network(Oracle(config)), factory(config), 6, bucket, batch_size=1))
    return not torch.equal(*ends)


def check_sampler(factory: SamplerFactory) -> None:
    """Every part of the contract, for every kind of network."""
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
        spread = latents.std(dim=(1, 2, 3)).mean()  # of all items: one's own is off by 2 % by chance
        assert 0.7 * SPREAD < spread < 1.1 * SPREAD, (steps, spread)


def check_step_count(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """As many network calls a step as the sampler's order says (`order`, 1 unless it is a two-call one); a multistep
    sampler may need one more to start. Very few steps must work too."""
    for steps in (1, 2, 3, 12, 50):
        latents, oracle = run(factory, config, items=[0], steps=steps)
        assert steps <= oracle.calls <= getattr(factory(config), "order", 1) * steps + 1
        assert torch.isfinite(latents).all()


def check_noise_levels(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """The scheduler's own table of noise levels, where it has one, is the network's: it may differ only where the
    signal is too weak to see (below 1/40, where an infinite ratio may be replaced)."""
    table = getattr(factory(config), "alphas_cumprod", None)
    if table is None:
        return
    right = torch.tensor([Oracle(config).signal(t) for t in range(0, 1000, 37)])
    seen = right > 1 / 40
    torch.testing.assert_close(table[0:1000:37].sqrt()[seen].float(), right[seen].float(), rtol=1e-3, atol=0)


def check_converges(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """Without noise of its own: more steps come nearer to the ODE's end, which is known, and to each other."""
    if is_ancestral(factory, config):
        return
    ends = {steps: run(factory, config, items=[0, 3], steps=steps)[0] for steps in (10, 40, 80)}
    noise = torch.stack([_noise(_generator(item)) for item in (0, 3)])
    photos = torch.stack([_photo(item) for item in (0, 3)])
    end = Oracle(config).end(noise.double(), photos.double(), 999.0)
    distance = {steps: float((latents - end).abs().mean()) for steps, latents in ends.items()}
    assert distance[80] < 0.06 * SPREAD, distance
    assert distance[80] < distance[10] and distance[40] < distance[10], distance
    assert (ends[40] - ends[80]).abs().mean() < (ends[10] - ends[80]).abs().mean()


def check_deterministic(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """The same item twice gives the same bits: no state outlives a run, no noise comes from a global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first, _ = run(factory, config, items=[1, 2])
        torch.manual_seed(2)
        again, _ = run(factory, config, items=[1, 2])
    assert torch.equal(first, again)


def check_alone_or_together(factory: SamplerFactory, config: Mapping[str, Any]) -> None:
    """An item's latents do not depend on its neighbours or its place: noise of its own is from its own generator."""
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
    check_noise_levels,
    check_converges,
    check_deterministic,
    check_alone_or_together,
    check_seeds_matter,
)
