"""Which model edits, on what, and how much at once: what a command line says, over the user's defaults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

from ip2p_cli.accelerations import EXACT, Accelerations, parse_accelerations
from ip2p_cli.config import UserConfig
from ip2p_cli.devices import may_be_cuda
from ip2p_cli.errors import EnvironmentStop, UsageError
from ip2p_cli.isolation import is_of_device, is_out_of_memory

if TYPE_CHECKING:
    from ip2p_cli.editor import Editor

DEFAULT_MODEL = "mini"
DEFAULT_BATCH, CUDA_BATCH = 8, 32


@dataclass(frozen=True)
class ModelChoice:
    """What `load_editor` is told, and how the editor is used."""

    name: str
    lora: str | None = None
    device: str | None = None  # None: the best there is
    dtype: str | None = None  # None: as the device likes it
    batch_size: int | None = None  # photos at once; None: as many as are usual on the device
    size: int | None = None  # side that it works at; None: its own
    offline: bool = False
    accelerations: Accelerations = EXACT

    @property
    def photos_at_once(self) -> int:
        """The batch size that was asked for, or the usual one of the device."""
        return self.batch_size or usual_batch(self.device)

    def load(self, manager: pluggy.PluginManager, samplers: Iterable[str] = ()) -> Editor:
        """The editor, which can run all of these samplers.

        Raises:
            EnvironmentStop: memory does not suffice, or the device cannot be used.
            ModelError, UsageError, MissingExtra: as `load_editor` and `Editor.check_samplers`.
        """
        from ip2p_cli.api import load_editor

        try:
            editor = load_editor(
                self.name,
                device=self.device,
                dtype=self.dtype,
                offline=self.offline,
                lora=self.lora,
                accelerate=sorted(self.accelerations),
                plugins=manager,
            )
        except Exception as problem:
            if is_out_of_memory(problem):
                raise EnvironmentStop(
                    "not enough memory to load the model; use a smaller --model, or --device cpu"
                ) from problem
            if is_of_device(problem):  # in use by another, or full before torch could count
                line = str(problem).splitlines()[0]
                raise EnvironmentStop(
                    f"the device cannot be used ({line}); see who else uses it, or give another --device"
                ) from problem
            raise
        editor.batch_size = self.photos_at_once
        editor.check_samplers(samplers)  # now, not when the second step of a chain comes to it
        return editor


def choose_model(
    config: UserConfig,
    *,
    model: str | None = None,
    lora: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: str | None = None,
    size: str | None = None,
    offline: bool = False,
    accelerate: Sequence[str] = (),
) -> ModelChoice:
    """What the options say; where they say nothing, what the user's defaults do.

    Raises:
        UsageError: --batch-size or --size is neither auto nor a number; an acceleration is not known.
    """

    def unless_auto(option: str | None, key: str) -> str | None:
        name = option or config.get(key, "auto")
        return None if name == "auto" else name

    def count(option: str | None, key: str) -> int | None:
        return _integer(unless_auto(option, key), _place(config, key, option))

    where = unless_auto(device, "device")
    return ModelChoice(
        name=model or config.get("model", DEFAULT_MODEL),
        lora=lora,
        device=where,
        dtype=unless_auto(dtype, "dtype"),
        batch_size=count(batch_size, "batch_size"),
        size=count(size, "size"),
        offline=offline or config.get("offline", False),
        accelerations=parse_accelerations(
            accelerate or config.get("accelerate", ()), _place(config, "accelerate", accelerate)
        ),
    )


def usual_batch(device: str | None) -> int:
    """Photos at once where nobody says: on CUDA more, or the card waits for its kernels to be launched.

    Where memory does not suffice they become fewer (`isolation.py`).
    """
    return CUDA_BATCH if may_be_cuda(device) else DEFAULT_BATCH


def _place(config: UserConfig, key: str, option: object) -> str:
    """Where a value is from: the option, where that is given, or the user's default."""
    found = config.settings.get(key)
    return f"--{key.replace('_', '-')}" if option or found is None else f"{key} ({found.origin})"


def _integer(text: str | None, place: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 65536:
        raise UsageError(f"{place} {text}: give auto or a whole number from 1 to 65536")
    return int(text)
