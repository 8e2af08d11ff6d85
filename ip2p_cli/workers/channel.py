"""What passes between a worker and the run that hired it: the worker asks, the run answers."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ip2p_cli.errors import EXIT_BUG, EnvironmentStop, Ip2pError, ItemError


@dataclass(frozen=True)
class Post:
    """One worker's place among the others."""

    number: int  # from 0
    device: str | None  # None: the best there is
    employer: str = field(default_factory=socket.gethostname)  # the machine of the run

    @property
    def is_elsewhere(self) -> bool:
        """Whether this process is on another machine than the run."""
        return socket.gethostname() != self.employer


class Channel(Protocol):
    """A worker's end."""

    def ask(self, request: object) -> Any:
        """The run's answer. Calls may run in several threads.

        Raises:
            ItemError: the run refused.
            RunGone: it is no more.
        """

    def leave(self, farewell: Farewell) -> None:
        """The last words."""


class Link(Protocol):
    """The run's end of one worker's channel.

    Attributes:
        device: that the worker works on; None: the best there is on its machine.
    """

    device: str | None

    def exchange(self, *answer: object) -> object:
        """Answer the last request (the first time there is none), and wait for the next.

        Raises:
            Lost: the worker is dead.
        """

    def end(self) -> None:
        """Have the worker dead, if it is not."""


class Workplace(Protocol):
    """Where workers are hired."""

    def hired(self, main: Callable[[Any, Post, Channel], None], work: object) -> AbstractContextManager[Sequence[Link]]:
        """Workers that each run `main(work, post, channel)`, until the context ends.

        Both travel by pickle, so that `main` is a function of a module.
        """


class Lost(Exception):
    """A worker is dead; how it died."""


class RunGone(Exception):
    """The run that hired this worker is dead."""


@dataclass(frozen=True)
class Refusal:
    """The answer to what cannot be done; the item that it was for fails."""

    reason: str


@dataclass(frozen=True)
class Farewell:
    """A worker's last words: that it was told to end, or why it ends before the work does."""

    problem: str | None = None
    exit_code: int = 0
    is_everybodys: bool = False  # another worker would meet the same
    trace: str = ""


class WorkerFailed(Ip2pError):
    """What ended a worker, and would end each; its exit code is that of the error there."""

    def __init__(self, farewell: Farewell) -> None:
        super().__init__(farewell.problem)
        self.exit_code = farewell.exit_code


def serve(main: Callable[[Any, Post, Channel], None], work: object, post: Post, channel: Channel) -> None:
    """Be a worker: run `main` to its end, whatever that is, and say so."""
    try:
        main(work, post, channel)
        farewell = Farewell()
    except RunGone:
        return
    except EnvironmentStop as problem:  # of this worker's device or memory
        farewell = Farewell(str(problem), problem.exit_code)
    except Ip2pError as problem:
        farewell = Farewell(str(problem), problem.exit_code, is_everybodys=True)
    except Exception as problem:
        text = f"{type(problem).__name__}: {problem}"
        farewell = Farewell(text, EXIT_BUG, is_everybodys=True, trace=traceback.format_exc())
    channel.leave(farewell)


def accept(answer: Any) -> Any:
    """The answer, if it is none of those that are raised.

    Raises:
        ItemError: it is a refusal.
    """
    if isinstance(answer, Refusal):
        raise ItemError(answer.reason)
    return answer


def as_error(farewell: Farewell) -> Exception:
    """What to raise in the run for what ended a worker."""
    if farewell.trace:
        return RuntimeError(f"{farewell.problem}\n{farewell.trace}")
    return WorkerFailed(farewell)
