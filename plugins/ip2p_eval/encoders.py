"""The networks that pictures and captions are compared by, and the ids under which figures of theirs are reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.api import UsageError
from ip2p_gen_data.world.shipped import WORLD, resolve

if TYPE_CHECKING:
    from ip2p_eval.dino import DinoModel
    from ip2p_gen_data.clip_filter.model import ClipModel

NO_CLIP = "no CLIP measures: name one by --clip, for instance openai/clip-vit-base-patch32"
OF_DRAWINGS = "this CLIP is the world's, which has seen nothing but its drawings: for photos name another by --clip"
NO_DINO = "no DINO: name one by --dino, for instance facebook/dino-vits16"


@dataclass(frozen=True)
class Encoders:
    """Those that were named. An id is the hub's, or the name of the folder with a hash over its weights."""

    clip: ClipModel | None = None
    dino: DinoModel | None = None
    clip_id: str = ""
    dino_id: str = ""
    clip_note: str = ""  # what its figures are no good for

    @property
    def ids(self) -> dict[str, str]:
        """What was compared by, for every table and file."""
        named = {"clip": self.clip_id, "dino": self.dino_id}
        return {kind: name for kind, name in named.items() if name}

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines for below a table: what the figures belong to, and how to get those that are missing."""
        said = [f"{kind.upper()}: {name}" for kind, name in self.ids.items()]
        missing = [*([] if self.clip else [NO_CLIP]), *([] if self.dino else [NO_DINO])]
        return (*said, *self.limits, *missing)

    @property
    def limits(self) -> tuple[str, ...]:
        """What is to be said wherever figures of these encoders are shown."""
        return (self.clip_note,) if self.clip_note else ()


def named_clip(name: str | None) -> str | None:
    """The CLIP to load: the named one, or that of the world where this installation has it."""
    if name is not None:
        return resolve(name, "clip")
    try:
        return resolve(WORLD, "clip")
    except UsageError:
        return None


def load_encoders(clip: str | None, dino: str | None, *, device: str | None = None, offline: bool = False) -> Encoders:
    """Load what is named, None being none. Both compute in float32: figures of other types would not be comparable.

    Raises:
        ModelError: one cannot be found, or is of another kind.
    """
    found_clip = found_dino = None
    if clip:
        from ip2p_gen_data.clip_filter.model import load_clip

        found_clip = load_clip(clip, device=device, dtype="float32", offline=offline)
    if dino:
        from ip2p_eval.dino import load_dino

        found_dino = load_dino(dino, device=device, offline=offline)
    note = OF_DRAWINGS if clip and clip == named_clip(None) else ""
    return Encoders(found_clip, found_dino, _id(clip), _id(dino), note)


def _id(name: str | None) -> str:
    """A hub id as it is; of a folder, its name and a hash over its weights."""
    from ip2p_gen_data.intermediate import fingerprint

    if not name:
        return ""
    return fingerprint(name) if Path(name).is_dir() else name
