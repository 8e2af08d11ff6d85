"""How an output was made, as its file tells it: enough to make it again, and no time, path or name of a person."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from ip2p_cli import __version__
from ip2p_cli.hub import is_hub_id
from ip2p_cli.types import Step, StepSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Provenance:
    """The settings of one output. `steps` carry the values that were in force, none of them left to a default."""

    model: str
    fingerprint: str
    steps: tuple[Step, ...]
    seed: int = 0
    variant: int = 0
    recipe: str | None = None
    frames: str = "all"
    full_resolution: bool = True
    size: int | None = None
    lora: str | None = None
    mask: str | None = None
    accelerate: tuple[str, ...] = ()
    version: str = __version__

    @property
    def instructions(self) -> tuple[str, ...]:
        """What was asked for, step by step."""
        return tuple(step.instruction for step in self.steps)

    def to_json(self) -> str:
        """All of it in one line of ASCII."""
        chain = [{"instruction": step.instruction} | _facts(step.settings) for step in self.steps]
        rest = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "steps"}
        return json.dumps({"steps": chain} | rest, sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """What `to_json` wrote; keys of later versions are passed over.

        Raises:
            ValueError: it is something else.
        """
        try:
            data = json.loads(text)
            return cls(
                model=str(data["model"]),
                fingerprint=str(data["fingerprint"]),
                steps=tuple(_step(step) for step in data["steps"]),
                seed=int(data["seed"]),
                variant=int(data["variant"]),
                recipe=_or_none(str, data["recipe"]),
                frames=str(data["frames"]),
                full_resolution=bool(data["full_resolution"]),
                size=_or_none(int, data["size"]),
                lora=_or_none(str, data.get("lora")),
                mask=_or_none(str, data.get("mask")),
                accelerate=tuple(str(name) for name in data.get("accelerate", ())),
                version=str(data["version"]),
            )
        except (TypeError, KeyError, RecursionError) as problem:
            raise ValueError(f"no record of an edit: {problem}") from problem

    def again(self, photo: str = "PHOTO") -> str:
        """What to run, on the same photo, for the same picture: a command line, or a recipe where steps differ."""
        if len({step.settings for step in self.steps}) > 1:
            return self._as_recipe()
        words = ["ip2p", "edit", photo]
        for instruction in self.instructions:
            words += ["-i", instruction]
        settings = self.steps[0].settings if self.steps else StepSettings()
        for name, value in asdict(settings).items():
            option = f"--{name.replace('_', '-')}"
            words += [] if value is None or value is False else [option] if value is True else [option, str(value)]
        return shlex.join([*words, *self._run_options()])

    def _run_options(self) -> list[str]:
        options = ["--model", self.model, *(["--lora", self.lora] if self.lora else []), "--seed", str(self.seed)]
        options += ["--variants", str(self.variant + 1)] if self.variant else []
        options += [word for name in self.accelerate for word in ("--accelerate", name)]
        options += ["--mask", self.mask] if self.mask else []
        options += ["--size", str(self.size)] if self.size else []
        options += [] if self.frames == "all" else ["--frames", self.frames]
        return options + ([] if self.full_resolution else ["--model-res"])

    def _as_recipe(self) -> str:
        lines = [f"# ip2p apply THIS.toml PHOTO {shlex.join(self._run_options())}", "schema = 1"]
        for step in self.steps:
            lines += ["[[step]]", f"instruction = {json.dumps(step.instruction)}"]
            values = asdict(step.settings).items()
            lines += [f"{name} = {json.dumps(value)}" for name, value in values if value is not None]
        return "\n".join(lines)


def _facts(settings: StepSettings) -> dict[str, Any]:
    """All settings; a mask that was not asked for is not mentioned."""
    facts = asdict(settings)
    if not settings.auto_mask:
        del facts["auto_mask"]
    return facts


def _step(data: dict[str, Any]) -> Step:
    settings = StepSettings(
        steps=_or_none(int, data["steps"]),
        text_guidance=_or_none(float, data["text_guidance"]),
        image_guidance=_or_none(float, data["image_guidance"]),
        sampler=_or_none(str, data["sampler"]),
        auto_mask=_or_none(bool, data.get("auto_mask")),
    )
    return Step(str(data["instruction"]), settings)


def _or_none(kind: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else kind(value)


def public_name(model: str) -> str:
    """A model's name as others may read it: of a folder only its own name, for the path tells whose machine it was."""
    if is_hub_id(model) and not Path(model).is_dir():
        return model
    return Path(model).expanduser().name or model
