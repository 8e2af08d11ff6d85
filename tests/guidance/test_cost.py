"""What a further try costs: photo and words are encoded once, however often an edit is made again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

import ip2p_guidance
from ip2p_cli.editor import Editor, conditioning, networks
from ip2p_cli.plan import Chains
from ip2p_cli.types import ChangeBand, Step, StepSettings
from ip2p_samplers import ip2p_register_samplers
from tests.core.bench import Bench
from tests.fakes import FakeEditor
from tests.guidance.test_distance import scene
from tests.photos import save

TRIES = 3
NOWHERE = ChangeBand(0.999, 1.0, TRIES)  # a band that the tiny network, made by chance, does not reach


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the editor has called its encoders."""
    counted: Counter[str] = Counter()

    def counting(module: ModuleType, name: str) -> Any:
        function = getattr(module, name)

        def call(*arguments: Any) -> Any:
            counted[name] += 1
            return function(*arguments)

        return call

    for module, name in ((conditioning, "encode_photo"), (networks, "encode_text")):
        monkeypatch.setattr(module, name, counting(module, name))
    return counted


@pytest.mark.parametrize(("photos", "full_resolution"), [(1, False), (1, True), (40, False)])
def test_encoders_are_not_called_again(
    tmp_path: Path, tiny_checkpoint: Path, calls: Counter[str], photos: int, full_resolution: bool
) -> None:
    for number in range(photos):
        save(tmp_path / "photos" / f"{number}.png", scene(number, (32, 32)))
    tiny = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    bench = Bench(tmp_path, cast(FakeEditor, tiny), guidance=ip2p_guidance)
    chains = Chains(((Step("x", StepSettings(steps=1)),),), change=NOWHERE)
    bench.run(batch_size=photos, full_resolution=full_resolution, plans=bench.plans(chains))
    assert [len(outcome.tries) for outcome in bench.recorder.outcomes] == [TRIES] * photos
    # at full resolution an edit may be looked at by the encoder, too: that is an edit's own cost
    assert photos <= calls["encode_photo"] <= photos + (photos * TRIES if full_resolution else 0)
    assert calls["encode_text"] == 2  # the instruction, and no instruction
