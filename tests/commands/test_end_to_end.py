"""The whole way with a real, if random, checkpoint: nothing is faked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.photos import gradient, save

REPOSITORY = Path(__file__).parents[2]


def ip2p(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "ip2p_cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_folder_of_photos(tmp_path: Path, tiny_checkpoint: Path) -> None:
    save(tmp_path / "photos" / "a.jpg", gradient(70, 50))
    save(tmp_path / "photos" / "b.png", gradient(33, 90, "RGBA"))
    save(tmp_path / "photos" / "dot.png", gradient(1, 1))
    (tmp_path / "photos" / "text.jpg").write_text("no photo")
    command = [
        "edit",
        "photos",
        "-i",
        "make it night",
        "-i",
        "add snow",
        "--model",
        str(tiny_checkpoint),
        "--steps",
        "2",
    ]
    done = ip2p(tmp_path, *command, "--json", "--offline")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event.get("status") for event in events] == ["done", "done", "done", "failed", None]
    assert events[0]["change"]
    for name, size, format_ in (("a.jpg", (70, 50), "JPEG"), ("b.png", (33, 90), "PNG"), ("dot.png", (1, 1), "PNG")):
        image = Image.open(tmp_path / "edited" / name)
        assert (image.size, image.format) == (size, format_)
    edited = Image.open(tmp_path / "edited" / "b.png")
    assert edited.getchannel("A").tobytes() == gradient(33, 90, "RGBA").getchannel("A").tobytes()
    assert edited.convert("RGB").tobytes() != gradient(33, 90, "RGBA").convert("RGB").tobytes()
    again = ip2p(tmp_path, *command, "--json")
    assert [json.loads(line).get("status") for line in again.stdout.splitlines()][:3] == ["skipped"] * 3


def test_an_unknown_model_and_device(tmp_path: Path, tiny_checkpoint: Path) -> None:
    save(tmp_path / "a.jpg")
    for arguments in (["--model", "nope"], ["--model", str(tiny_checkpoint), "--device", "nope"]):
        done = ip2p(tmp_path, "edit", "a.jpg", "-i", "x", *arguments)
        assert done.returncode == 2
        [line] = done.stderr.splitlines()
        assert "nope" in line
