"""Runs an engine over captions, shard by shard: asks, judges, asks again, drops doubles, writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import CaptionTask, EditAnswer, InstructionEngine, Ip2pError, UsageError

from ..intermediate import claim, stage_folder
from .captions import one_line
from .judge import Judge, Rejection, words
from .shards import STAGE, read_rows, shard_file, write_shard

ROWS_PER_SHARD = 128
TRIES = 4  # one, and three more (the reference code's own number)


@dataclass
class Run:
    """What the shards of one run share."""

    engine: InstructionEngine
    name: str  # of the engine, for the record
    judge: Judge
    seed: int
    seen: set[tuple[str, ...]]


def make_instructions(
    output: Path, captions: Sequence[str], engine: InstructionEngine, judge: Judge, settings: dict[str, Any]
) -> Iterator[tuple[int, int]]:
    """Write every missing shard, telling after each (captions done, of how many).

    `settings` name the engine and the seed.

    Raises:
        UsageError: `output` holds rows made with other settings or captions.
        EnvironmentStop: the engine or the disk gave out; the same call goes on.
    """
    record = {**settings, "captions": _digest(captions), "rows": len(captions), "rows_per_shard": ROWS_PER_SHARD}
    claim(stage_folder(output, STAGE), record)
    run = Run(engine, str(settings["engine"]), judge, int(settings["seed"]), {_key(row) for row in read_rows(output)})
    done = 0
    for index, start in enumerate(range(0, len(captions), ROWS_PER_SHARD)):
        part = captions[start : start + ROWS_PER_SHARD]
        done += len(part)
        if shard_file(output, index).exists():
            continue
        write_shard(output, index, *_shard(run, start, part))
        yield done, len(captions)


def row_seed(seed: int, row: int, attempt: int) -> int:
    """The seed of one try at one row: blake2b, so that no row depends on what was made before it."""
    digest = hashlib.blake2b(f"{seed}/{row}/{attempt}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _shard(run: Run, start: int, captions: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(kept rows, rejected rows) of one run of captions that starts at row `start`."""
    kept: dict[int, dict[str, Any]] = {}
    failures: dict[int, list[dict[str, str]]] = {}
    pending = []
    for row, caption in enumerate(captions, start):
        refusal = run.judge.caption(caption)
        if refusal is None:
            pending.append(row)
        else:
            failures[row] = [asdict(refusal)]
    for attempt in range(TRIES):
        asked, pending = pending, []
        for row, answer in zip(asked, _ask(run, start, captions, asked, attempt), strict=True):
            caption = captions[row - start]
            refusal = run.judge.answer(caption, answer)
            if refusal is None:
                kept[row] = _row(run, row, caption, answer, attempt)
            else:
                failures.setdefault(row, []).append({**asdict(refusal), "raw": answer.raw})
                pending.append(row)
    for row in sorted(kept):  # in order, so that the first of two equal ones stays, whenever it was answered
        key = _key(kept[row])
        if key in run.seen:
            failures.setdefault(row, []).append({**asdict(Rejection("duplicate")), "raw": kept.pop(row)["edit"]})
        run.seen.add(key)
    rejected = [
        {"row": row, "input": captions[row - start], "reason": failures[row][-1]["reason"], "tries": failures[row]}
        for row in sorted(failures)
        if row not in kept
    ]
    return [kept[row] for row in sorted(kept)], rejected


def _ask(run: Run, start: int, captions: Sequence[str], rows: Sequence[int], attempt: int) -> Sequence[EditAnswer]:
    if not rows:
        return []
    tasks = [CaptionTask(captions[row - start], row_seed(run.seed, row, attempt)) for row in rows]
    try:
        answers = run.engine(tasks)
    except Ip2pError:
        raise
    except Exception as problem:  # a plugin's own code
        raise UsageError(
            f"engine {run.name!r} failed ({type(problem).__name__}: {problem}), which is a fault in its plugin; "
            "choose another --lm"
        ) from problem
    if len(answers) != len(rows):
        raise UsageError(
            f"engine {run.name!r} gave {len(answers)} answers to {len(rows)} captions, which is a fault in its plugin; "
            "choose another --lm"
        )
    return answers


def _row(run: Run, row: int, caption: str, answer: EditAnswer, attempt: int) -> dict[str, Any]:
    return {
        "row": row,
        "input": caption,
        "edit": one_line(answer.edit),
        "output": one_line(answer.output),
        "engine": run.name,
        "seed": row_seed(run.seed, row, attempt),
        "tries": attempt + 1,
    }


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    """Two rows with one key are the same example."""
    return tuple(" ".join(words(row[name])) for name in ("input", "edit"))


def _digest(captions: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(captions).encode(), digest_size=16).hexdigest()
