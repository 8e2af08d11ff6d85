"""Linear layers in 8 bits: near the exact edit, of the same bytes in any company, and refused where they cannot be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.accelerations import parse_accelerations
from ip2p_cli.editor import Editor
from ip2p_cli.editor.fast.quantized import check_quantized
from ip2p_cli.errors import MissingExtra, UsageError
from ip2p_cli.types import EditRequest
from ip2p_samplers import ip2p_register_samplers

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def load(folder: Path, *names: str, dtype: str | None = "float32") -> Editor:
    accelerations = parse_accelerations(names)
    return Editor.load(folder, ip2p_register_samplers(), device="cpu", dtype=dtype, accelerations=accelerations)


def pixels(editor: Editor, *requests: EditRequest) -> list[np.ndarray]:
    return [np.asarray(result.image).astype(int) for result in editor.edit(requests, full_resolution=False)]


def test_an_edit_is_nearly_the_exact_one_and_the_same_in_any_company(
    tiny_checkpoint: Path, photo: Callable[..., Image.Image]
) -> None:
    requests = [EditRequest(photo(n), "winter", steps=4, seed=n) for n in range(3)]
    editor = load(tiny_checkpoint, "int8")
    editor.batch_size = 4
    exact, quantized = pixels(load(tiny_checkpoint), *requests), pixels(editor, *requests)
    assert 0 < np.abs(exact[0] - quantized[0]).mean() < 3
    assert np.array_equal(pixels(editor, requests[1])[0], quantized[1])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_layers_compute_in_the_type_around_them_also_when_copied(tiny_checkpoint: Path, dtype: str) -> None:
    """Copies in float32 are for photos at which half precision gives NaN."""
    components = load(tiny_checkpoint, "int8", dtype=dtype)._components
    for unet, kind in ((components.unet, components.dtype), (components.in_float32().unet, torch.float32)):
        layer = unet.mid_block.attentions[0].transformer_blocks[0].ff.net[2]
        assert type(layer.weight.data).__name__ == "Int8Tensor"
        assert layer(torch.ones(1, layer.in_features, dtype=kind)).dtype == kind


def test_nothing_is_said_of_other_devices_kernels(tiny_checkpoint: Path) -> None:
    """In a process of its own: torchao says it once, where it is imported first."""
    code = (
        "import sys; from ip2p_cli.api import load_editor\nload_editor(sys.argv[1], device='cpu', accelerate=('int8',))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_checkpoint)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_without_torchao_the_extra_is_named(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(MissingExtra, match=r"int8 or float8 needs an extra: pip install 'ip2p\[quantize\]'"):
        load(tiny_checkpoint, "int8")


@pytest.mark.parametrize(
    ("names", "device", "capability", "dtype", "says"),
    [
        (["int8", "float8"], CPU, None, torch.bfloat16, "exclude each other"),
        (["float8"], CPU, None, torch.bfloat16, "needs a CUDA card of compute capability 8.9"),
        (["float8"], CUDA, (8, 0), torch.bfloat16, "needs a CUDA card of compute capability 8.9"),
        (["float8"], CUDA, (9, 0), torch.float16, "leave --dtype out"),
    ],
)
def test_what_cannot_be_is_refused(
    names: list[str],
    device: torch.device,
    capability: tuple[int, int] | None,
    dtype: torch.dtype,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    with pytest.raises(UsageError, match=says):
        check_quantized(parse_accelerations(names), device, dtype)


def test_float8_is_for_recent_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: (9, 0))
    check_quantized(parse_accelerations(["float8"]), CUDA, torch.bfloat16)
