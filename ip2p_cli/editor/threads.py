"""Threads that compute on one processor each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import torch


def threads_of_one_processor(count: int, name: str) -> ThreadPoolExecutor:
    """So many threads, each of which computes on one processor: for work that there is enough of to fill all of them.

    A thread's own number is the process's, too, for threads that are born later. So all of these are born now, and then
    the number is set back: a network that ran in fewer threads than another time would give other bytes.
    """
    usual, born = torch.get_num_threads(), threading.Barrier(count + 1)
    pool = ThreadPoolExecutor(count, name)
    for _ in range(count):
        pool.submit(_compute_in_one_thread, born)
    born.wait()
    torch.set_num_threads(usual)
    return pool


def _compute_in_one_thread(born: threading.Barrier) -> None:
    torch.get_num_threads()  # which a thread's first product would do, and take the process's number again
    torch.set_num_threads(1)
    born.wait()
