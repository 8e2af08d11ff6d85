"""Which machine, and which software: a figure means nothing without them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "diffusers", "transformers", "pillow", "typer", "onnxruntime")


def describe_machine(device: str) -> dict[str, str | int | float]:
    """What it is made of; `device` as torch names it."""
    return {
        "device": _device_name(device),
        "processor": f"{_processor()} ({_instructions()})",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def name_of(machine: Mapping[str, str | int | float]) -> str:
    """What files about the machine are called: the accelerator, or the processor and its cores."""
    cores = f"{machine['cores']} cores"
    said = f"{machine['processor']} {cores}" if machine["device"] == "cpu" else str(machine["device"])
    return re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")


def describe_software() -> dict[str, str]:
    """Versions of what the figures depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def describe_source() -> dict[str, str]:
    """The version of ip2p, and the commit where this is a checkout ("+" where files were changed since)."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {"ip2p": version("ip2p")}
    return {"ip2p": version("ip2p"), "commit": found.stdout.strip()}


def _version(name: str) -> str:
    try:
        return version(name)
    except Exception:  # several kinds, all of them: it is not installed
        return "not installed"


def _device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def _instructions() -> str:
    """What decides how fast a network is on a processor. Hosts of virtual machines hide which processor it is."""
    import torch

    from ip2p_cli.devices import bfloat16_is_quicker

    return torch.backends.cpu.get_cpu_capability() + " BF16" * bfloat16_is_quicker(torch.device("cpu"))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
