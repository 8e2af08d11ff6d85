"""The loop: a killed and resumed run has the very loss curve of an uninterrupted one."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from ip2p_cli.api import MissingExtra, UsageError
from ip2p_train import loop
from ip2p_train.config import LoopConfig
from ip2p_train.loop import NonFiniteLoss, _average, train
from ip2p_train.optimizers import make_optimizer
from ip2p_train.schedule import learning_rate_at, step_generator

CONFIG = LoopConfig(
    max_steps=12,
    batch_size=4,
    learning_rate=1e-2,
    warmup_steps=3,
    log_every=1,
    checkpoint_seconds=0.0,
    precision="fp32",
)


class Line:
    """Fits y = 2x + 1."""

    def __init__(self, spoil_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Linear(1, 1)
        self.calls, self.spoil_at = 0, spoil_at

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        self.calls += 1
        x = torch.randn(batch_size, 1, generator=generator)
        loss = (self.model(x) - 2 * x - 1).pow(2).mean()
        return (loss * float("nan") if self.calls == self.spoil_at else loss), {}

    def save(self, folder: Path) -> None:
        torch.save(self.model.state_dict(), folder / "line.pt")


@pytest.mark.parametrize("stop", [1, 4, 11])
def test_a_stopped_run_resumes_bit_equal(tmp_path: Path, stop: int) -> None:
    whole = [record["loss"] for record in train(Line(), CONFIG, tmp_path / "a", resume=False)]
    run = train(Line(), CONFIG, tmp_path / "b", resume=False)
    first = [next(run)["loss"] for _ in range(stop)]
    run.close()  # killed: the checkpoint of the last step but one or later is on disk
    rest = list(train(Line(), CONFIG, tmp_path / "b", resume=True))
    assert first == whole[:stop]
    assert [record["loss"] for record in rest] == whole[rest[0]["step"] - 1 :]
    final = [torch.load(tmp_path / name / "line.pt", weights_only=True) for name in "ab"]
    assert all(torch.equal(final[0][key], final[1][key]) for key in final[0])


def test_every_step_draws_from_its_own_generator(tmp_path: Path) -> None:
    seeds = []

    class Noting(Line):
        def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
            seeds.append(generator.initial_seed())
            return super().loss(generator, batch_size)

    list(train(Noting(), CONFIG, tmp_path, resume=False))
    assert seeds == [step_generator(CONFIG.seed, step).initial_seed() for step in range(CONFIG.max_steps)]
    assert len(set(seeds)) == CONFIG.max_steps


def test_each_step_goes_as_far_as_rate_and_clipped_gradient_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By plain gradient descent, so that a step's length is the rate times the gradient's norm, which is 0.1 here."""
    monkeypatch.setattr(loop, "make_optimizer", lambda model, *_: torch.optim.SGD(model.parameters()))
    part, places = Line(), list[Tensor]()
    config = replace(CONFIG, max_grad_norm=0.1)
    places.append(_place(part))
    for record in train(part, config, tmp_path, resume=False):
        assert record["grad_norm"] > 0.1  # as it was
        places.append(_place(part))
    steps = [float((after - before).norm()) for before, after in pairwise(places)]
    wanted = [0.1 * learning_rate_at(step, config) for step in range(config.max_steps)]
    assert steps == pytest.approx(wanted, rel=1e-2)


def _place(part: Line) -> Tensor:
    return torch.cat([parameter.detach().clone().double().flatten() for parameter in part.model.parameters()])


def test_what_is_saved_is_the_average_of_the_steps(tmp_path: Path) -> None:
    part, places = Line(), list[Tensor]()
    config = replace(CONFIG, ema_decay=0.5)
    for _ in train(part, config, tmp_path, resume=False):
        places.append(_place(part))
    average = places[0]  # its first decay is 0
    for number, place in enumerate(places[1:], start=1):
        decay = min(0.5, 1 - (1 + number) ** -0.75)
        average = decay * average + (1 - decay) * place
    saved = torch.load(tmp_path / "line.pt", weights_only=True)
    assert torch.cat([saved["weight"].flatten(), saved["bias"]]).double() == pytest.approx(average, abs=1e-6)
    assert float((average - places[-1]).norm()) > 1e-4


def test_resume_without_a_checkpoint_starts_fresh(tmp_path: Path) -> None:
    assert next(train(Line(), CONFIG, tmp_path, resume=True))["step"] == 1


def test_a_nan_loss_stops_the_run_and_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="step 2"):
        list(train(Line(spoil_at=3), CONFIG, tmp_path, resume=False))


class Steep(Line):
    """From its third batch on, its gradient is NaN where its loss is 0: the slope of a square root at 0."""

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        loss, figures = super().loss(generator, batch_size)
        return (loss if self.calls < 3 else (0 * loss).sqrt()), figures


def test_a_gradient_that_is_no_number_stops_the_run_before_the_weights_are_spoilt(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="norm of the gradient is nan at step 2"):
        list(train(Steep(), CONFIG, tmp_path, resume=False))
    state = torch.load(tmp_path / ".train" / "state.pt", weights_only=True)
    assert state["step"] == 2 and all(torch.isfinite(weight).all() for weight in state["model"].values())


class Named(Line):
    """Has forty rows in a batch, and can say which."""

    def names(self, generator: torch.Generator, batch_size: int) -> list[str]:
        return [f"row {number}" for number in torch.randperm(40, generator=generator).tolist()]


def test_a_nan_loss_names_the_batch(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss) as caught:
        list(train(Named(spoil_at=3), CONFIG, tmp_path, resume=False))
    expected = Named().names(step_generator(CONFIG.seed, 2), 4)
    assert f"at step 2 (seed 0), whose batch is {', '.join(expected[:32])} and 8 more; lower" in str(caught.value)


def test_a_run_of_another_seed_is_not_gone_on_with(tmp_path: Path) -> None:
    list(train(Line(), replace(CONFIG, max_steps=2), tmp_path, resume=False))
    with pytest.raises(UsageError, match="is of seed 0, not 5"):
        next(train(Line(), replace(CONFIG, seed=5), tmp_path, resume=True))


def test_the_average_forgets_the_start_and_reaches_its_decay() -> None:
    average = _average(list(nn.Linear(1, 1).parameters()), LoopConfig())
    decays = [average.get_decay(step) for step in (1, 2, 100, 10_000, 1_000_000)]
    assert decays == sorted(decays) and decays[0] == 0 and decays[-1] == 0.9999
    assert decays[2] == pytest.approx(1 - 100**-0.75)  # of 99 steps before: as the config's comment has it


def test_eight_bit_adam_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(CONFIG, optimizer="adamw8bit")
    for name in ("bitsandbytes", "bitsandbytes.optim"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[adam8bit\]'"):
        make_optimizer(nn.Linear(1, 1), settings, torch.device("cuda"))
    fake = ModuleType("bitsandbytes.optim")
    fake.AdamW8bit = lambda parameters, **given: (parameters, given)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", fake)
    _, given = make_optimizer(nn.Linear(1, 1), settings, torch.device("cuda"))  # type: ignore[misc]
    assert given == {"lr": 1e-2, "betas": (0.9, 0.99), "weight_decay": 0.01}
    with pytest.raises(UsageError, match="needs CUDA, not cpu"):
        make_optimizer(nn.Linear(1, 1), settings, torch.device("cpu"))


def test_step_generators_are_repeatable_and_apart() -> None:
    draws = {torch.rand(1, generator=step_generator(0, step)).item() for step in range(50)}
    assert len(draws) == 50
    assert torch.equal(torch.rand(3, generator=step_generator(1, 2)), torch.rand(3, generator=step_generator(1, 2)))


def test_the_learning_rate_warms_up_then_falls_to_its_floor() -> None:
    rates = [learning_rate_at(step, replace(CONFIG, max_steps=100, warmup_steps=10)) for step in range(101)]
    assert rates[0] < rates[5] < rates[10] == max(rates)
    assert rates[100] == pytest.approx(0.05 * CONFIG.learning_rate)
