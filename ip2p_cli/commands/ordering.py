"""What a run is to make, by where its photos come from: sources, the lines of `--jobs`, or a folder under `--watch`."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ip2p_cli.commands.options import RunOptions, SourceOptions
from ip2p_cli.commands.reporting import is_of_this_report
from ip2p_cli.entries import key_of
from ip2p_cli.errors import UsageError
from ip2p_cli.formats import suffix_of
from ip2p_cli.jobs_file import JobLine, JobsFile
from ip2p_cli.mask_folder import is_written_mask
from ip2p_cli.own_outputs import OwnOutputs
from ip2p_cli.plan import Chains, Destination, Order, PhotoPlan, plan, plan_orders, plan_watched
from ip2p_cli.recipe import merged
from ip2p_cli.shard import Shard
from ip2p_cli.sources import STDIN, SourceList, SourceReader, find_sources, nothing_found, read_nul_list
from ip2p_cli.types import Source, Step, StepSettings
from ip2p_cli.watch import Watch


@dataclass(frozen=True)
class Asked:
    """Which photos the command line asks for."""

    arguments: tuple[str, ...]
    of_recipe: tuple[str, ...]  # where there are no arguments
    source: SourceOptions
    run: RunOptions
    shard: Shard | None = None

    def has(self, source: Source) -> bool:
        """Whether a photo is in this run's part."""
        return self.shard is None or self.shard.has(source)


@dataclass(frozen=True)
class Orders:
    """What is to be made."""

    plans: Iterator[PhotoPlan | None]
    count: Callable[[], int] | None = None  # of the outputs; it takes a while. None: nobody knows
    samplers: Set[str] = frozenset()  # that single lines ask for
    digest: bytes = b""  # of all that single lines ask for

    def identity(self, settings: str) -> str:
        """Equal for two runs if and only if they make the same of every photo."""
        return key_of(self.digest, settings) if self.digest else settings


def read_orders(
    asked: Asked,
    chains: Chains,
    target: Destination,
    fallback: StepSettings,
    reader: SourceReader,
    named: Callable[[StepSettings], StepSettings],
) -> Orders:
    """What the command line asks for; `fallback` are its settings for lines with an instruction of their own, and
    `named` gives the sampler of a line its own name.

    Raises:
        UsageError: it asks for nothing, or for what does not fit together.
    """
    _check_together(asked, target)
    if asked.source.jobs is not None:
        return _of_jobs(asked, asked.source.jobs, chains, target, fallback, named)
    if asked.source.watch:
        scan = functools.partial(_sources, asked, target, reader)
        scan()  # a folder that is not there is said now
        watched = plan_watched(Watch(scan), chains, target)
        return Orders(photo for photo in watched if photo is None or asked.has(photo.source))
    sources = _sources(asked, target, reader)
    plans = _not_empty(plan(sources, chains, target), sources)
    return Orders(
        (photo for photo in plans if asked.has(photo.source)),
        count=lambda: sum(map(asked.has, sources)) * chains.outputs,
    )


def _of_jobs(
    asked: Asked,
    path: Path,
    chains: Chains,
    target: Destination,
    fallback: StepSettings,
    named: Callable[[StepSettings], StepSettings],
) -> Orders:
    jobs = JobsFile(path, has_instruction=any(chains.chains), format_=target.format)

    def orders() -> Iterator[Order]:
        wanted = (line for line in jobs if asked.has(line.source))
        return (_order(replace(line, settings=named(line.settings)), chains, fallback) for line in wanted)

    return Orders(
        plan_orders(orders(), target),
        count=lambda: sum(order.chains.outputs for order in orders()),
        samplers=jobs.samplers,
        digest=jobs.digest,
    )


def _check_together(asked: Asked, target: Destination) -> None:
    source, run, arguments = asked.source, asked.run, asked.arguments
    if source.jobs is not None and (arguments or source.files_from0 is not None or source.watch):
        raise UsageError("--jobs names the photos itself; leave out SOURCES, --files-from0 and --watch")
    option = "--jobs" if source.jobs is not None else "--watch" if source.watch else None
    if option and (target.root is None or target.file is not None):
        raise UsageError(f"{option} needs a folder to write to; give one with -o")
    if source.watch and (STDIN in arguments or source.files_from0 is not None):
        raise UsageError("--watch wants folders to look into; leave out - and --files-from0")
    if source.watch and run.dry_run:
        raise UsageError("--watch has no end, and --dry-run no work; leave one of them out")


def _order(line: JobLine, chains: Chains, fallback: StepSettings) -> Order:
    """What a line asks for; `chains` and `fallback` are those of the command line for what it leaves out."""
    if line.instructions:
        own = merged(line.settings, fallback)
        asked: tuple[tuple[Step, ...], ...] = (tuple(Step(text, own) for text in line.instructions),)
    else:
        asked = tuple(
            tuple(replace(step, settings=merged(line.settings, step.settings)) for step in chain)
            for chain in chains.chains
        )
    seed = chains.seed if line.seed is None else line.seed
    own_chains = Chains(asked, chains.recipe, seed, line.variants or chains.variants, chains.change)
    return Order(line.source, own_chains, f"{line.source.path} (line {line.number})", line.output)


def _sources(asked: Asked, target: Destination, reader: SourceReader) -> SourceList:
    list_name = asked.source.files_from0
    if list_name == STDIN and STDIN in asked.arguments:
        raise UsageError("- and --files-from0 - both want stdin; leave one of them out")
    listed = read_nul_list(list_name) if list_name is not None else []
    if list_name is not None and not listed and not asked.arguments:
        raise UsageError(f"--files-from0 {list_name}: the list is empty")
    is_own_output, is_report = OwnOutputs(), is_of_this_report(asked.run)
    arguments = asked.arguments or (() if listed else asked.of_recipe)
    stdin_name = "stdin"
    if STDIN in arguments:
        if sys.stdin is None:
            raise UsageError("- reads an image from stdin, which is closed; redirect it, or name a file")
        if sys.stdin.isatty():
            raise UsageError("- reads an image from stdin, which is the terminal; redirect it, or name a file")
        stdin_name += suffix_of(reader.read(Source(None, PurePosixPath(stdin_name))))
    return find_sources(
        arguments,
        listed=listed,
        recurse=asked.source.recurse,
        output_root=None if target.file else target.root,
        is_own_output=lambda path: is_report(path) or is_written_mask(path) or is_own_output(path),
        stdin_name=stdin_name,
    )


def _not_empty(plans: Iterator[PhotoPlan], sources: SourceList) -> Iterator[PhotoPlan]:
    """The same plans, the first two already made: what is wrong with them is said before a model is loaded."""
    first = list(itertools.islice(plans, 2))
    if not first:
        raise nothing_found(sources)
    return itertools.chain(first, plans)
