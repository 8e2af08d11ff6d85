"""`ip2p eval`: independent judges of how well a checkpoint follows instructions (docs/eval.md).

They know nothing of how training pairs are made. `looks` measures plain statistics of a photo before and after,
`world` asks the oracle that reads pictures of the drawn world, the others compare by CLIP and DINO.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p eval`."""
    from ip2p_eval.command import evaluate

    app.command("eval", no_args_is_help=True)(evaluate)
