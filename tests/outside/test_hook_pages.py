"""The example of each page in docs/hooks does what the page says, fired as ip2p fires it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli import hookspecs
from ip2p_cli.api import (
    CaptionTask,
    EditAnswer,
    EditJob,
    MissingExtra,
    ModelError,
    Severity,
    Source,
    Step,
    StepSettings,
)
from ip2p_cli.checks import Checks
from ip2p_cli.models import resolve_model
from ip2p_cli.plugin_manager import (
    PluginManager,
    collect_data_engines,
    collect_models,
    collect_samplers,
    create_plugin_manager,
    register_commands,
)
from ip2p_cli.sampler_names import sampler_named
from tests.contracts import sampler_contract as contract
from tests.tiny import SD_SCHEDULER

PAGES = Path(__file__).parents[2] / "docs" / "hooks"
SETTINGS = StepSettings(image_guidance=1.5)
PHOTO = Image.radial_gradient("L").resize((320, 240)).convert("RGB")


def plugged_in(hook: str) -> PluginManager:
    """The installed plugins, and beside them the example of a page: no name of it is taken already.

    Those that judge pixels are off: what they say of a drawn picture is not what the page is about.
    """
    [example] = re.findall(r"```python\n(.*?)```", (PAGES / f"{hook}.md").read_text(encoding="utf-8"), re.DOTALL)
    plugin = ModuleType("example")
    exec(compile(example, f"{hook}.md", "exec"), vars(plugin))
    manager = create_plugin_manager(["nsfw", "blank", "guidance"])
    manager.register(plugin, "example")
    return manager


def job(*instructions: str) -> EditJob:
    steps = tuple(Step(instruction) for instruction in instructions)
    return EditJob(Source(Path("photo.jpg"), PurePosixPath("photo.jpg")), Path("edited/photo.jpg"), steps)


def test_every_hook_is_tested_here() -> None:
    here = {name.removeprefix("test_") for name in globals() if name.startswith("test_ip2p_")}
    assert here == {name for name in vars(hookspecs) if name.startswith("ip2p_")}


def test_ip2p_check_instruction() -> None:
    checks = Checks(plugged_in("ip2p_check_instruction"))
    blocked = checks.instructions(job("make it night", "Remove the Watermark"))
    assert blocked.severity is Severity.BLOCK
    assert "watermarks are not for us to remove" in blocked.reason
    assert checks.instructions(job("make it night")).severity is Severity.ALLOW


def test_ip2p_prepare_check(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = plugged_in("ip2p_prepare_check")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"my-check.*safety"):
        manager.hook.ip2p_prepare_check()


def test_ip2p_check_source() -> None:
    checks = Checks(plugged_in("ip2p_check_source"))
    small = checks.source(job("add fog"), PHOTO.resize((150, 400)))
    assert small.severity is Severity.FLAG
    assert small.scores == {"example.short_side": 150.0}
    assert checks.source(job("add fog"), PHOTO).severity is Severity.ALLOW


def test_ip2p_make_mask() -> None:
    mask = Checks(plugged_in("ip2p_make_mask")).mask(job("add fog"), PHOTO)
    assert mask is not None
    assert mask.crop((0, 0, 320, 120)).getextrema() == (255, 255)
    assert mask.crop((0, 120, 320, 240)).getextrema() == (0, 0)


def test_ip2p_review_result() -> None:
    checks = Checks(plugged_in("ip2p_review_result"))
    again = checks.review(job("add fog"), PHOTO, PHOTO, {"pixels": 0.004, "structure": 0.0}, [SETTINGS])
    assert (again.severity, again.settings) == (Severity.RETRY, StepSettings(image_guidance=1.0))
    done = checks.review(job("add fog"), PHOTO, PHOTO.rotate(180), {"pixels": 0.2, "structure": 0.1}, [SETTINGS])
    assert (done.severity, done.scores["example.pixels"]) == (Severity.ALLOW, 0.2)


def test_ip2p_register_commands(tiny_checkpoint: Path) -> None:
    app = typer.Typer()
    assert register_commands(plugged_in("ip2p_register_commands"), app) == []
    said = CliRunner().invoke(app, ["hello", "--model", str(tiny_checkpoint)])
    assert said.exit_code == 0, said.output
    assert said.output.splitlines()[-1] == "32"


def test_ip2p_register_models() -> None:
    known = collect_models(plugged_in("ip2p_register_models"))
    assert (known["house-style"].native_size, known["house-style"].licence) == (512, "ours")
    with pytest.raises(ModelError, match="is to be in /srv/models/house-style"):
        resolve_model("house-style", known, offline=True)


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("network", ["epsilon", "v_prediction, zero SNR"])
def test_ip2p_register_samplers(network: str, check: Callable[..., None]) -> None:
    samplers = collect_samplers(plugged_in("ip2p_register_samplers"))
    assert sampler_named("DPM++ Third Order", samplers) == "dpm++3m"
    check(samplers["dpm++3m"], contract.CONFIGS[network])
    with pytest.raises(ModelError, match="use dpm"):
        samplers["dpm++3m"]({**SD_SCHEDULER, "prediction_type": "sample"})


def test_ip2p_register_probes() -> None:
    [probes] = [
        found for found in plugged_in("ip2p_register_probes").hook.ip2p_register_probes() if "brightness" in found
    ]
    found: Mapping[str, float] = probes["brightness"](Image.new("RGB", (64, 48), (51, 51, 51)))
    assert found == pytest.approx({"light": 0.2, "dark": 0.8})


def test_ip2p_register_data_engines() -> None:
    engines = collect_data_engines(plugged_in("ip2p_register_data_engines"), "instructions")
    engine = engines["nightfall"].make({"model": None, "device": "cpu"})
    assert engine([CaptionTask("a lake", 1), CaptionTask("a road", 2)]) == [
        EditAnswer("make it night", "a lake at night"),
        EditAnswer("make it night", "a road at night"),
    ]


def test_ip2p_training_step_end(capsys: pytest.CaptureFixture[str]) -> None:
    hook = plugged_in("ip2p_training_step_end").hook
    record = {"loss": 0.03125, "grad_norm": 0.4, "learning_rate": 1e-4, "samples_per_second": 17.4, "eta_seconds": 90.0}
    for step in (950, 1000):
        hook.ip2p_training_step_end(state={"step": step, **record})
    assert capsys.readouterr().out == "1000: 0.0312, 17 samples/s\n"
