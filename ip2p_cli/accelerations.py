"""What `--accelerate` can name: each trades a little of an edit's exactness for time (docs/speed.md says how much)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean

Accelerations = frozenset[str]  # names of NAMES
EXACT: Accelerations = frozenset()

NAMES: Mapping[str, str] = {
    "bfloat16": "networks in bfloat16, where the device is quicker in it",
    "compile": "compiled blocks (torch.compile): slow to begin, then quicker",
    "feature-reuse": "the U-Net's inner features are kept for every second step",
    "float8": "the U-Net's linear layers in 8 bits of floating point (torchao; CUDA only)",
    "guidance-interval": "guidance at middling noise only",
    "guidance-reuse": "what guidance adds is kept for every second step",
    "int8": "the U-Net's linear layers in whole numbers of 8 bits (torchao)",
    "late-guidance": "no guidance in the last quarter of the steps",
    "latent-chain": "a chain's steps hand on latents instead of pictures",
}
FAST, NONE = "fast", "none"
# Whose error on mini is within noise: docs/speed.md.
OF_FAST: Accelerations = frozenset({"bfloat16", "feature-reuse", "guidance-reuse"})


def parse_accelerations(asked: Iterable[str], where: str = "--accelerate") -> Accelerations:
    """The accelerations that names, `fast` and `none` stand for; `none` takes back what is before it.

    Raises:
        UsageError: there is none of such a name.
    """
    names: Accelerations = EXACT
    for name in asked:
        if name not in (*NAMES, FAST, NONE):
            raise UsageError(f"{where} {name} is not known; {did_you_mean(name, [*NAMES, FAST, NONE])}")
        if name == NONE:
            names = EXACT
        else:
            names |= OF_FAST if name == FAST else {name}
    return names
