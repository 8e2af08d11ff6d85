"""Every registered sampler, built in or not, keeps the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

import ip2p_samplers
from ip2p_cli.editor.noise import initial_noise, item_generator
from ip2p_cli.errors import ModelError, UsageError
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.plugin_manager import collect_samplers, create_plugin_manager
from ip2p_cli.sampler_names import own_names, sampler_named
from ip2p_samplers import factories
from ip2p_samplers.schedules import cut, make
from tests.contracts import sampler_contract as contract
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER

NAMES = (
    "ddim", "ddpm", "deis", "dpm++2m", "dpm++2m-karras", "dpm++2m-sde", "dpm++2m-sde-karras", "dpm++2s", "dpm++sde",
    "dpm++sde-karras", "euler", "euler_a", "heun", "kdpm2", "kdpm2_a", "lcm", "lms", "lms-karras", "pndm", "sa-solver",
    "tcd", "unipc",
)  # fmt: skip
ANCESTRAL = {
    "ddpm", "dpm++2m-sde", "dpm++2m-sde-karras", "dpm++sde", "dpm++sde-karras", "euler_a", "kdpm2_a", "sa-solver",
}  # fmt: skip
NO_SAMPLE = "predicts the clean picture"  # diffusers has not written it
TOO_NARROW = "zero-terminal SNR"  # measured by check_samples: see docs/samplers.md
NOT_DISTILLED = "distilled"
REFUSED = {
    "epsilon": {"lcm": NOT_DISTILLED, "tcd": NOT_DISTILLED},
    "v_prediction, zero SNR": {
        "dpm++sde-karras": TOO_NARROW,
        "lcm": NOT_DISTILLED,
        "tcd": NOT_DISTILLED,
    },
}
REFUSED["sample, zero SNR"] = REFUSED["v_prediction, zero SNR"] | dict.fromkeys(
    ("euler_a", "kdpm2", "kdpm2_a", "pndm"), NO_SAMPLE
)


def registered() -> Mapping[str, SamplerFactory]:
    manager = create_plugin_manager()
    if not manager.is_registered(ip2p_samplers):
        manager.register(ip2p_samplers, name="samplers")  # a checkout that is not installed has no entry points
    return collect_samplers(manager)


SAMPLERS = registered()
RUN = [(name, network) for name in sorted(own_names(SAMPLERS)) for network in contract.CONFIGS]


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "network"), [pair for pair in RUN if pair[0] not in REFUSED[pair[1]]])
def test_contract(name: str, network: str, check: Callable[..., None]) -> None:
    check(SAMPLERS[name], contract.CONFIGS[network])


@pytest.mark.parametrize(("name", "network"), [(name, network) for network, names in REFUSED.items() for name in names])
def test_what_cannot_be_run_is_refused_with_the_reason(name: str, network: str) -> None:
    with pytest.raises(ModelError, match=f"sampler '{re.escape(name)}'.*{REFUSED[network][name]}.*--sampler"):
        SAMPLERS[name](contract.CONFIGS[network])


def test_what_is_refused_at_zero_snr_was_measured_there() -> None:
    """The refusal is no guess: the same scheduler, not refused, fails the contract."""

    def unguarded(config: Mapping[str, Any]) -> Any:
        return make(type(SAMPLERS["dpm++sde"](config)).__name__, cut(config), **factories._KARRAS, **factories._SDE)

    with pytest.raises(AssertionError):
        contract.check_samples(unguarded, MINI_SCHEDULER)


@pytest.mark.parametrize(("name", "steps"), [("lcm", 1), ("lcm", 4), ("lcm", 8), ("tcd", 1)])
def test_few_step_samplers_run_distilled_checkpoints(name: str, steps: int) -> None:
    """The samples of an ideal distilled network are right from the first step on.

    For tcd this oracle is ideal with one step only: with more, that network is asked for points on the way.
    """
    config = contract.DISTILLED[name]
    latents, oracle = contract.run(SAMPLERS[name], config, items=[0, 1, 2, 3], steps=steps)
    assert oracle.calls == steps
    for item, each in enumerate(latents):
        assert abs(each.mean() - contract._photo(item).mean()) < 0.1
        assert 0.7 * contract.SPREAD < each.std() < 1.1 * contract.SPREAD
    contract.check_deterministic(SAMPLERS[name], config)
    contract.check_alone_or_together(SAMPLERS[name], config)
    contract.check_noise_levels(SAMPLERS[name], config)


def test_promised_names() -> None:
    assert set(NAMES) == set(own_names(ip2p_samplers.ip2p_register_samplers()))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"lcm", "tcd"}))
def test_which_are_ancestral(name: str) -> None:
    assert contract.is_ancestral(SAMPLERS[name], SD_SCHEDULER) == (name in ANCESTRAL)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("k_euler_a", "euler_a"), ("k_euler", "euler"), ("euler a", "euler_a"), ("Euler a", "euler_a"),
        ("dpm++ 2m karras", "dpm++2m-karras"), ("DPM++ 2M Karras", "dpm++2m-karras"), ("dpmpp_2m", "dpm++2m"),
        ("dpm++ 2m sde", "dpm++2m-sde"), ("dpm++ sde", "dpm++sde"), ("dpmpp_2m_sde_karras", "dpm++2m-sde-karras"),
        ("uni_pc", "unipc"), ("UniPC", "unipc"), ("plms", "pndm"), ("k_dpm_2_a", "kdpm2_a"), ("k_dpm_2", "kdpm2"),
        ("DPM2", "kdpm2"), ("k_heun", "heun"), ("k_lms", "lms"), ("LMS Karras", "lms-karras"), ("DPM++ 2S", "dpm++2s"),
        ("dpm_2_ancestral", "kdpm2_a"), ("SA Solver", "sa-solver"),
    ],
)  # fmt: skip
def test_the_names_that_people_know(asked: str, name: str) -> None:
    assert sampler_named(asked, SAMPLERS) == name


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_name_in_any_spelling_is_its_sampler(name: str) -> None:
    own = sampler_named(name, SAMPLERS)
    assert SAMPLERS[own] is SAMPLERS[name]
    for spelling in (name.upper(), name.replace("-", " "), name.replace("_", "-"), name.replace("++", "pp")):
        assert sampler_named(spelling, SAMPLERS) == own


@pytest.mark.parametrize(
    ("wrong", "near"), [("dpm++2m-caras", "dpm++2m-karras"), ("huen", "heun"), ("unipic", "unipc")]
)
def test_a_wrong_name_suggests_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{re.escape(near)}'"):
        sampler_named(wrong, SAMPLERS)


def test_where_nothing_is_near_the_samplers_are_listed_once_each() -> None:
    with pytest.raises(UsageError, match="known: ddim, ddpm, deis") as told:
        sampler_named("xyzzy", ip2p_samplers.ip2p_register_samplers())
    assert "plms" not in str(told.value)


def test_a_plugins_factory_of_two_names_has_one() -> None:
    def factory(config: Mapping[str, Any]) -> Any:
        raise AssertionError

    samplers = {"mine": factory, "its other name": factory, "Mine": SAMPLERS["ddim"]}
    assert sampler_named("its_other_name", samplers) == "mine"
    assert sampler_named("Mine", samplers) == "Mine"  # an exact name wins


def test_contract_rejects_a_sampler_that_leaves_out_the_zero_snr() -> None:
    """diffusers' own do, where they do not know the setting: nothing tells, but the edit is another one."""

    def wrong(config: Mapping[str, Any]) -> Any:
        return make("DEISMultistepScheduler", config)

    with pytest.raises(AssertionError):
        contract.check_noise_levels(wrong, MINI_SCHEDULER)


def test_contract_rejects_a_sampler_that_never_arrives() -> None:
    def wrong(config: Mapping[str, Any]) -> Any:
        scheduler = SAMPLERS["ddim"](config)
        set_timesteps = scheduler.set_timesteps
        scheduler.set_timesteps = lambda steps, device: set_timesteps(min(steps, 12), device=device)
        return scheduler

    with pytest.raises(AssertionError):
        contract.check_converges(wrong, SD_SCHEDULER)


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
        network = contract.Network(oracle, shorter=False)
        ends[name] = contract.denoise(network, SAMPLERS[name](SD_SCHEDULER), 10, bucket, batch_size=2)
    assert torch.equal(ends["euler"][0], ends["euler"][1])
    assert (ends["euler_a"][0] - ends["euler_a"][1]).abs().mean() > 0.05


def test_a_checkpoints_karras_sigmas_do_not_reach_the_plain_sampler() -> None:
    config = dict(SD_SCHEDULER) | {"use_karras_sigmas": True}
    assert not SAMPLERS["dpm++2m"](config).config.use_karras_sigmas
    assert SAMPLERS["dpm++2m-karras"](SD_SCHEDULER).config.use_karras_sigmas
