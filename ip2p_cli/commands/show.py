"""`ip2p show`: how a picture was made, as its own file tells it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ip2p_cli.errors import ItemError
from ip2p_cli.printable import one_line

if TYPE_CHECKING:
    from ip2p_cli.provenance import Provenance


def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures that ip2p made.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print how pictures were made, and what to run to make them again."""
    failed = False
    for file in files:
        try:
            provenance = _read(file)
        except ItemError as problem:
            failed = True
            typer.echo(f"ip2p: {one_line(f'{file}: {problem}')}", err=True)
            continue
        typer.echo(_as_json(file, provenance) if as_json else _as_text(file, provenance))
    if failed:
        raise typer.Exit(ItemError.exit_code)


def _read(file: Path) -> Provenance:
    from ip2p_cli.xmp import find_provenance

    try:
        data = file.read_bytes()
    except OSError as problem:
        raise ItemError(f"cannot be read: {problem.strerror}; check the name") from None
    found = find_provenance(data)
    if found is None:
        raise ItemError("holds no record of an edit: ip2p did not make it, or the record was removed since")
    return found


def _as_json(file: Path, provenance: Provenance) -> str:
    return json.dumps({"file": str(file)} | asdict(provenance) | {"again": provenance.again()}, ensure_ascii=True)


def _as_text(file: Path, provenance: Provenance) -> str:
    rows = [("file", str(file))]
    rows += [("instruction", text) for text in provenance.instructions]
    rows += [("recipe", provenance.recipe)] if provenance.recipe else []
    rows += [
        ("model", f"{provenance.model} ({provenance.fingerprint})"),
        *([("LoRA", provenance.lora)] if provenance.lora else []),
        *([("accelerated", ", ".join(provenance.accelerate))] if provenance.accelerate else []),
        ("seed", str(provenance.seed) + (f", variant {provenance.variant}" if provenance.variant else "")),
        ("made by", f"ip2p {provenance.version}"),
    ]
    lines = [f"{name:12} {one_line(text)}" for name, text in rows]
    again = [one_line(line) for line in provenance.again().splitlines()]
    return "\n".join([*lines, "to make it again:", *(f"  {line}" for line in again), ""])
