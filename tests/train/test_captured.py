"""CUDA graphs of training steps: refused where they cannot be, and the same training where they can (needs a GPU)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ip2p_cli.api import UsageError
from ip2p_train.config import EditorConfig, LoopConfig, LoraConfig, TrainConfig
from ip2p_train.loop import train
from ip2p_train.optimizers import make_optimizer, set_learning_rate
from ip2p_train.part import Part
from ip2p_train.processes import Processes
from ip2p_train.schedule import step_generator
from ip2p_train.settings_check import check_settings
from ip2p_train.steps import Learner
from tests.train.small import LOOP, editor_part, write_pairs, write_text_to_image

GRAPH = replace(LOOP, cuda_graph=True, max_steps=12, checkpoint_seconds=1e9)


class Plain:
    """A part that can only give its loss."""

    def __init__(self) -> None:
        self.model: nn.Module = nn.Linear(1, 1)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        return self.model(torch.rand(batch_size, 1, generator=generator)).mean(), {}

    def save(self, folder: Path) -> None: ...


def _learner(part: Part, config: LoopConfig, device: str, processes: Processes = Processes()) -> Learner:
    optimizer = make_optimizer(part.model, config, torch.device("cpu"))
    return Learner(part, config, torch.device(device), processes, optimizer, list(part.model.parameters()))


def test_a_part_that_does_not_draw_apart_is_refused_on_cuda_alone() -> None:
    _learner(Plain(), GRAPH, "cpu").check()
    with pytest.raises(UsageError, match="cuda_graph is for an editor or an autoencoder, in one process"):
        _learner(Plain(), GRAPH, "cuda").check()


@pytest.mark.parametrize(("processes", "micro_batch"), [(Processes(0, 2), 0), (Processes(), 2)])
def test_divided_batches_are_refused(tmp_path: Path, processes: Processes, micro_batch: int) -> None:
    part = editor_part(write_pairs(tmp_path / "data"), write_text_to_image(tmp_path / "base"), tmp_path / "out")
    config = replace(GRAPH, micro_batch=micro_batch)
    with pytest.raises(UsageError, match="cuda_graph"):
        _learner(part, config, "cuda", processes).check()
    _learner(part, replace(config, cuda_graph=False), "cuda", processes).check()


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (TrainConfig(loop=replace(GRAPH, optimizer="adamw8bit")), "adamw8bit"),
        (TrainConfig(loop=GRAPH, editor=EditorConfig(gradient_checkpointing=True)), "gradient_checkpointing"),
        (TrainConfig(loop=GRAPH, lora=LoraConfig(rank=4, keep=0.5)), "keep"),
    ],
)
def test_settings_that_wait_for_the_device_are_refused(config: TrainConfig, named: str) -> None:
    with pytest.raises(UsageError, match=f"cuda_graph does not go with.*{named}"):
        check_settings(config)
    check_settings(replace(config, loop=replace(config.loop, cuda_graph=False)))


def test_a_learning_rate_that_is_a_tensor_stays_the_same_one() -> None:
    optimizer = torch.optim.AdamW(nn.Linear(1, 1).parameters(), lr=1.0)
    set_learning_rate(optimizer, 0.5)
    assert optimizer.param_groups[0]["lr"] == 0.5
    tensor = torch.tensor(1.0)
    optimizer.param_groups[0]["lr"] = tensor
    set_learning_rate(optimizer, 0.25)
    assert optimizer.param_groups[0]["lr"] is tensor
    assert tensor == 0.25


def test_samples_drawn_apart_give_the_same_loss(tmp_path: Path) -> None:
    part = editor_part(write_pairs(tmp_path / "data"), write_text_to_image(tmp_path / "base"), tmp_path / "out")
    whole, _ = part.loss(step_generator(0, 3), 8)
    drawn = part.draw(step_generator(0, 3), 8, slice(0, 8))
    torch.rand(99)  # what is drawn does not hang on anything but its generator
    assert torch.equal(part.loss_on(drawn)[0], whole)
    assert torch.equal(part.loss_on(drawn)[0], whole)  # and is not used up


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_captured_steps_learn_what_plain_ones_do(tmp_path: Path, optimizer: str) -> None:
    data, base = write_pairs(tmp_path / "data"), write_text_to_image(tmp_path / "base")

    def losses(name: str, *, cuda_graph: bool) -> list[float]:
        part = editor_part(data, base, tmp_path / name)
        config = replace(GRAPH, cuda_graph=cuda_graph, optimizer=optimizer)
        return [record["loss"] for record in train(part, config, tmp_path / name, resume=False, device="cuda")]

    assert losses("a", cuda_graph=True) == pytest.approx(losses("b", cuda_graph=False), rel=1e-3)
