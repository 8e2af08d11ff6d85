"""Lanes: a checkpoint's networks at work on several batches side by side.

The layers of a small network are too short to be cut between processors: the threads of one pass mostly wait for each
other. So on a CPU a small network has a lane for each processor, and each lane computes in one thread. Pixels then do
not depend on the number of processors either. A large network, and any on an accelerator, has one lane.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import torch

from ip2p_cli.accelerations import Accelerations
from ip2p_cli.editor.loading import LARGE, Components
from ip2p_cli.editor.networks import Networks
from ip2p_cli.editor.threads import threads_of_one_processor

MOST = 16  # lanes: two batches of the usual size fill no more
Result = TypeVar("Result")


class Lanes:
    """Work for the networks, done as lanes come free. It may be given by any thread."""

    def __init__(self, make: Callable[[Components], Networks], components: Components, count: int) -> None:
        """`count` lanes; each has networks of its own, made of components with the very same weights."""
        twins = [components, *(components.twin() for _ in range(count - 1))]
        self._free: SimpleQueue[Networks] = SimpleQueue()
        for each in twins:
            self._free.put(make(each))
        name = "network"
        self._pool = ThreadPoolExecutor(1, name) if count == 1 else threads_of_one_processor(count, name)
        self.count = count

    def submit(self, work: Callable[[Networks], Result]) -> Future[Result]:
        """Have it done in the next free lane."""
        return self._pool.submit(self._do, work)

    def _do(self, work: Callable[[Networks], Result]) -> Result:
        networks = self._free.get()  # there are as many as threads
        try:
            return work(networks)
        finally:
            self._free.put(networks)


def number_of_lanes(components: Components, accelerations: Accelerations) -> int:
    """How many lanes pay: more than one for a small network on a CPU. Compiled blocks belong to one network."""
    parameters = sum(parameter.numel() for parameter in components.unet.parameters())
    if components.device.type != "cpu" or parameters >= LARGE or "compile" in accelerations:
        return 1
    return min(torch.get_num_threads(), MOST)
