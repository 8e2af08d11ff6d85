"""The seams. A plugin implements any of these functions; each docstring says when it fires and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from ip2p_cli.data_engines import DataEngine
from ip2p_cli.types import EditJob, ModelInfo, Step, StepSettings, Try, Verdict

if TYPE_CHECKING:
    import typer
    from PIL.Image import Image

PROJECT = "ip2p"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

SamplerFactory = Callable[[Mapping[str, Any]], Any]  # scheduler config -> diffusers scheduler
Probe = Callable[["Image"], Mapping[str, float] | None]  # upright RGB -> attribute probabilities, None: cannot tell


@hookspec
def ip2p_register_commands(app: typer.Typer) -> None:
    """At start-up, once: add commands or command groups to `app`. Import heavy modules inside the commands."""


@hookspec
def ip2p_register_samplers() -> Mapping[str, SamplerFactory]:
    """When an editor is set up: sampler name -> factory(scheduler config) -> diffusers scheduler."""
    raise NotImplementedError


@hookspec
def ip2p_register_models() -> list[ModelInfo]:
    """When `--model` is resolved and by `ip2p models list`: the models this plugin names."""
    raise NotImplementedError


@hookspec
def ip2p_prepare_check() -> None:
    """Before a run that requires this plugin's checks by name: load what they need, or raise an `Ip2pError`."""


@hookspec
def ip2p_check_instruction(job: EditJob, step: Step) -> Verdict | None:
    """Once per distinct instruction, before any pixel is read. A crash blocks (fails closed)."""


@hookspec
def ip2p_check_source(job: EditJob, image: Image) -> Verdict | None:
    """After a photo is decoded (upright RGB), before it is edited. A crash blocks (fails closed)."""


@hookspec
def ip2p_review_result(
    job: EditJob,
    before: Image,
    after: Image,
    change: Mapping[str, float],
    settings: StepSettings,
    tries: Sequence[Try],
    chain: Sequence[StepSettings],
) -> Verdict | None:
    """After the last step of a job, before anything is written. `retry` carries other settings. A crash blocks.

    `settings` are those that the last step had, `chain` those of each step; `tries` what was tried before, and what
    was said of it.
    """


@hookspec
def ip2p_register_probes() -> Mapping[str, Probe]:
    """By `ip2p bias`: name -> probe(image) -> attribute probabilities, or None where it cannot tell."""
    raise NotImplementedError


@hookspec
def ip2p_make_mask(job: EditJob, image: Image) -> Image | None:
    """Before denoising: a mask (mode L, the image's size; 255 may change, 0 stays), or None for no opinion."""


@hookspec
def ip2p_register_data_engines() -> Mapping[str, DataEngine]:
    """By `ip2p gen-data` and `train`: name -> engine, each saying which stage it serves (`--lm` or DATA names one)."""
    raise NotImplementedError


@hookspec
def ip2p_training_step_end(state: Mapping[str, Any]) -> None:
    """By `ip2p train`, whenever a log record is made: step, loss, learning_rate, samples_per_second …"""
