"""`ip2p recipes`: list, show, validate."""

from __future__ import annotations

from typing import Annotated

import typer

from ip2p_cli.errors import EXIT_OK, EXIT_USAGE, Ip2pError

app = typer.Typer(name="recipes", help="List, show and validate recipes.", no_args_is_help=True)


@app.command("list")
def list_recipes() -> None:
    """The recipes that come with ip2p: `ip2p apply NAME photos/`."""
    from ip2p_cli.recipe_files import load_recipe, shipped

    names = shipped()
    width = max(map(len, names), default=0)
    for name in names:
        typer.echo(f"{name:{width}}  {load_recipe(name).description}".rstrip())


@app.command()
def show(recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A name or a file.")]) -> None:
    """Print a recipe: a start for one of your own."""
    from ip2p_cli.recipe_files import recipe_text

    typer.echo(recipe_text(recipe)[0].rstrip("\n"))


@app.command()
def validate(recipes: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Names or files.")]) -> None:
    """Check recipes; exit 2 if one is wrong, saying what is."""
    from ip2p_cli.recipe_files import load_recipe

    code = EXIT_OK
    for reference in recipes:
        try:
            recipe = load_recipe(reference)
            outputs = len(recipe.chains())
        except Ip2pError as problem:
            typer.echo(f"error: {problem}", err=True)
            code = EXIT_USAGE
        else:
            typer.echo(f"{reference}: valid; {len(recipe.steps)} steps, {outputs} outputs a photo")
    raise typer.Exit(code)
