"""Decides over all candidates, writes why, and publishes what is kept as the dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import Pair, UsageError

from ..candidates import FACTS, IMAGES, finished_shards, read_facts, read_rows
from ..intermediate import read_settings, stage_folder, write_json, write_table
from ..publish import check_owner, publish
from .rules import KEPT, SCORES, Rules, Scored, decide
from .scores import read_scores, score_file

STAGE = "filter"
MADE_BY = "gen-data filter"


@dataclass(frozen=True)
class Filtered:
    """What became of the candidates."""

    candidates: int
    shards: int  # of the dataset
    reasons: Counter[str]  # `kept` among them

    @property
    def kept(self) -> int:
        """How many pairs the dataset has now."""
        return self.reasons[KEPT]


def filter_candidates(output: Path, scores: str, rules: Rules) -> Filtered:
    """Publish what the rules keep, by the scores called `scores`, which must be there.

    Raises:
        UsageError: no candidates, none kept, or a dataset of another kind is in the folder.
    """
    check_owner(output, MADE_BY)
    shards = finished_shards(output)
    scored = [one for shard in shards for one in read_scores(score_file(output, scores, shard))]
    reasons = decide(scored, rules)
    counted = Counter(reasons)
    if not counted[KEPT]:
        why = ", ".join(f"{reason}: {count}" for reason, count in counted.most_common())
        raise UsageError(f"{output}: no candidate passes ({why}); lower the thresholds, or give quantiles such as q0.3")
    written = publish(output, _kept(shards, scored, reasons), counted[KEPT], MADE_BY)
    _record(output, shards, scored, reasons, {"scores": scores, **_as_settings(rules)})
    return Filtered(len(scored), written, counted)


def decisions_file(output: Path) -> Path:
    """Every candidate without its pictures: facts, scores, and `reason`."""
    return stage_folder(output, STAGE) / "decisions.parquet"


def filter_settings(output: Path) -> dict[str, Any] | None:
    """The rules that the last filtering went by."""
    return read_settings(stage_folder(output, STAGE))


def _kept(shards: Sequence[Path], scored: Sequence[Scored], reasons: Sequence[str]) -> Iterator[Pair]:
    place = 0
    for shard in shards:
        for batch in read_rows(shard, [*FACTS, *IMAGES]):
            for row in batch:
                if reasons[place] == KEPT:
                    yield _pair(row, scored[place])
                place += 1


def _pair(row: dict[str, Any], scored: Scored) -> Pair:
    kept = {name: value for name, value in row.items() if name not in ("row", "sample")}
    return Pair(**kept, **{name: getattr(scored, name) for name in SCORES})


def _record(
    output: Path, shards: Sequence[Path], scored: Sequence[Scored], reasons: Sequence[str], settings: dict[str, Any]
) -> None:
    import pyarrow as pa

    table = pa.concat_tables([read_facts(shard) for shard in shards])
    for name in SCORES:
        table = table.append_column(name, pa.array([getattr(one, name) for one in scored], pa.float32()))
    table = table.append_column("reason", pa.array(reasons, pa.string()))
    write_table(decisions_file(output), table)
    write_json(stage_folder(output, STAGE) / "settings.json", settings)


def _as_settings(rules: Rules) -> dict[str, Any]:
    return {name: getattr(rules, name) if name == "best" else str(getattr(rules, name)) for name in asdict(rules)}
