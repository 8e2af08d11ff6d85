"""Every registered sampler, built in or not, keeps the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

import ip2p_samplers
from ip2p_cli.editor.noise import initial_noise, item_generator
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.plugin_manager import collect_samplers, create_plugin_manager
from tests.contracts import sampler_contract as contract
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER

NAMES = ("ddim", "dpm++2m", "dpm++2m-karras", "euler", "euler_a", "pndm", "unipc")


def registered() -> Mapping[str, SamplerFactory]:
    manager = create_plugin_manager()
    if not manager.is_registered(ip2p_samplers):
        manager.register(ip2p_samplers, name="samplers")  # a checkout that is not installed has no entry points
    return collect_samplers(manager)


SAMPLERS = registered()


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("network", contract.CONFIGS)
@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_contract(name: str, network: str, check: Callable[..., None]) -> None:
    check(SAMPLERS[name], contract.CONFIGS[network])


def test_promised_names() -> None:
    assert set(NAMES) <= set(SAMPLERS)


def test_contract_rejects_a_sampler_that_takes_v_for_noise() -> None:
    def wrong(config: Mapping[str, Any]) -> Any:
        return SAMPLERS["euler"](dict(config) | {"prediction_type": "epsilon"})

    with pytest.raises(AssertionError):
        contract.check_samples(wrong, MINI_SCHEDULER)


def test_contract_rejects_a_sampler_with_a_global_generator() -> None:
    def wrong(config: Mapping[str, Any]) -> Any:
        scheduler = SAMPLERS["euler"](config)
        step = scheduler.step

        def noisy_step(output: Tensor, timestep: Tensor, sample: Tensor, return_dict: bool = False) -> tuple[Tensor]:
            [result] = step(output, timestep, sample, return_dict=False)[:1]
            return (result + 0.01 * torch.randn(result.shape),)

        scheduler.step = noisy_step
        return scheduler

    with pytest.raises(AssertionError):
        contract.check_deterministic(wrong, SD_SCHEDULER)


def test_ancestral_noise_is_the_items_own() -> None:
    """Two items of one photo, one start and two generators part ways in euler_a alone."""
    ends = {}
    for name in ("euler", "euler_a"):
        generators = [item_generator(seed, b"photo", 0, 0) for seed in (1, 2)]
        noise = initial_noise(item_generator(0, b"photo", 0, 0), contract.CHANNELS, contract.SIDE, contract.SIDE)
        bucket = contract.Bucket(
            photos=torch.zeros(2, contract.CHANNELS, contract.SIDE, contract.SIDE),
            texts=torch.zeros(2, 2, 3),
            no_text=torch.zeros(2, 3),
            noise=torch.stack([noise, noise]),
            guidance=[contract.Guidance(1.0, 1.0)] * 2,
            generators=generators,
        )
        oracle = contract.Oracle(SD_SCHEDULER)
        ends[name] = contract.denoise(oracle, SAMPLERS[name](SD_SCHEDULER), 10, bucket, rows_at_once=2)
    assert torch.equal(ends["euler"][0], ends["euler"][1])
    assert (ends["euler_a"][0] - ends["euler_a"][1]).abs().mean() > 0.05


def test_a_checkpoints_karras_sigmas_do_not_reach_the_plain_sampler() -> None:
    config = dict(SD_SCHEDULER) | {"use_karras_sigmas": True}
    assert not SAMPLERS["dpm++2m"](config).config.use_karras_sigmas
    assert SAMPLERS["dpm++2m-karras"](SD_SCHEDULER).config.use_karras_sigmas
