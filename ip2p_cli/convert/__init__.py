"""Pickled or original-layout checkpoints -> a folder in diffusers layout, safetensors only.

The file is read in a process of its own: whatever a hostile one might manage to do there, it cannot touch this one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ip2p_cli
from ip2p_cli.errors import EXIT_ENVIRONMENT, EnvironmentStop, ModelError, UsageError
from ip2p_cli.writing import writing


def convert_checkpoint(
    source: Path, output: Path, *, tokenizer: Path | None = None, ema: bool = False, licence: str | None = None
) -> Path:
    """Convert a single file (original layout) or a diffusers folder with .bin weights; give `output` back.

    `tokenizer` is a folder with a CLIP vocabulary (a single file holds none), `ema` takes the averaged weights of the
    U-Net, and `licence` is noted in the new folder's ip2p.json. `output` appears whole or not at all.

    Raises:
        UsageError: the source is missing, or the output is there already.
        ModelError: the file is refused, or is no InstructPix2Pix checkpoint.
        EnvironmentStop: the disk is full.
    """
    if not source.exists():
        raise UsageError(f"{source} does not exist: check the path")
    if output.exists():
        raise UsageError(f"{output} exists already and is left as it is: give another folder with -o, or remove it")
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        arguments = [str(source.resolve()), str(staging.resolve() / "model")]
        arguments += ["--tokenizer", str(tokenizer.resolve())] if tokenizer else []
        arguments += ["--licence", licence] if licence else []
        arguments += ["--ema"] if ema else []
        _run_apart(source, arguments, staging)
        (staging / "model").rename(output)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return output


def _run_apart(source: Path, arguments: list[str], empty: Path) -> None:
    """Run `python -m ip2p_cli.convert`; turn what it says of a failure into an error.

    It runs in an empty folder, for Python would import modules lying in the current one, beside a downloaded file.
    """
    home = str(Path(ip2p_cli.__file__).parents[1])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(Path(path).resolve()) for path in paths),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "ip2p_cli.convert", *arguments],
        env=environment,
        cwd=empty,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    try:
        reason = str(json.loads(done.stdout.splitlines()[-1])["error"])
    except (IndexError, KeyError, TypeError, ValueError):
        reason = _unexplained(source, done)
    if done.returncode == EXIT_ENVIRONMENT:
        raise EnvironmentStop(reason)
    raise ModelError(reason)


def _unexplained(source: Path, done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"{source}: the conversion was killed by signal {-done.returncode}; is there enough memory?"
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return f"{source} could not be converted ({last}); is it a whole InstructPix2Pix checkpoint?"
