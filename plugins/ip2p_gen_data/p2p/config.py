"""What is drawn for every sample, and the settings of the sampler."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from ip2p_cli.api import UsageError

CROSS_MODES = ("none", "replace", "refine")


@dataclass(frozen=True)
class DrawConfig:
    """How many samples a caption pair gets, and the ranges that they are drawn from (section 3.1.2)."""

    samples: int = 100  # of each caption pair; the filter keeps the best few
    seed: int = 0
    min_p2p: float = 0.1
    max_p2p: float = 0.9
    min_cfg: float = 7.5
    max_cfg: float = 15.0

    def __post_init__(self) -> None:
        for name, low, high in (("p2p", self.min_p2p, self.max_p2p), ("cfg", self.min_cfg, self.max_cfg)):
            if not low <= high:
                raise UsageError(f"--min-{name} {low} is above --max-{name} {high}; swap them")


@dataclass(frozen=True)
class CrossConfig:
    """Cross-attention control (Hertz et al. 2022, arXiv 2208.01626, section 3.1). The paper's own data had none."""

    mode: str = "none"  # replace: swapped words take the old ones' place; refine: new words are free
    threshold: float | None = None  # control while this > step / (steps - 1); None: the sample's p2p_threshold
    new_words: float = 1.0  # factor on the attention that words new in the edited caption get ("re-weighting")

    def __post_init__(self) -> None:
        if self.mode not in CROSS_MODES:
            raise UsageError(f"unknown cross-attention mode {self.mode!r}; there are: {', '.join(CROSS_MODES)}")


@dataclass(frozen=True)
class P2PConfig:
    """The settings of the sampler."""

    steps: int = 100
    sampler: str = "euler_a"
    size: int | None = None  # pixels a side; None: what the checkpoint was made for
    cross: CrossConfig = field(default_factory=CrossConfig)


@dataclass(frozen=True)
class Sample:
    """One candidate to make: its place, its seed, its settings. The settings are float32, as the dataset keeps them."""

    row: int  # of its caption pair
    sample: int  # its number among the samples of that pair
    seed: int
    p2p_threshold: float
    cfg_scale: float


def draw(config: DrawConfig, row: int, sample: int) -> Sample:
    """The sample's settings: a hash of (seed, row, sample), so that nothing depends on what was made before it."""
    digest = blake2b(f"{config.seed}/{row}/{sample}".encode(), digest_size=22, person=b"ip2p pairs").digest()
    p2p = config.min_p2p + _unit(digest[6:14]) * (config.max_p2p - config.min_p2p)
    cfg = config.min_cfg + _unit(digest[14:22]) * (config.max_cfg - config.min_cfg)
    # 48 bits: exact in any JSON reader, and two of a caption pair's samples do not meet.
    return Sample(row, sample, int.from_bytes(digest[:6], "big"), _float32(p2p), _float32(cfg))


def shares(threshold: float, step: int, steps: int) -> bool:
    """Whether a pair shares attention at a step: threshold > step / (steps - 1), as in the paper's reference code.

    At threshold 1 the very last step is not shared; above 1 every one is.
    """
    return threshold > (step / (steps - 1) if steps > 1 else 0.0)


def sources(shared: Sequence[bool]) -> list[int]:
    """For each row of a guided batch, the row whose attention it uses: its own, or its source's.

    Rows are (source, edited) for each pair, first all unconditional ones, then the conditional ones again.
    """
    pairs = len(shared)
    return [row - (row % 2) * shared[row // 2 % pairs] for row in range(4 * pairs)]


def as_settings(draw_config: DrawConfig, config: P2PConfig) -> dict[str, Any]:
    """All that pictures depend on, flat, for the record of a run."""
    found = {**vars(draw_config), **vars(config)}
    cross = found.pop("cross")
    return found | {f"cross_{name}": value for name, value in vars(cross).items()}


def _unit(data: bytes) -> float:
    """Eight bytes -> [0, 1)."""
    return (int.from_bytes(data, "big") >> 11) / 2.0**53


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
