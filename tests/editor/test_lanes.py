"""A small network on a CPU is at work on several batches at once, and nothing in the results shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.editor import Editor
from ip2p_cli.editor import lanes as lanes_module
from ip2p_cli.editor import networks as networks_module
from ip2p_cli.editor.conditioning import BoundedCache, Seen, draw_canvas
from ip2p_cli.editor.lanes import MOST, Lanes, number_of_lanes
from ip2p_cli.editor.loading import Components
from ip2p_cli.errors import NonFiniteResult
from ip2p_cli.types import EditRequest, EditResult
from ip2p_samplers import ip2p_register_samplers

Photo = Callable[..., Image.Image]
PATIENCE = 60.0


@pytest.fixture
def processors() -> Iterator[Callable[[int], None]]:
    """Says how many torch may use."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def load(folder: Path) -> Editor:
    return Editor.load(folder, ip2p_register_samplers(), device="cpu")


def pixels(editor: Editor, photo: Photo, count: int = 5) -> list[bytes]:
    """Of edits that differ in photo, words and seed."""
    requests = [EditRequest(photo(n), ("winter", "night")[n % 2], steps=3, seed=n) for n in range(count)]
    return [result.image.tobytes() for result in editor.edit(requests)]


def test_pixels_do_not_depend_on_the_number_of_processors(
    tiny_checkpoint: Path, photo: Photo, processors: Callable[[int], None]
) -> None:
    found = []
    for count in (1, 2, 3, 8):
        processors(count)
        editor = load(tiny_checkpoint)
        assert editor._lanes.count == count
        found.append(pixels(editor, photo))
    assert found.count(found[0]) == len(found)


def test_lanes_are_at_work_at_the_same_time_each_on_one_processor(
    tiny_checkpoint: Path, processors: Callable[[int], None]
) -> None:
    processors(3)
    lanes = load(tiny_checkpoint)._lanes
    together = threading.Barrier(3, timeout=PATIENCE)

    def work(networks: object) -> tuple[int, int]:
        together.wait()
        return id(networks), torch.get_num_threads()

    found = [future.result() for future in [lanes.submit(work) for _ in range(6)]]
    assert len({networks for networks, _ in found}) == 3
    assert {threads for _, threads in found} == {1}
    assert torch.get_num_threads() == 3


def test_twins_have_the_very_same_weights_and_their_own_modules(tiny_checkpoint: Path) -> None:
    components = load(tiny_checkpoint)._components
    twin = components.twin()
    for network in ("vae", "unet", "text_encoder"):
        mine, other = getattr(components, network), getattr(twin, network)
        assert all(a is b for a, b in zip(mine.parameters(), other.parameters(), strict=True))
        assert all(a is b for a, b in zip(mine.buffers(), other.buffers(), strict=True))
        assert not {id(module) for module in mine.modules()} & {id(module) for module in other.modules()}
    assert twin.tokenizer is not components.tokenizer  # which is not for several threads


def test_a_lane_is_free_again_after_an_error(tiny_checkpoint: Path) -> None:
    lanes = load(tiny_checkpoint)._lanes

    def fail(networks: object) -> None:
        raise RuntimeError("out of memory")

    for _ in range(2 * lanes.count):
        with pytest.raises(RuntimeError, match="out of memory"):
            lanes.submit(fail).result()
    assert lanes.submit(lambda networks: "fine").result() == "fine"


@pytest.mark.parametrize(
    ("threads", "device", "large", "accelerations", "expected"),
    [
        (4, "cpu", False, EXACT, 4),
        (1, "cpu", False, EXACT, 1),
        (MOST + 50, "cpu", False, EXACT, MOST),
        (4, "cpu", True, EXACT, 1),
        (4, "meta", False, EXACT, 1),
        (4, "cpu", False, frozenset({"compile"}), 1),
    ],
)
def test_how_many_pay(
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    device: str,
    large: bool,
    accelerations: Accelerations,
    expected: int,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(lanes_module, "LARGE", 10 if large else 11)
    unet = torch.nn.Linear(5, 2, bias=False)
    components = Components(None, unet, None, None, torch.device(device))
    assert number_of_lanes(components, accelerations) == expected


def test_what_is_not_finite_in_one_lane_leaves_the_others_alone(
    tiny_checkpoint: Path, photo: Photo, processors: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processors(2)
    requests = [EditRequest(image, "x", steps=2) for image in (photo(0), Image.new("RGB", (48, 48), "white"), photo(1))]
    expected = [result.image.tobytes() for result in load(tiny_checkpoint).edit(requests)]
    see = networks_module.see

    def spoilt(components: Components, canvas: np.ndarray) -> Seen:
        seen = see(components, canvas)
        return Seen(seen.latents, seen.copy * torch.nan) if canvas.min() == 255 else seen

    monkeypatch.setattr(networks_module, "see", spoilt)
    first, white, second = load(tiny_checkpoint).edit_each(requests)
    assert isinstance(white, NonFiniteResult)
    assert isinstance(first, EditResult) and isinstance(second, EditResult)
    assert [first.image.tobytes(), second.image.tobytes()] == [expected[0], expected[2]]


def test_one_lane_leaves_torch_all_processors(tiny_checkpoint: Path) -> None:
    components = load(tiny_checkpoint)._components
    lane = Lanes(lambda own: own, components, 1)  # type: ignore[arg-type,return-value]
    assert lane.submit(lambda own: torch.get_num_threads()).result() == torch.get_num_threads()


def test_a_value_that_two_lanes_ask_for_at_once_is_made_once() -> None:
    cache: BoundedCache[str] = BoundedCache(4)
    asked, made = threading.Event(), []

    def make() -> str:
        assert asked.wait(PATIENCE)
        made.append(1)
        return "value"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("key", make))) for _ in range(3)]
    for thread in threads:
        thread.start()
    asked.set()
    for thread in threads:
        thread.join()
    assert (found, made) == (["value"] * 3, [1])


def test_a_value_that_could_not_be_made_is_tried_again() -> None:
    cache: BoundedCache[float] = BoundedCache(4)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 / 0)
    assert cache.get("key", lambda: 2.0) == 2.0


def test_after_an_error_nothing_more_is_begun(
    tiny_checkpoint: Path, photo: Photo, processors: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processors(1)
    editor = load(tiny_checkpoint)
    editor.batch_size = 1
    called = []

    def run(*arguments: object) -> None:
        called.append(1)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(networks_module.Networks, "run", run)
    with pytest.raises(RuntimeError, match="out of memory"):
        editor.edit([EditRequest(photo(n), "x", steps=2) for n in range(50)])
    assert len(called) < 50


def test_canvases_are_drawn_by_who_asks_so_that_no_lane_waits_for_them(
    tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_by = []

    def draw(*arguments: Any) -> Any:
        drawn_by.append(threading.current_thread())
        return draw_canvas(*arguments)

    monkeypatch.setattr("ip2p_cli.editor.draw_canvas", draw)
    pixels(load(tiny_checkpoint), photo)
    assert drawn_by and set(drawn_by) == {threading.current_thread()}
