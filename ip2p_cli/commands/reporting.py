"""`--report` and `--contact-sheet`: checked before the run, made beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ip2p_cli.commands.options import RunOptions
from ip2p_cli.events import Listener
from ip2p_cli.plan import Destination
from ip2p_cli.report import Report, Sink, page, sheet
from ip2p_cli.report.replacing import check_place
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import StepSettings


def check_reports(run: RunOptions) -> None:
    """See that what is asked for can be written.

    Raises:
        UsageError: a wrong suffix, or a file there that is somebody else's.
    """
    if run.report is not None:
        check_place(run.report, page.OPTION, page.SUFFIXES, page.is_page)
    if run.contact_sheet is not None:
        check_place(run.contact_sheet, sheet.OPTION, tuple(sheet.FORMATS), sheet.is_sheet)


def make_report(run: RunOptions, target: Destination, defaults: StepSettings, reader: SourceReader) -> list[Listener]:
    """The listener that makes what is asked for, if anything is. `defaults` are the checkpoint's."""
    sinks: list[Sink] = []
    if run.report is not None:
        sinks.append(page.Page(run.report, str(target.file or target.root or "stdout"), defaults))
    if run.contact_sheet is not None:
        sinks.append(sheet.ContactSheet(run.contact_sheet))
    return [Report(sinks, reader)] if sinks else []


def is_of_this_report(run: RunOptions) -> Callable[[Path], bool]:
    """A test of whether a file is a contact sheet that this command made when it ran before: it is no photo to edit."""
    if run.contact_sheet is None:
        return lambda path: False
    place = run.contact_sheet.expanduser().absolute()
    names = re.compile(re.escape(place.stem) + r"(-\d+)?" + re.escape(place.suffix))
    return lambda path: path.parent == place.parent and names.fullmatch(path.name) is not None and sheet.is_sheet(path)
