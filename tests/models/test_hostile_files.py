"""Files that would run code on loading: refused, and nothing of them runs; training objects are never imported."""

from __future__ import annotations

import builtins
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ip2p_cli.convert import convert_checkpoint
from ip2p_cli.convert.stubs import may_be_stubbed
from ip2p_cli.convert.weights import read_weights
from ip2p_cli.errors import ModelError
from tests.models.ldm_file import save_with_training_objects


class Bomb:
    """Pickles as a call of `function`, the way an exploit does."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def _bombs(marker: Path) -> dict[str, Bomb]:
    return {
        "system": Bomb(os.system, f"touch '{marker}'"),
        "eval": Bomb(builtins.eval, f"open({str(marker)!r}, 'w')"),
        "Popen": Bomb(subprocess.Popen, ["touch", str(marker)]),
        "getattr": Bomb(builtins.getattr, Path, "touch"),
        "import_module": Bomb(__import__("importlib").import_module, "this"),
    }


KINDS = tuple(_bombs(Path()))


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_checkpoint_is_refused_by_name_and_runs_nothing(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save({"state_dict": {"w": torch.zeros(1)}, "callbacks": _bombs(marker)[kind]}, tmp_path / "bad.ckpt")
    with pytest.raises(ModelError, match=f"refused.*{kind}"):
        read_weights(tmp_path / "bad.ckpt")
    assert not marker.exists()


def test_the_refusal_comes_out_of_the_process_of_its_own(tmp_path: Path) -> None:
    torch.save({"w": _bombs(tmp_path / "ran")["system"]}, tmp_path / "bad.ckpt")
    with pytest.raises(ModelError, match=r"refused.*\.system"):
        convert_checkpoint(tmp_path / "bad.ckpt", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ckpt"]


def test_the_bombs_are_real(tmp_path: Path) -> None:
    torch.save({"callbacks": _bombs(tmp_path / "ran")["system"]}, tmp_path / "bad.ckpt")
    torch.load(tmp_path / "bad.ckpt", weights_only=False)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_hostile_plain_pickle_is_refused(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "bad.bin").write_bytes(pickle.dumps(_bombs(tmp_path / "ran")["system"], protocol=protocol))
    with pytest.raises(ModelError, match=r"bad\.bin"):
        read_weights(tmp_path / "bad.bin")
    assert not (tmp_path / "ran").exists()


def test_hostile_newer_pickle_in_a_zip_is_refused(tmp_path: Path) -> None:
    # Newer protocols name functions in ways that torch's search for names does not see.
    bomb = _bombs(tmp_path / "ran")["system"]
    torch.save({"state_dict": {"w": torch.zeros(1)}, "x": bomb}, tmp_path / "bad.ckpt", pickle_protocol=4)
    with pytest.raises(ModelError, match="refused"):
        read_weights(tmp_path / "bad.ckpt")
    assert not (tmp_path / "ran").exists()


def test_nothing_is_imported_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read, though packages by its names are at hand, and modules beside it, that betray their import."""
    for package in ("pytorch_lightning", "omegaconf"):
        (tmp_path / "trap" / package).mkdir(parents=True)
        (tmp_path / "trap" / package / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "torch.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "trap"))
    monkeypatch.chdir(tmp_path)
    save_with_training_objects(tmp_path / "x.ckpt", {"w": torch.zeros(1)})
    with pytest.raises(ModelError, match=r"no model\.diffusion_model"):  # it was read: only then is this known
        convert_checkpoint(Path("x.ckpt"), Path("out"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["posix.system", "builtins.eval", "pytorch_lightning_evil.x", "os.lightning.x"])
def test_only_known_names_get_stubs(name: str) -> None:
    assert not may_be_stubbed(name)
