"""`ip2p bias`: what an editor does to perceived attributes that nobody asked it to change (docs/bias.md).

InstructPix2Pix (arXiv 2211.09800, section 5) names the case: instructions that correlate, in the training data, with
attributes of people. Probes say what is *perceived* in a picture, before and after; the statistics are paired by photo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ip2p_cli.api import Probe, hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p bias`."""
    from ip2p_bias.command import bias

    app.command("bias", no_args_is_help=True)(bias)


@hookimpl
def ip2p_register_probes() -> Mapping[str, Probe]:
    """The probe that needs no weights. `--probe clip` is made from its options (probes/zero_shot.py)."""
    from ip2p_bias.probes.ita import ita

    return {"ita": ita}
