"""One photo in n: which of several machines does it. Decided by its name, so that it stays the same as photos come."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from ip2p_cli.errors import UsageError
from ip2p_cli.types import Source


@dataclass(frozen=True)
class Shard:
    """Part `index`, from 0, of `count`."""

    index: int
    count: int

    def has(self, source: Source) -> bool:
        """Whether a photo is in this part."""
        name = blake2b(os.fsencode(str(source.relative)), digest_size=8).digest()
        return int.from_bytes(name, "big") % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str) -> Shard:
    """The shard that `i/n` names.

    Raises:
        UsageError: it names none.
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if match is None or not int(match[1]) < int(match[2]):
        raise UsageError(f"--shard {text}: write i/n with i from 0 to n-1, as in --shard 0/4 to --shard 3/4")
    return Shard(int(match[1]), int(match[2]))


def shard_from_environment(environ: Mapping[str, str]) -> tuple[Shard, str] | None:
    """This process's shard among those that a cluster has started, and the variables that say so.

    Raises:
        UsageError: they contradict each other.
    """
    names = next((names for names in _VARIABLES if all(environ.get(name) for name in names)), None)
    if names is None:
        return None
    where = " and ".join(names)
    try:
        index, count = (int(environ[name]) for name in names)
        if names == _SLURM:  # an array's numbers may start anywhere and leave some out
            first, step = int(environ.get(_SLURM_FIRST) or 0), int(environ.get(_SLURM_STEP) or 1)
            index = (index - first) // max(step, 1)
    except ValueError:
        raise UsageError(f"{where} are no numbers; unset them, or give --shard") from None
    if not 0 <= index < count:
        raise UsageError(f"{where} say part {index} of {count}, counted from 0; give --shard, or --shard 0/1 for all")
    return (Shard(index, count), where) if count > 1 else None


_SLURM = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")
_SLURM_FIRST, _SLURM_STEP = "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"
_VARIABLES = (_SLURM, ("RANK", "WORLD_SIZE"))
