"""`--probe NAME` -> the probe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.api import Probe, UsageError, probes

CLIP = "clip"


@dataclass(frozen=True)
class ZeroShot:
    """What the options say of `--probe clip`."""

    clip: str | None = None  # a folder or a hub id
    attributes: str = ""  # texts, divided by commas
    nobody: str | None = None

    @property
    def facts(self) -> dict[str, str]:
        """For the record: the texts, and the model by hub id, or by its folder's name and a hash over its weights."""
        if not self.clip:
            return {}
        from ip2p_gen_data.intermediate import fingerprint

        model = fingerprint(self.clip) if Path(self.clip).is_dir() else self.clip
        return {"clip": model, "attributes": self.attributes, **({"nobody": self.nobody} if self.nobody else {})}


def choose_probe(name: str, words: ZeroShot, *, device: str | None = None, offline: bool = False) -> Probe:
    """The probe of a name.

    Raises:
        UsageError: nobody registers it, or the options do not belong together.
        ModelError: `clip`'s model cannot be found.
    """
    known = probes()
    if CLIP in known:
        raise UsageError(f"a plugin registers a probe {CLIP!r}, which is built in; rename it, or switch the plugin off")
    if name != CLIP and words != ZeroShot():
        raise UsageError(f"--clip, --attribute and --nobody belong to --probe clip, not to {name!r}; leave them out")
    if name == CLIP:
        from ip2p_bias.probes.zero_shot import make_zero_shot

        return make_zero_shot(words.clip, words.attributes, words.nobody, device=device, offline=offline)
    if name not in known:
        raise UsageError(f"no probe is named {name!r}; there are: {', '.join(sorted([CLIP, *known]))}")
    return known[name]
