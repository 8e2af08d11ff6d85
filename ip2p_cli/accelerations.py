"""What `--accelerate` can name: each trades a little of an edit's exactness for time (docs/speed.md says how much)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ip2p_cli.errors import UsageError
from ip2p_cli.provenance import public_name
from ip2p_cli.suggest import did_you_mean

TINY_DECODER = "tiny-decoder"
NAMES: Mapping[str, str] = {
    "bfloat16": "the U-Net in bfloat16, where the device is quicker in it",
    "compile": "compiled blocks (torch.compile): slow to begin, then quicker",
    "feature-reuse": "the U-Net's inner features are kept for every second step",
    "guidance-interval": "guidance at middling noise only",
    "guidance-reuse": "what guidance adds is kept for every second step",
    "late-guidance": "no guidance in the last quarter of the steps",
    "latent-chain": "a chain's steps hand on latents instead of pictures",
}
FAST, NONE = "fast", "none"
OF_FAST: tuple[str, ...] = (
    "bfloat16",
    "feature-reuse",
    "guidance-reuse",
    "latent-chain",
)  # errors within noise on mini


@dataclass(frozen=True)
class Accelerations:
    """What is traded for time; by default nothing."""

    names: tuple[str, ...] = ()  # of NAMES, sorted
    tiny_decoder: str | None = None  # a folder or a hub id

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def asked(self) -> tuple[str, ...]:
        """As `--accelerate` takes them."""
        return (*self.names, *([] if self.tiny_decoder is None else [f"{TINY_DECODER}={self.tiny_decoder}"]))

    @property
    def public(self) -> tuple[str, ...]:
        """As others may read them: a folder by its own name, for the path tells whose machine it was."""
        decoder = self.tiny_decoder and public_name(self.tiny_decoder)
        return Accelerations(self.names, decoder).asked


EXACT = Accelerations()


def parse_accelerations(asked: Iterable[str], where: str = "--accelerate") -> Accelerations:
    """The accelerations that names, `fast` and `none` stand for; `none` takes back what is before it.

    Raises:
        UsageError: there is none of such a name, or it has a value, or lacks one.
    """
    names: set[str] = set()
    decoder: str | None = None
    for text in asked:
        name, equals, value = text.partition("=")
        if name == TINY_DECODER:
            if not value:
                raise UsageError(f"{where} {text}: name a decoder, as in {TINY_DECODER}=madebyollin/taesd")
            decoder = value
        elif name not in (*NAMES, FAST, NONE):
            raise UsageError(f"{where} {text} is not known; {did_you_mean(name, [*NAMES, TINY_DECODER, FAST, NONE])}")
        elif equals:
            raise UsageError(f"{where} {text}: {name} takes no value; leave out what is after it")
        elif name == NONE:
            names, decoder = set(), None
        else:
            names.update(OF_FAST if name == FAST else [name])
    return Accelerations(tuple(sorted(names)), decoder)
