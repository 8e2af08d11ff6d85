"""Inert stand-ins for the training framework's objects that checkpoints of the original repository may hold.

A Lightning checkpoint carries callbacks, configs and numbers beside its weights. Nothing of them is needed, so none
of their classes is imported: each name gets an empty class that swallows whatever it is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

FRAMEWORKS = (
    "pytorch_lightning.",
    "lightning.",
    "lightning_fabric.",
    "lightning_utilities.",
    "torchmetrics.",
    "omegaconf.",
)
VALUES = frozenset(
    {
        "argparse.Namespace",
        "collections.defaultdict",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "pathlib.PosixPath",
        "pathlib.PurePosixPath",
        "pathlib.WindowsPath",
        "typing.Any",
        *(f"builtins.{kind}" for kind in ("bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple")),
    }
)


class Inert:
    """Takes any arguments and any state, keeps none of them, does nothing."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __setstate__(self, _state: object) -> None: ...


def may_be_stubbed(name: str) -> bool:
    """Whether a global is known to be a part of training, and no weight depends on it."""
    return name in VALUES or name.startswith(FRAMEWORKS)


def stubs_for(names: Iterable[str]) -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """(stand-in, full name) for `torch.serialization.safe_globals`."""
    return [(_stub(name), name) for name in names]


def _stub(name: str) -> Callable[..., Any]:
    if name == "collections.defaultdict":
        return _empty_dict  # the unpickler fills it item by item, which it allows for a plain dict only
    return type(name.rpartition(".")[2], (Inert,), {})


def _empty_dict(*_args: Any) -> dict[Any, Any]:
    return {}
