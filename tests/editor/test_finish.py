"""What comes after the network runs beside it, and leaves no trace in the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.editor import Editor
from ip2p_cli.editor.exactly import _SharedContext
from ip2p_cli.editor.finish import FINISHERS
from ip2p_cli.editor.networks import Networks
from ip2p_cli.types import EditRequest
from ip2p_samplers import ip2p_register_samplers

Photo = Callable[..., Image.Image]
PATIENCE = 60.0


@pytest.mark.usefixtures("one_lane")
def test_one_batch_is_denoised_while_another_is_finished(
    tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    second_denoised = threading.Event()
    finish, denoise = editor._finisher._finish, Networks.denoise

    def patient(*arguments: Any) -> Any:
        assert second_denoised.wait(PATIENCE), "the network waits for what comes after it"
        return finish(*arguments)

    def noting(*arguments: Any) -> Any:
        latents = denoise(*arguments)
        calls.append(1)
        if len(calls) == 2:
            second_denoised.set()
        return latents

    calls: list[int] = []
    monkeypatch.setattr(editor._finisher, "_finish", patient)
    monkeypatch.setattr(Networks, "denoise", noting)
    results: dict[int, Any] = {}

    def edit(number: int) -> None:
        [results[number]] = editor.edit([EditRequest(photo(number), "winter", steps=2)])

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    for number in range(2):
        [alone] = editor.edit([EditRequest(photo(number), "winter", steps=2)])
        assert np.array_equal(np.asarray(results[number].image), np.asarray(alone.image))


def test_threads_elsewhere_have_as_many_processors_as_before(tiny_checkpoint: Path, photo: Photo) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        editor = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
        editor.edit([EditRequest(photo(number), "winter", steps=2) for number in range(2 * FINISHERS)])
        found: list[int] = list(editor._finisher._pool.map(lambda _: torch.get_num_threads(), range(8)))
        assert set(found) == {1}
        found.clear()
        later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
        later.start()
        later.join()
        assert (torch.get_num_threads(), *found) == (3, 3)
    finally:
        torch.set_num_threads(before)


def test_a_context_of_the_process_lasts_until_the_last_thread_leaves_it() -> None:
    from contextlib import contextmanager

    events = []

    @contextmanager
    def context() -> Any:
        events.append("in")
        yield
        events.append("out")

    shared = _SharedContext(context)
    first, second = shared(), shared()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert events == ["in"]
    second.__exit__(None, None, None)
    assert events == ["in", "out"]
    with shared():
        assert events == ["in", "out", "in"]
