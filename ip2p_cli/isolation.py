"""Calls the editor so that one photo's failure leaves the others unharmed, and so that memory suffices."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ip2p_cli.errors import EnvironmentStop, Ip2pError, ItemError, ModelError, NonFiniteResult, UsageError
from ip2p_cli.types import EditRequest, EditResult

Chain = Sequence[EditRequest]  # edits of one photo, one after the other; mostly a single one
_NO_MEMORY = "not enough memory to edit it; use a smaller --size, or --device cpu"
_LOST_DEVICE = ("CUDA error", "device-side assert", "device lost", "CUDA driver", "MPS backend")


class _OutOfMemory(ItemError):
    """An item that does not fit into memory even alone."""


class BatchEditor(Protocol):
    """What the batch engine needs of an editor. `batch_size` is lowered where memory does not suffice."""

    batch_size: int

    def edit_chains(
        self, chains: Sequence[Chain], *, full_resolution: bool = True, size: int | None = None
    ) -> list[EditResult | NonFiniteResult]:
        """One result or error a chain, in their order."""


class IsolatedEditor:
    """An editor that is loaded when it is first needed. What fails is given as an error in the place of its result.

    Several threads may use it at once.
    """

    def __init__(
        self, load: Callable[[], BatchEditor], *, full_resolution: bool = True, size: int | None = None
    ) -> None:
        self._load = load
        self._full_resolution = full_resolution
        self._size = size
        self._loading = threading.Lock()
        self._loaded: BatchEditor | None = None

    @property
    def _editor(self) -> BatchEditor:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def prepare(self) -> None:
        """Load it now: what goes wrong in loading is not the photos' failure."""
        _ = self._editor

    def edit(self, chains: Sequence[Chain]) -> list[EditResult | ItemError]:
        """One result or error a chain, in their order.

        Where memory does not suffice the editor's batch is halved, down to 1, and stays so if that has helped.

        Raises:
            EnvironmentStop: the device is lost.
            UsageError, ModelError: settings that the editor refuses; a model that cannot be loaded.
        """
        editor, before = self._editor, self._editor.batch_size
        while True:
            size = editor.batch_size
            results = self._try(chains)
            if results is not None:
                return results
            if size == 1:
                break
            editor.batch_size = min(editor.batch_size, size // 2)  # another thread may have halved it, too
        each = [self._edit_alone(chain) for chain in chains]
        if any(isinstance(result, _OutOfMemory) for result in each):
            editor.batch_size = before  # the photo is to blame, not the batch
        return each

    def _try(self, chains: Sequence[Chain]) -> list[EditResult | ItemError] | None:
        """The results; None where they do not fit into memory together.

        A batch that fails otherwise is tried again one by one, so that only the guilty one is lost.
        """
        try:
            results = self._editor.edit_chains(chains, full_resolution=self._full_resolution, size=self._size)
            return list(results)
        except Exception as problem:
            error = _as_item_error(problem)  # which lets go of what the exception holds: memory may be scarce
        if isinstance(error, _OutOfMemory):
            return None
        if len(chains) == 1:
            return [error]
        return [result for chain in chains for result in self.edit([chain])]

    def _edit_alone(self, chain: Chain) -> EditResult | ItemError:
        [result] = self._try([chain]) or [_OutOfMemory(_NO_MEMORY)]
        return result


def _as_item_error(problem: Exception) -> ItemError:
    """What an error means for the item it befell.

    Raises:
        UsageError, ModelError, EnvironmentStop: it befalls the whole run.
    """
    if isinstance(problem, UsageError | ModelError | EnvironmentStop):
        raise problem
    if isinstance(problem, ItemError):
        return problem
    if isinstance(problem, Ip2pError):
        return ItemError(str(problem))
    if is_out_of_memory(problem):
        return _OutOfMemory(_NO_MEMORY)
    line = (str(problem).splitlines() or [""])[0]
    if is_of_device(problem):
        raise EnvironmentStop(f"the device is lost ({line}); run the same command again to go on") from problem
    return ItemError(f"the editor failed ({type(problem).__name__}: {line})")


def is_of_device(problem: BaseException) -> bool:
    """Whether an accelerator cannot be used, or no longer."""
    return any(sign in str(problem) for sign in _LOST_DEVICE)


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out, the machine's or the device's."""
    torch = sys.modules.get("torch")  # where it is not loaded, nothing of it was raised
    return isinstance(problem, MemoryError) or (torch is not None and isinstance(problem, torch.OutOfMemoryError))
