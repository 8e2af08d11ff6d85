"""Which steps do less, and that what is taken over is what it stands for."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ip2p_cli.accelerations import EXACT, parse_accelerations
from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.fast import feature_reuse, guidance_interval, guidance_reuse, late_guidance
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.editor.steps import plan_steps
from ip2p_cli.errors import UsageError
from ip2p_samplers import ip2p_register_samplers
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER

SIGNALS = [0.0, 0.11, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99]  # √ᾱ of eight steps, the first of noise alone


def test_guidance_at_middling_noise_only() -> None:
    assert guidance_interval.guided(SIGNALS) == [False, False, True, True, True, True, True, False]


@pytest.mark.parametrize(("steps", "guided"), [(1, 1), (3, 3), (4, 3), (20, 15)])
def test_no_guidance_in_the_last_quarter(steps: int, guided: int) -> None:
    assert late_guidance.guided([0.5] * steps) == [True] * guided + [False] * (steps - guided)


def test_guidance_is_kept_for_every_second_guided_step_and_never_before_there_is_some() -> None:
    guided = guidance_reuse.guided(SIGNALS)
    assert guided == [False] + [True] * 7
    assert guidance_reuse.kept(guided) == [False, False, True, False, True, False, True, False]
    assert guidance_reuse.kept([True, False, True, True]) == [False, False, True, False]
    assert guidance_reuse.guided([0.0]) == [True], "a single step is guided"


def test_features_are_kept_for_every_second_step_after_the_first_two() -> None:
    assert feature_reuse.kept([True] * 8) == [False, False, True, False, True, False, True, False]


@given(st.lists(st.booleans(), max_size=60))
def test_features_are_of_the_last_step_like_it_or_the_one_before(whole: list[bool]) -> None:
    """Steps of all rows and steps of one row have features of their own: neither runs on those of long ago."""
    kept = feature_reuse.kept(whole)
    for kind in (True, False):
        of_kind = [keeps for keeps, each in zip(kept, whole, strict=True) if each is kind]
        assert of_kind == ([False] + [False, True] * len(of_kind))[: len(of_kind)]


@pytest.mark.parametrize("config", [MINI_SCHEDULER, SD_SCHEDULER])
def test_with_guidance_reused_each_kind_of_step_gets_fresh_features(config: dict[str, Any]) -> None:
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler.from_config(config)
    scheduler.set_timesteps(20)
    plans = plan_steps(parse_accelerations(["guidance-reuse", "feature-reuse"]), scheduler, scheduler.timesteps)
    for whole in (True, False):
        kept = [plan.keeps_features for plan in plans if plan.whole is whole]
        assert 0.3 * len(kept) <= sum(kept) <= 0.5 * len(kept)
        assert not any(one and following for one, following in itertools.pairwise(kept))


def test_a_sampler_without_a_schedule_runs_exactly_and_is_refused_otherwise() -> None:
    plans = plan_steps(EXACT, object(), torch.tensor([900, 100]))
    assert [plan.whole for plan in plans] == [True, True]
    with pytest.raises(UsageError, match="has no schedule"):
        plan_steps(parse_accelerations(["guidance-reuse"]), object(), torch.tensor([900, 100]))


class Shifts:
    """Predicts what each row's text and photo say, the same noise at all steps, as one of the prediction types."""

    def __init__(self, config: dict[str, Any]) -> None:
        from diffusers import DDIMScheduler

        self.scheduler = DDIMScheduler.from_config(config)
        self.rows: list[int] = []

    def __call__(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **_: Any) -> tuple[Tensor]:
        self.rows.append(len(sample))
        noisy, photo = sample[:, :4], sample[:, 4:]
        noise = 0.5 * noisy + photo + encoder_hidden_states.mean((1, 2))[:, None, None, None]
        signal = float(self.scheduler.alphas_cumprod[int(timestep)]) ** 0.5
        sigma = (1 - signal**2) ** 0.5
        clean = (noisy - sigma * noise) / max(signal, 1e-3)
        kind = self.scheduler.config.prediction_type
        if kind == "epsilon":
            return (noise,)
        return (clean,) if kind == "sample" else (signal * noise - sigma * clean,)


def bucket(count: int = 3) -> Bucket:
    generator = torch.Generator().manual_seed(0)
    return Bucket(
        photos=0.1 * torch.randn(count, 4, 8, 8, generator=generator),
        texts=0.05 * torch.arange(1, count + 1).float()[:, None, None].expand(count, 5, 6),
        no_text=torch.zeros(5, 6),
        noise=torch.randn(count, 4, 8, 8, generator=generator),
        guidance=[Guidance(3.0, 1.3), Guidance(3.0, 1.0), Guidance(0.0, 1.2)][:count],
        generators=[torch.Generator()] * count,
    )


def run(network: Shifts, *names: str, steps: int = 8) -> Tensor:
    scheduler = ip2p_register_samplers()["ddim"](dict(network.scheduler.config))
    accelerations = parse_accelerations(names)
    return denoise(Network(network, shorter=False), scheduler, steps, bucket(), 8, accelerations)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_kept_guidance_is_exact_where_guidance_does_not_change(kind: str) -> None:
    """In noise, that is: as other predictions what is the same noise is another number at every step."""
    network = Shifts({**SD_SCHEDULER, "prediction_type": kind})
    whole = run(network)
    torch.testing.assert_close(run(network, "guidance-reuse"), whole, rtol=0, atol=5e-3)
    assert (run(network, "late-guidance") - whole).abs().mean() > 0.02, "the guidance does count"


@pytest.mark.parametrize(
    ("name", "calls"),
    [("none", 8), ("late-guidance", 8), ("guidance-reuse", 8), ("guidance-interval", 8), ("feature-reuse", 8)],
)
def test_a_network_of_an_unknown_kind_is_called_at_every_step(name: str, calls: int) -> None:
    network = Shifts(dict(MINI_SCHEDULER))
    assert torch.isfinite(run(network, name)).all()
    assert network.rows == [8] * calls


def test_a_kept_or_dropped_guidance_costs_one_row_an_item() -> None:
    scheduler = ip2p_register_samplers()["ddim"](dict(MINI_SCHEDULER))
    for name, rows in (("none", 8 * 7), ("late-guidance", 6 * 7 + 2 * 3), ("guidance-reuse", 4 * 7 + 4 * 3)):
        network = Shifts(dict(MINI_SCHEDULER))
        for item in range(3):  # each alone: no padding
            one = bucket()
            alone = Bucket(
                one.photos[item, None], one.texts[item, None], one.no_text, one.noise[item, None],
                [one.guidance[item]], [torch.Generator()],
            )  # fmt: skip
            denoise(Network(network), scheduler, 8, alone, 1, parse_accelerations([name]))
        assert sum(network.rows) == rows, name


def test_without_text_guidance_the_plain_row_is_that_of_the_photo() -> None:
    """Item 2 does not follow its text; it must not begin to where guidance is left out."""
    network, other = Shifts(dict(MINI_SCHEDULER)), bucket()
    scheduler = ip2p_register_samplers()["ddim"](dict(MINI_SCHEDULER))
    accelerations = parse_accelerations(["late-guidance", "guidance-reuse"])
    texts = other.texts.clone()
    texts[2] = 7.0
    ends = [
        denoise(
            Network(network, shorter=False), scheduler, 8, Bucket(**{**vars(other), "texts": each}), 8, accelerations
        )
        for each in (other.texts, texts)
    ]
    assert torch.equal(ends[0][2], ends[1][2])
