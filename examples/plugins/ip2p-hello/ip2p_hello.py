"""A first plugin for ip2p: a command, a sampler and a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import EditJob, Verdict, hookimpl

if TYPE_CHECKING:
    import typer
    from PIL.Image import Image


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p hello`."""

    @app.command("hello")
    def hello(name: str = "world") -> None:
        """Greet somebody."""
        print(f"Hello, {name}!")


def _hello_ddim(config: Mapping[str, Any]) -> Any:
    """DDIM whose steps are spread evenly from the first noise level to the last."""
    from diffusers import DDIMScheduler

    return DDIMScheduler.from_config({**config, "timestep_spacing": "linspace", "clip_sample": False})


@hookimpl
def ip2p_register_samplers() -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
    """`--sampler hello-ddim`."""
    return {"hello-ddim": _hello_ddim}


DARK = 8.0  # mean brightness, of 255: there is next to nothing to see in such a photo


@hookimpl
def ip2p_check_source(job: EditJob, image: Image) -> Verdict:
    """Flag photos that are nearly black."""
    from PIL import ImageStat

    [brightness] = ImageStat.Stat(image.convert("L")).mean
    scores = {"brightness": brightness}
    if brightness < DARK:
        return Verdict.flag(f"nearly black: its mean brightness is {brightness:.1f} of 255", scores)
    return Verdict.allow(scores)
