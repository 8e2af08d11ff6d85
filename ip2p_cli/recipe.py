"""TOML -> Recipe. Unknown keys are errors that suggest the right one; a recipe is data and can switch on nothing."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli

from ip2p_cli import templates
from ip2p_cli.accelerations import parse_accelerations
from ip2p_cli.change_band import parse_band
from ip2p_cli.errors import RecipeError, UsageError
from ip2p_cli.names import check_name_template
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import ChangeBand, Step, StepSettings

SCHEMA = 1
MAX_COMBINATIONS = 1000
SETTING_KEYS = tuple(entry.name for entry in fields(StepSettings))
_TABLES = {
    "recipe": (
        *("schema", "name", "description", "accelerate"),
        *("defaults", "input", "step", "variables", "matrix", "checks", "output"),
    ),
    "[defaults]": SETTING_KEYS,
    "[[step]]": ("instruction", *SETTING_KEYS),
    "[input]": ("sources",),
    "[checks]": ("require", "change"),
    "[output]": ("name",),
}


@dataclass(frozen=True)
class Recipe:
    """A chain of instructions, still with its variables, and what goes with it."""

    steps: tuple[Step, ...]
    name: str | None = None
    description: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    require: tuple[str, ...] = ()
    accelerate: tuple[str, ...] | None = None  # as `--accelerate` takes them; None: it does not say
    change: ChangeBand | None = None  # how far its edits are to go
    sources: tuple[str, ...] = ()  # already resolved against the recipe's folder
    output_name: str | None = None

    def with_variables(self, given: Mapping[str, str]) -> Recipe:
        """Set variables from the command line; one of the matrix is narrowed to the given value.

        Raises:
            RecipeError: the recipe has no such variable.
        """
        for name in given:
            if name not in self.variables and name not in self.matrix:
                raise RecipeError(
                    f"--set {name}: {self.name or 'the recipe'} has no such variable; "
                    f"{did_you_mean(name, [*self.variables, *self.matrix])}"
                )
        kept = {name: values for name, values in self.matrix.items() if name not in given}
        return replace(self, variables={**self.variables, **given}, matrix=kept)

    def with_settings(self, override: StepSettings, fallback: StepSettings) -> Recipe:
        """Every step's settings: `override` where it says something, then the step's own, then `fallback`."""
        return self.map_settings(lambda own: merged(override, own, fallback))

    def map_settings(self, change: Callable[[StepSettings], StepSettings]) -> Recipe:
        """The recipe with every step's settings changed."""
        return replace(self, steps=tuple(replace(step, settings=change(step.settings)) for step in self.steps))

    def chains(self) -> list[tuple[Step, ...]]:
        """The chain of each combination of the matrix (one without a matrix), variables filled in.

        Raises:
            RecipeError: an instruction is empty once its variables are filled in.
        """
        combinations = itertools.product(*self.matrix.values())
        return [self._chain(dict(zip(self.matrix, values, strict=True))) for values in combinations]

    def _chain(self, chosen: Mapping[str, str]) -> tuple[Step, ...]:
        values = {**self.variables, **chosen}
        chain = tuple(replace(s, instruction=templates.fill(s.instruction, values).strip()) for s in self.steps)
        for number, step in enumerate(chain, 1):
            if not _is_unicode(step.instruction):
                raise RecipeError(
                    f"instruction {step.instruction!r} is not UTF-8; set the terminal, or mend the script"
                )
            if not step.instruction:
                raise RecipeError(
                    f"step {number} of {self.name or 'the recipe'} has an empty instruction; say what to do"
                )
        return chain


def merged(*settings: StepSettings) -> StepSettings:
    """For each key the first value that is not None."""

    def first(key: str) -> Any:
        return next((value for s in settings if (value := getattr(s, key)) is not None), None)

    return StepSettings(**{key: first(key) for key in SETTING_KEYS})


def parse_recipe(text: str, origin: str, folder: Path | None = None) -> Recipe:
    """Read a recipe; `origin` names it in messages, its sources are relative to `folder`.

    Raises:
        RecipeError: it is not TOML, or something in it is not as documented.
    """
    try:
        data = tomli.loads(text)
    except (ValueError, RecursionError) as problem:  # a TOMLDecodeError, or a number of thousands of digits
        raise RecipeError(f"{origin}: not valid TOML: {problem}") from None
    try:
        return _build(data, folder or Path())
    except (UsageError, ValueError) as problem:  # as above, where a message would show the number
        raise RecipeError(f"{origin}: {problem}") from None


def _build(data: Mapping[str, Any], folder: Path) -> Recipe:
    _check_keys(data, "recipe")
    if data.get("schema") != SCHEMA or isinstance(data.get("schema"), bool):
        raise RecipeError(f"schema is {data.get('schema', 'missing')}; this ip2p reads recipes with schema = {SCHEMA}")
    defaults = _settings(_table(data, "defaults"), "[defaults]")
    raw_steps = data.get("step", [])
    if not isinstance(raw_steps, list) or not raw_steps or not all(isinstance(step, dict) for step in raw_steps):
        raise RecipeError("no steps; write at least one [[step]] with an instruction")
    output, checks = _table(data, "output"), _table(data, "checks")
    output_name = _text(output["name"], "[output] name") if "name" in output else None
    if output_name is not None:
        check_name_template(output_name)
    recipe = Recipe(
        steps=tuple(_step(raw, number, defaults) for number, raw in enumerate(raw_steps, 1)),
        name=_text(data["name"], "name") if "name" in data else None,
        description=_text(data.get("description", ""), "description"),
        variables={name: _value(value, f"variable {name}") for name, value in _table(data, "variables").items()},
        matrix={name: _values(values, name) for name, values in _table(data, "matrix").items()},
        require=_texts(checks.get("require", []), "[checks] require"),
        accelerate=_accelerations(data["accelerate"]) if "accelerate" in data else None,
        change=parse_band(checks["change"], "[checks] change") if "change" in checks else None,
        sources=tuple(
            _resolved(source, folder) for source in _texts(_table(data, "input").get("sources", []), "sources")
        ),
        output_name=output_name,
    )
    _check_variables(recipe)
    return recipe


def _check_variables(recipe: Recipe) -> None:
    for name in recipe.variables.keys() & recipe.matrix.keys():
        raise RecipeError(f"{name!r} is in [variables] and in [matrix]; keep one of them")
    combinations = math.prod(len(values) for values in recipe.matrix.values())
    if combinations > MAX_COMBINATIONS:
        raise RecipeError(f"[matrix] makes {combinations} outputs a photo; the limit is {MAX_COMBINATIONS}")
    known = {*recipe.variables, *recipe.matrix}
    for number, step in enumerate(recipe.steps, 1):
        for _, used, spec in templates.split(step.instruction):
            if used is not None and used not in known:
                raise RecipeError(f"step {number} uses {{{used}}}, which is no variable; {did_you_mean(used, known)}")
            if spec:
                raise RecipeError(f"step {number}: {{{used}:{spec}}} has a format; write {{{used}}}")


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    for key in table:
        if key not in _TABLES[where]:
            raise RecipeError(f"unknown key {key!r} in {where}; {did_you_mean(key, _TABLES[where])}")


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise RecipeError(f"{key} must be a table; write [{key}]")
    if f"[{key}]" in _TABLES:
        _check_keys(table, f"[{key}]")
    return table


def _step(raw: Mapping[str, Any], number: int, defaults: StepSettings) -> Step:
    _check_keys(raw, "[[step]]")
    instruction = _text(raw.get("instruction", ""), f"step {number}: instruction")
    if not instruction.strip():
        raise RecipeError(f"step {number} has no instruction; say what to do")
    return Step(instruction, merged(_settings(raw, f"step {number}"), defaults))


def _settings(raw: Mapping[str, Any], where: str) -> StepSettings:
    def number(key: str) -> float | None:
        value = raw.get(key)
        return None if value is None else check_guidance(value, f"{where}: {key}")

    steps, sampler = raw.get("steps"), raw.get("sampler")
    return StepSettings(
        steps=None if steps is None else check_steps(steps, f"{where}: steps"),
        text_guidance=number("text_guidance"),
        image_guidance=number("image_guidance"),
        sampler=None if sampler is None else _text(sampler, f"{where}: sampler"),
        auto_mask=_switch(raw["auto_mask"], f"{where}: auto_mask") if "auto_mask" in raw else None,
    )


def check_steps(value: object, where: str) -> int:
    """A number of denoising steps.

    Raises:
        UsageError: it is not an integer in [1, 1000].
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise UsageError(f"{where} is {value!r}; give a whole number from 1 to 1000")
    return value


def check_guidance(value: object, where: str) -> float:
    """A guidance scale.

    Raises:
        UsageError: it is not a number in [0, 100].
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:  # NaN fails too
        raise UsageError(f"{where} is {value!r}; give a number from 0 to 100")
    return float(value)


def _is_unicode(text: str) -> bool:
    """Whether all of it was UTF-8: what is not comes from the command line as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise RecipeError(f"{where} is {value!r}; give a text in quotes")
    return value


def _value(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RecipeError(f"{where} is {value!r}; give a text or a number")
    return str(value)


def _switch(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise RecipeError(f"{where} is {value!r}; give true or false")
    return value


def _texts(values: object, where: str) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise RecipeError(f"{where} is {values!r}; give a list of texts")
    return tuple(_text(value, where) for value in values)


def _values(values: object, name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise RecipeError(f"[matrix] {name} is {values!r}; give a list of values")
    return tuple(dict.fromkeys(_value(value, f"[matrix] {name}") for value in values))


def _accelerations(values: object) -> tuple[str, ...]:
    names = _texts(values, "accelerate")
    if any("=" in name for name in names):
        raise RecipeError("accelerate: a recipe names no files and no hub ids; give these on the command line")
    parse_accelerations(names, "accelerate")
    return names


def _resolved(source: str, folder: Path) -> str:
    if not source:
        raise RecipeError("[input] sources holds an empty name")
    return str(folder / os.path.expanduser(source))


def from_instructions(instructions: Iterable[str]) -> Recipe:
    """The recipe of `ip2p edit -i … -i …`; braces in an instruction stand for themselves.

    Raises:
        UsageError: there is no instruction, or an empty one.
    """
    given = [text.strip() for text in instructions]
    if not given or not all(given):
        raise UsageError('no instruction, or an empty one; say what to do, as in -i "make it night"')
    return Recipe(tuple(Step(text.replace("{", "{{").replace("}", "}}")) for text in given))
