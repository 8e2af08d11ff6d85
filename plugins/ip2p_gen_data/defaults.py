"""What a model is best worked with: its own `gen-data.json`, where it has one, else the paper's numbers."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ip2p_cli.api import UsageError

FILE = "gen-data.json"


@dataclass(frozen=True)
class PairDefaults:
    """How pairs are drawn (section 3.1.2 of the paper)."""

    samples: int = 100
    steps: int = 100
    sampler: str = "euler_a"
    min_p2p: float = 0.1
    max_p2p: float = 0.9
    min_cfg: float = 7.5
    max_cfg: float = 15.0
    cross_attention: str = "none"


@dataclass(frozen=True)
class FilterDefaults:
    """What is kept (section 3.1.2). The numbers belong to ViT-L/14; another CLIP needs others, or quantiles."""

    min_image: str = "0.7"
    min_direction: str = "0.2"
    min_caption: str = "0.2"
    best: int = 4


Defaults = TypeVar("Defaults", PairDefaults, FilterDefaults)


def defaults_of(model: str, kind: type[Defaults], **given: Any) -> Defaults:
    """The defaults of a model, with what was given (and is not None) in their place.

    Raises:
        UsageError: the model's file is broken.
    """
    path = Path(model).expanduser() / FILE
    own: dict[str, Any] = {}
    if path.is_file():
        try:
            own = json.loads(path.read_text(encoding="utf-8"))
            known = {field.name for field in dataclasses.fields(kind)}
            if not isinstance(own, dict) or not own.keys() <= known:
                raise ValueError(f"it may set {', '.join(sorted(known))}")
        except (OSError, ValueError) as problem:
            raise UsageError(f"{path} cannot be used ({problem}); mend it, or delete it") from None
    return kind(**{**own, **{name: value for name, value in given.items() if value is not None}})
