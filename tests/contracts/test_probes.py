"""Every registered probe, built in or not, keeps the contract; so do `clip` and the example of the docs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

import ip2p_bias
from ip2p_bias.probes.choice import ZeroShot, choose_probe
from ip2p_cli.hookspecs import Probe
from ip2p_cli.plugin_manager import PluginManager, collect_probes, create_plugin_manager
from tests.contracts import probe_contract as contract
from tests.gen_data import tiny_models

PAGE = Path(__file__).parents[2] / "docs" / "hooks" / "ip2p_register_probes.md"


def registered() -> dict[str, Probe]:
    manager = create_plugin_manager()
    if not manager.is_registered(ip2p_bias):
        manager.register(ip2p_bias, name="bias")  # a checkout that is not installed has no entry points
    return collect_probes(manager)


def documented() -> dict[str, Probe]:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    plugin = ModuleType("example")
    exec(example, vars(plugin))
    manager = PluginManager()
    manager.register(plugin, "example")
    return collect_probes(manager)


PROBES = {**registered(), **documented()}


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(PROBES))
def test_contract(name: str, check: Callable[[Probe], None]) -> None:
    check(PROBES[name])


def test_promised_names() -> None:
    assert {"ita", "brightness"} <= set(PROBES)


def test_the_example_tells_light_from_dark() -> None:
    brightness = PROBES["brightness"]
    assert brightness(Image.new("RGB", (4, 4), (255, 255, 255))) == {"light": 1.0, "dark": 0.0}
    assert brightness(Image.new("RGB", (4, 4))) == {"light": 0.0, "dark": 1.0}


@pytest.mark.parametrize("nobody", [None, "snow"])
def test_zero_shot_keeps_it_with_any_clip(tmp_path: Path, nobody: str | None) -> None:
    folder = tiny_models.clip(tmp_path / "clip")
    words = ZeroShot(str(folder), "a sunset,the picture", nobody)
    contract.check_probe(choose_probe("clip", words, device="cpu", offline=True))


def test_contract_rejects_what_is_no_probability() -> None:
    for wrong in ({"a": 0.7, "b": 0.7}, {"a": -0.5}, {"a": float("nan")}, {}, {"unknown": 0.5}):
        with pytest.raises(AssertionError):
            contract.check_probabilities(lambda image, found=wrong: found)  # type: ignore[misc]


def test_contract_rejects_keys_that_come_and_go() -> None:
    def wrong(image: Image.Image) -> Mapping[str, float]:
        return {"dark": 1.0} if image.getpixel((0, 0)) == (0, 0, 0) else {"light": 1.0}

    with pytest.raises(AssertionError):
        contract.check_keys(wrong)


def test_contract_rejects_a_probe_that_paints_on_the_picture() -> None:
    def wrong(image: Image.Image) -> None:
        image.putpixel((0, 0), (1, 2, 3))

    with pytest.raises(AssertionError):
        contract.check_picture_unchanged(wrong)


def test_contract_rejects_memory() -> None:
    calls: list[int] = []

    def wrong(image: Image.Image) -> Mapping[str, float]:
        calls.append(1)
        return {"a": 1 / len(calls)}

    with pytest.raises(AssertionError):
        contract.check_deterministic(wrong)
