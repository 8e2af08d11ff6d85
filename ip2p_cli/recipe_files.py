"""Where recipes are: files of the user's, and those shipped in the package `ip2p_recipes`."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.errors import RecipeError
from ip2p_cli.recipe import Recipe, parse_recipe
from ip2p_cli.suggest import did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PACKAGE = "ip2p_recipes"


def shipped() -> dict[str, Traversable]:
    """Name -> file of the recipes that are installed with ip2p."""
    found = {
        entry.name.removesuffix(".toml"): entry for entry in files(PACKAGE).iterdir() if entry.name.endswith(".toml")
    }
    return dict(sorted(found.items()))


def recipe_text(reference: str) -> tuple[str, Path | None]:
    """The text of a recipe given by file or by shipped name, and its folder if it is a file.

    Raises:
        RecipeError: there is none, or it cannot be read.
    """
    path = Path(reference)
    try:
        if path.is_file() or reference.endswith(".toml") or os.sep in reference:
            return path.read_bytes().decode("utf-8-sig"), path.parent
        if reference in shipped():
            return shipped()[reference].read_text("utf-8"), None
    except UnicodeDecodeError:
        raise RecipeError(f"{reference}: not UTF-8; save the recipe as UTF-8 text") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise RecipeError(f"cannot read the recipe {reference}: {reason}; see `ip2p recipes list`") from None
    raise RecipeError(f"no recipe is named {reference!r}; {did_you_mean(reference, shipped())}")


def load_recipe(reference: str) -> Recipe:
    """Read and check a recipe; one without a name of its own is called after its file.

    Raises:
        RecipeError: see `recipe_text` and `parse_recipe`.
    """
    text, folder = recipe_text(reference)
    recipe = parse_recipe(text, reference, folder)
    return recipe if recipe.name else replace(recipe, name=Path(reference).stem)
