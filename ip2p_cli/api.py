"""What Python users and plugins may import: all of it, and nothing else.

Importing this module loads no torch, numpy, diffusers or transformers; `load_editor` does.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

from ip2p_cli.bar import progress_bar
from ip2p_cli.data_engines import (
    INSTRUCTIONS,
    TRAINING,
    CaptionTask,
    DataEngine,
    DrawnData,
    DrawnEdits,
    EditAnswer,
    InstructionEngine,
    MarkedData,
)
from ip2p_cli.dataset import (
    COLUMNS,
    REQUIRED,
    Pair,
    count_pairs,
    encode_image,
    read_pairs,
    shard_path,
    shards_of,
    write_shard,
)
from ip2p_cli.devices import bfloat16_is_quicker, choose_device
from ip2p_cli.errors import (
    EnvironmentStop,
    Ip2pError,
    ItemError,
    MissingExtra,
    ModelError,
    NonFiniteResult,
    RecipeError,
    UsageError,
)
from ip2p_cli.hookspecs import Probe, SamplerFactory, hookimpl
from ip2p_cli.photo_folder import find_photos, read_photo
from ip2p_cli.quiet import quiet_libraries
from ip2p_cli.sampler_names import sampler_named
from ip2p_cli.signals import StopRequest
from ip2p_cli.types import (
    ChangeBand,
    EditJob,
    EditRequest,
    EditResult,
    ModelInfo,
    Outcome,
    Preview,
    Severity,
    Source,
    Step,
    StepSettings,
    Try,
    Verdict,
)
from ip2p_cli.workers import Workplace, choose_workplace, spread
from ip2p_cli.writing import make_output_folder, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pluggy

    from ip2p_cli.editor import Editor
    from ip2p_cli.previews import Previews

T = TypeVar("T")

__all__ = [
    "COLUMNS",
    "INSTRUCTIONS",
    "REQUIRED",
    "TRAINING",
    "CaptionTask",
    "ChangeBand",
    "DataEngine",
    "DrawnData",
    "DrawnEdits",
    "EditAnswer",
    "EditJob",
    "EditRequest",
    "EditResult",
    "EnvironmentStop",
    "InstructionEngine",
    "Ip2pError",
    "ItemError",
    "MarkedData",
    "MissingExtra",
    "ModelError",
    "ModelInfo",
    "NonFiniteResult",
    "Outcome",
    "Pair",
    "Preview",
    "Probe",
    "RecipeError",
    "SamplerFactory",
    "Severity",
    "Source",
    "Step",
    "StepSettings",
    "StopRequest",
    "Try",
    "UsageError",
    "Verdict",
    "Workplace",
    "bfloat16_is_quicker",
    "choose_device",
    "choose_workplace",
    "count_pairs",
    "data_engines",
    "encode_image",
    "find_model",
    "find_photos",
    "hookimpl",
    "load_editor",
    "make_output_folder",
    "models",
    "notifier",
    "open_previews",
    "probes",
    "progress_bar",
    "quiet_libraries",
    "read_pairs",
    "read_photo",
    "sampler_named",
    "samplers",
    "shard_path",
    "shards_of",
    "spread",
    "text_check",
    "user_setting",
    "write_shard",
    "writing",
]


def load_editor(
    model: str = "mini",
    *,
    device: str | None = None,
    dtype: str | None = None,
    offline: bool = False,
    lora: str | None = None,
    accelerate: Sequence[str] = (),
    plugins: pluggy.PluginManager | None = None,
) -> Editor:
    """Load an editor.

    Args:
        model: a registered name, a checkpoint folder in diffusers layout, or a hub id.
        device: "cpu", "cuda", "cuda:1" … or "mps"; None takes the best there is.
        dtype: "float32", "float16" or "bfloat16"; None: float32, but float16 for a large network on CUDA.
        offline: never ask the network.
        lora: a low-rank adapter to add at full strength: a .safetensors file, or the folder of `ip2p train --lora`.
        accelerate: names as `--accelerate` takes them; "fast" for those whose error is within noise.
        plugins: a manager made already; None makes one with every installed plugin.

    Raises:
        ModelError: the checkpoint or the adapter cannot be found, or is not one that the editor can run.
        MissingExtra: an adapter needs peft.
        UsageError: an unknown device, dtype or acceleration, or two plugins that register one name.
    """
    from ip2p_cli.accelerations import parse_accelerations
    from ip2p_cli.lora import find_lora
    from ip2p_cli.models import resolve_model
    from ip2p_cli.plugin_manager import collect_models, collect_samplers, create_plugin_manager

    manager = create_plugin_manager() if plugins is None else plugins
    folder = resolve_model(model, collect_models(manager), offline=offline)
    accelerations = parse_accelerations(accelerate)
    adapter = None if lora is None else find_lora(lora)
    from ip2p_cli.editor import Editor  # after the model is found: a wrong name should not wait for torch

    return Editor.load(
        folder,
        collect_samplers(manager),
        device=device,
        dtype=dtype,
        lora=adapter,
        accelerations=accelerations,
    )


def find_model(name: str, *, offline: bool = False) -> Path:
    """The local folder of a checkpoint: a registered name, a folder or a hub id.

    Raises:
        ModelError: it cannot be found.
    """
    from ip2p_cli.models import resolve_model
    from ip2p_cli.plugin_manager import collect_models, create_plugin_manager

    return resolve_model(name, collect_models(create_plugin_manager()), offline=offline)


def open_previews(
    model: str | None = None,
    *,
    lora: str | None = None,
    device: str | None = None,
    offline: bool = False,
) -> Previews:
    """For looking at edits without writing them: as `ip2p edit` makes them, with the user's defaults and all checks.

    None anywhere: as the user's defaults say. `previews.defaults` are the settings of a step that says nothing,
    `previews.run(jobs)` gives an `outcome` and an `image` (or None) for each job of one photo, and
    `previews.command(job)` the command line that writes it.

    Raises:
        UsageError, MissingExtra: a check that the user requires is missing, or a default is out of range.
        ModelError: the model cannot be found, or is not one that the editor can run.
    """
    from ip2p_cli.config import load_config
    from ip2p_cli.model_choice import choose_model
    from ip2p_cli.plugin_manager import create_plugin_manager
    from ip2p_cli.previews import Previews
    from ip2p_cli.workers.choose import first_device

    config, manager = load_config(), create_plugin_manager()
    device = device or first_device(config.get("device", None))
    choice = choose_model(config, model=model, lora=lora, device=device, offline=offline)
    return Previews(choice, manager, config)


def notifier(hook: str) -> Callable[..., list[str]]:
    """A function that calls a hook that returns nothing, such as `ip2p_training_step_end`, in all installed plugins.

    It takes the hook's arguments by name, and gives back one line for each plugin that fails, which it calls no more.
    """
    from ip2p_cli.plugin_manager import create_plugin_manager, tell

    return functools.partial(tell, create_plugin_manager(), hook, set())


def samplers() -> dict[str, SamplerFactory]:
    """The samplers that all installed plugins bring, by name.

    Raises:
        UsageError: two plugins register one name, or a plugin's hook fails.
    """
    from ip2p_cli.plugin_manager import collect_samplers, create_plugin_manager

    return collect_samplers(create_plugin_manager())


def models() -> dict[str, ModelInfo]:
    """The models that all installed plugins name, by name.

    Raises:
        UsageError: two plugins register one name, or a plugin's hook fails.
    """
    from ip2p_cli.plugin_manager import collect_models, create_plugin_manager

    return collect_models(create_plugin_manager())


def data_engines(stage: str) -> dict[str, DataEngine]:
    """The engines that all installed plugins bring for one stage of `gen-data`, or for `train`, by name.

    Raises:
        UsageError: two plugins register one name.
    """
    from ip2p_cli.plugin_manager import collect_data_engines, create_plugin_manager

    return collect_data_engines(create_plugin_manager(), stage)


def probes() -> dict[str, Probe]:
    """The probes that all installed plugins bring to `ip2p bias`, by name.

    Raises:
        UsageError: two plugins register one name.
    """
    from ip2p_cli.plugin_manager import collect_probes, create_plugin_manager

    return collect_probes(create_plugin_manager())


def text_check() -> Callable[[str], Verdict]:
    """text -> the verdict of all installed instruction checks on it; each distinct text is asked about once."""
    from ip2p_cli.checks import text_check as of_manager
    from ip2p_cli.plugin_manager import create_plugin_manager
    from ip2p_cli.time_limit import LIMIT

    return of_manager(create_plugin_manager(), user_setting("check_seconds", LIMIT))


def user_setting(key: str, default: T) -> T:
    """What the user's config file or the variable IP2P_KEY says for `key`, one of those in docs/pipelines.md.

    Raises:
        UsageError: the file cannot be read, or a value does not fit.
    """
    from ip2p_cli.config import load_config

    return load_config().get(key, default)
