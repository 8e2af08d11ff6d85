from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pluggy
import pytest
from PIL import Image

import ip2p_samplers
from ip2p_cli import api
from ip2p_cli.errors import ModelError
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.plugin_manager import create_plugin_manager


@pytest.fixture
def manager() -> pluggy.PluginManager:
    made = create_plugin_manager()
    if not made.is_registered(ip2p_samplers):
        made.register(ip2p_samplers, name="samplers")  # a checkout that is not installed has no entry points
    return made


def test_a_folder_loads_and_edits(tiny_checkpoint: Path, manager: pluggy.PluginManager) -> None:
    editor = api.load_editor(str(tiny_checkpoint), device="cpu", dtype="float32", offline=True, plugins=manager)
    assert editor.native_size == 32
    assert {"ddim", "pndm"} <= set(editor.samplers)
    [result] = editor.edit([api.EditRequest(image=Image.new("RGB", (30, 20), "teal"), instruction="make it night")])
    assert result.image.size == (30, 20)
    assert (result.steps, result.sampler) == (4, "ddim")


def test_an_unknown_model_is_named(manager: pluggy.PluginManager) -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        api.load_editor("no-such-model", offline=True, plugins=manager)


def test_a_samplers_factory_that_crashes_is_named_before_any_work(
    tiny_checkpoint: Path, manager: pluggy.PluginManager
) -> None:
    class Bad:
        @hookimpl
        def ip2p_register_samplers(self) -> dict[str, object]:
            return {"mine": lambda config: config["no such key"]}

    manager.register(Bad(), "bad")
    editor = api.load_editor(str(tiny_checkpoint), device="cpu", plugins=manager)
    editor.check_samplers(["ddim"])
    with pytest.raises(ModelError, match=r"sampler 'mine' cannot be set up .*KeyError.*fault in its plugin"):
        editor.check_samplers(["ddim", "mine"])


def test_importing_the_api_and_the_samplers_loads_no_torch() -> None:
    heavy = "{'torch', 'numpy', 'diffusers', 'transformers'}"
    code = f"import sys, ip2p_cli.api, ip2p_samplers; print(sorted({heavy} & set(sys.modules)))"
    paths = [str(Path(module.__file__).parents[1]) for module in (api, ip2p_samplers)]
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def test_everything_in_all_is_there() -> None:
    assert [name for name in api.__all__ if not hasattr(api, name)] == []
