"""The options of `ip2p gen-data instructions` and `ip2p gen-data finetune-lm`: parse, plan, run."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ip2p_cli.api import (
    INSTRUCTIONS,
    StopRequest,
    UsageError,
    choose_device,
    data_engines,
    make_output_folder,
    quiet_libraries,
    text_check,
)

from ..world.shipped import WORLD, resolve

WORLD_CAPTIONS = 150  # of the world, which has no end
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the dataset.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps.")]
Offline = Annotated[bool, typer.Option(help="Never ask the network.")]


def instructions(
    captions: Annotated[
        str,
        typer.Option(help="Captions: a .txt, .jsonl, .csv or .parquet file, the id of a dataset, or the world's own."),
    ] = WORLD,
    output: Output = Path("ip2p-data"),
    column: Annotated[str | None, typer.Option(help="Column of the captions (default: input or caption).")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Take the first N captions only (world: {WORLD_CAPTIONS} if not given).")
    ] = None,
    lm: Annotated[
        str, typer.Option(help="Engine that writes the edits: local, openai, grammar (the world's), or a plugin's.")
    ] = "local",
    lm_model: Annotated[
        str | None, typer.Option(help="Its model: a folder, a hub id, or the server's name (local: the world's).")
    ] = None,
    lm_api: Annotated[str, typer.Option(help="openai: chat (instructed models) or completions (tuned ones).")] = "chat",
    seed: Annotated[int, typer.Option(help="One seed makes the same instructions again.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="local: captions at a time.")] = 16,
    concurrency: Annotated[int, typer.Option(min=1, help="openai: requests at a time.")] = 8,
    timeout: Annotated[float, typer.Option(min=0.1, help="openai: seconds to wait for the server.")] = 60.0,
    dtype: Annotated[str, typer.Option(help="local: float32, bfloat16 or float16.")] = "float32",
    device: Device = "auto",
    offline: Offline = False,
) -> None:
    """Write an instruction and an edited caption for each caption; the same command again goes on.

    Rows are kept in OUTPUT/.gen-data/instructions/, those that were rejected apart, with the reasons.
    """
    engines = data_engines(INSTRUCTIONS)
    if lm not in engines:
        raise UsageError(f"unknown --lm {lm!r}; there are: {', '.join(sorted(engines))}")
    from ..progress import show
    from .judge import Judge
    from .stage import make_instructions

    found = _captions(captions, column, limit, seed)
    model = _local_model(lm_model, found) if lm == "local" else lm_model
    options: dict[str, Any] = {
        "model": model,
        "api": lm_api,
        "batch_size": batch_size,
        "concurrency": concurrency,
        "timeout": timeout,
        "dtype": dtype,
        "device": device,
        "offline": offline,
    }
    # Only what the rows depend on: a run may go on with another batch size, or on another device.
    settings = {
        "engine": lm,
        "model": lm_model or (WORLD if lm == "local" else None),
        "api": lm_api,
        "dtype": dtype,
        "seed": seed,
    }
    make_output_folder(output)
    engine = engines[lm].make(options)
    show(make_instructions(output, found, engine, Judge(text_check()), settings), "captions")
    _summary(output)


def _captions(source: str, column: str | None, limit: int | None, seed: int) -> list[str]:
    if source == WORLD:
        from ..world.corpus import captions

        return list(itertools.islice(captions(seed), limit or WORLD_CAPTIONS))
    from .captions import read_captions

    found = list(itertools.islice(read_captions(source, column), limit))
    if not found:
        raise UsageError(f"{source} holds no captions; give one that has some")
    return found


def _local_model(name: str | None, captions: Sequence[str]) -> str:
    """The model of the engine `local`; the shipped one knows the captions of the world and no others."""
    if name not in (None, WORLD):
        return str(name)
    from ..world.captions import NotInGrammar, parse

    try:
        for caption in captions:
            parse(caption)
    except NotInGrammar:
        raise UsageError(
            f"the shipped language model knows only the world's captions, not {caption!r}; give --lm-model "
            "(make one: ip2p gen-data finetune-lm --base MODEL -o my-lm)"
        ) from None
    return resolve(WORLD, "language-model")


def _summary(output: Path) -> None:
    from collections import Counter

    from ..intermediate import stage_folder
    from .shards import STAGE, read_rows

    kept = sum(1 for _ in read_rows(output))
    reasons = Counter(row["reason"] for row in read_rows(output, rejected=True))
    why = "".join(f"; {count} {reason}" for reason, count in reasons.most_common())
    _say(f"{stage_folder(output, STAGE)}: {kept} kept, {reasons.total()} rejected{why}")


def _one_of(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise UsageError(f"unknown {what} {given!r}; there are: {', '.join(known)}")


def finetune_lm(
    base: Annotated[str, typer.Option(help="Language model to start from: a folder or a hub id.")],
    triplets: Annotated[
        Path | None, typer.Argument(help="JSONL with input, edit, output (default: the 700 that ship).")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the tuned model.")] = Path("ip2p-lm"),
    epochs: Annotated[float, typer.Option(min=0.01, help="Times that each triplet is seen, on average.")] = 4.0,
    batch_size: Annotated[int, typer.Option(min=1, help="Triplets a step.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="At its peak.")] = 5e-5,
    lora: Annotated[int, typer.Option(min=0, help="Rank of low-rank adapters; 0 trains all weights.")] = 0,
    optimizer: Annotated[str, typer.Option(help="adamw, or muon (small models, many triplets).")] = "adamw",
    precision: Annotated[str, typer.Option(help="fp32, or bf16 (mixed).")] = "fp32",
    seed: Annotated[int, typer.Option(help="One seed makes the same model again.")] = 0,
    device: Device = "auto",
    offline: Offline = False,
) -> None:
    """Tune a language model on edit triplets, for `--lm local`; the same command again goes on."""
    _one_of("precision", precision, ("fp32", "bf16"))
    _one_of("optimizer", optimizer, ("adamw", "muon"))
    from ip2p_train.checkpoints import discard_temporary
    from ip2p_train.config import LoopConfig
    from ip2p_train.output import check_output

    from .triplets import SHIPPED, read_triplets

    rows = read_triplets(triplets or SHIPPED)
    check_output(output)
    steps = max(1, round(epochs * len(rows) / batch_size))
    config = LoopConfig(
        max_steps=steps,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        warmup_steps=max(1, steps // 20),
        ema_decay=0.0,  # a few hundred steps: an average would lag behind
        precision=precision,
        seed=seed,
        log_every=max(1, steps // 50),
    )
    given: dict[str, Any] = {
        "base": base,
        "triplets": len(rows),
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "lora": lora,
    }
    given |= {"learning_rate": learning_rate, "optimizer": optimizer, "precision": precision}
    with quiet_libraries():
        from .finetune import add_lora, finetune
        from .local import load_lm, stored_dtype

        place = choose_device(device)
        model, tokenizer = load_lm(base, offline=offline)
        tuned = add_lora(model, lora, seed) if lora else model
        step = 0
        with StopRequest(lambda: discard_temporary(output), in_hand="the step in hand") as stop:
            for record in finetune(
                tuned,
                tokenizer,
                rows,
                config,
                output,
                given,
                save_dtype=stored_dtype(base, offline=offline),
                device=place,
                stopping=lambda: stop.requested,
            ):
                step = record["step"]
                _say(
                    f"step {step}/{steps}  loss {record['loss']:.4f}  "
                    f"{record['samples_per_second']:.1f} triplets/s  {record['eta_seconds'] / 60:.0f} min left"
                )
    if stop.requested and step < steps:
        _say(f"{output}: stopped, the checkpoint is written; the same command goes on")
    else:
        _say(f"{output}: tuned for {steps} steps; use it: ip2p gen-data instructions --lm local --lm-model {output}")
    raise typer.Exit(stop.exit_code if stop.requested else 0)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
