"""Recipe + sources -> jobs with output names; a second item for one name fails, naming both."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ip2p_cli import names, templates
from ip2p_cli.entries import CACHE
from ip2p_cli.errors import UsageError
from ip2p_cli.formats import format_of_suffix, parse_format
from ip2p_cli.types import ChangeBand, EditJob, Source, Step

STDOUT = "-"


@dataclass(frozen=True)
class Destination:
    """Where outputs go: stdout, one file, or names under a folder."""

    root: Path | None  # None: standard output
    file: Path | None = None
    template: str = names.ONE_OUTPUT
    format: str | None = None  # Pillow's name; None: the input's own
    extension: str | None = None  # None: the input's own


@dataclass(frozen=True)
class Chains:
    """What is done to every photo: each chain gives `variants` outputs."""

    chains: tuple[tuple[Step, ...], ...]
    recipe: str | None = None
    seed: int = 0
    variants: int = 1
    change: ChangeBand | None = None

    @property
    def outputs(self) -> int:
        """How many outputs each photo gets."""
        return len(self.chains) * self.variants


@dataclass(frozen=True)
class PlannedJob:
    """A job, or why it cannot be done."""

    job: EditJob
    problem: str | None = None


@dataclass(frozen=True)
class PhotoPlan:
    """All that is to be made of one photo."""

    source: Source
    jobs: tuple[PlannedJob, ...]


@dataclass(frozen=True)
class Order:
    """What is to be made of one photo, where each has its own; `label` names it in messages."""

    source: Source
    chains: Chains
    label: str
    template: str | None = None  # of its output names


class NamesTaken:
    """Which output belongs to which photo. SQLite's own temporary file holds it: there may be millions."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{CACHE}")
        self._database.execute("CREATE TABLE taken (output BLOB PRIMARY KEY, photo BLOB) WITHOUT ROWID")

    def by(self, output: Path) -> str | None:
        """The photo that an output is made of."""
        row = self._database.execute("SELECT photo FROM taken WHERE output = ?", (_key(output),)).fetchone()
        return None if row is None else os.fsdecode(row[0])

    def release(self, output: Path) -> None:
        """From now on it belongs to nobody."""
        self._database.execute("DELETE FROM taken WHERE output = ?", (_key(output),))

    def take(self, output: Path, photo: str) -> None:
        """From now on the output belongs to that photo."""
        self._database.execute("INSERT INTO taken VALUES (?, ?)", (_key(output), os.fsencode(photo)))


def _key(output: Path) -> bytes:
    return os.fsencode(os.path.normcase(output))


def destination(output: str, format_name: str | None, template: str | None, outputs: int) -> Destination:
    """What `-o`, `--format` and `--name` ask for; `outputs` is the number of outputs a photo.

    Raises:
        UsageError: they contradict each other, or the template is not one.
    """
    format_, extension = parse_format(format_name) if format_name else (None, None)
    if not output:
        raise UsageError("-o is empty; is a shell variable unset?")
    if output == STDOUT:
        if template or outputs > 1:
            raise UsageError("-o - writes one image to stdout; leave out --name, --variants and [matrix]")
        return Destination(None, format=format_)
    path = Path(os.path.abspath(os.path.expanduser(output)))
    if format_of_suffix(path.suffix) and not path.is_dir():
        if template:
            raise UsageError(f"-o {output} names one file; leave out --name, or give a folder")
        _check_one_output(output, outputs)
        return Destination(path.parent, path, format=_format_by_suffix(path.suffix, format_, f"-o {output}"))
    if path.exists() and not path.is_dir():
        raise UsageError(f"-o {output} is a file without an image suffix; give a folder or a name such as out.jpg")
    template = template or (names.SEVERAL_OUTPUTS if outputs > 1 else names.ONE_OUTPUT)
    names.check_name_template(template)
    suffix = PurePosixPath(template).suffix
    if not template.endswith("{ext}"):
        if not format_of_suffix(suffix):
            raise UsageError(f"name template {template!r} has no image suffix; end it in {{ext}}")
        format_ = _format_by_suffix(suffix, format_, f"name template {template!r}")
    return Destination(path, template=template, format=format_, extension=extension)


def _check_one_output(output: str, outputs: int) -> None:
    if outputs > 1:
        raise UsageError(f"-o {output} names one file, but there are {outputs} outputs; give a folder")


def _format_by_suffix(suffix: str, format_: str | None, where: str) -> str:
    by_suffix = format_of_suffix(suffix)
    if by_suffix is None or (format_ is not None and format_ != by_suffix):
        raise UsageError(f"{where} ends in {suffix}, but --format asks for {format_}; leave one of them out")
    return by_suffix


def plan(sources: Iterable[Source], chains: Chains, target: Destination) -> Iterator[PhotoPlan]:
    """The jobs of each photo, lazily, in the order of the sources. A source named twice counts once.

    Raises:
        UsageError: a second photo where there can be only one output.
    """
    taken = NamesTaken()
    for number, source in enumerate(sources):
        if number and (target.root is None or target.file is not None):
            where = "-o -" if target.file is None else f"-o {target.file}"
            raise UsageError(f"{where} takes one photo, but there are several; give a folder with -o")
        jobs = list(_jobs(source, chains, target))
        photo = str(source.path or STDOUT)
        if any(item.job.output is not None and taken.by(item.job.output) == photo for item in jobs):
            continue
        yield PhotoPlan(source, tuple(_named(item, photo, taken) for item in jobs))


def plan_orders(orders: Iterable[Order], target: Destination) -> Iterator[PhotoPlan]:
    """The jobs of each order, lazily. A photo may be ordered several times, under names of their own."""
    taken = NamesTaken()
    for order in orders:
        several = order.chains.outputs > 1 and target.template == names.ONE_OUTPUT
        template = order.template or (names.SEVERAL_OUTPUTS if several else target.template)
        jobs = _jobs(order.source, order.chains, replace(target, template=template))
        yield PhotoPlan(order.source, tuple(_named(item, order.label, taken) for item in jobs))


def plan_watched(sources: Iterable[Source | None], chains: Chains, target: Destination) -> Iterator[PhotoPlan | None]:
    """The jobs of photos as they come, and come again when they have changed; None where nothing has come."""
    taken = NamesTaken()
    for source in sources:
        if source is None:
            yield None
            continue
        jobs, photo = list(_jobs(source, chains, target)), str(source.path)
        for item in jobs:
            if item.job.output is not None and taken.by(item.job.output) == photo:
                taken.release(item.job.output)
        yield PhotoPlan(source, tuple(_named(item, photo, taken) for item in jobs))


def _named(item: PlannedJob, photo: str, taken: NamesTaken) -> PlannedJob:
    """The job if its output name is free; else failed, naming both that want it."""
    output = item.job.output
    if output is None or item.problem:
        return item
    if item.job.source.path is not None and _is_same_file(output, item.job.source.path):
        return PlannedJob(
            item.job, f"{output} is the photo itself, which is never overwritten; choose another -o or --name"
        )
    other = taken.by(output)
    if other is not None:
        hint = "put {relpath}, {ext} or {variant} in --name"
        return PlannedJob(item.job, f"{output} would be made of {other} and of {photo}; {hint}")
    taken.take(output, photo)
    return item


def _is_same_file(one: Path, other: Path) -> bool:
    """False where one of them is not there: a photo that has gone fails when it is read."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _jobs(source: Source, chains: Chains, target: Destination) -> Iterator[PlannedJob]:
    for number, chain in enumerate(chains.chains):
        for variant in range(chains.variants):
            name, problem = _output(source, chains, chain, number * chains.variants + variant, target)
            yield PlannedJob(EditJob(source, name, chain, chains.seed, variant, chains.recipe, chains.change), problem)


def _output(
    source: Source, chains: Chains, chain: tuple[Step, ...], number: int, target: Destination
) -> tuple[Path | None, str | None]:
    if target.root is None or target.file is not None:
        return target.file, None
    values = names.NameValues(
        relative=source.relative,
        extension=source.relative.suffix if target.extension is None else target.extension,
        recipe=chains.recipe or "edit",
        slug=templates.slug(" ".join(step.instruction for step in chain)),
        seed=chains.seed,
        variant=number,
    )
    try:
        return target.root / names.expand(target.template, values), None
    except UsageError as problem:
        return target.root / source.relative.name, str(problem)
