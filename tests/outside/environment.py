"""A virtual environment of an outsider's: ip2p is in it, and what the outsider installs by pip goes nowhere else."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

# setuptools builds wheels on its own from here on; with an older one pip has to fetch a newer, which asks an index
OWN_WHEELS = (70, 1)


@dataclass(frozen=True)
class Environment:
    """Commands run in `folder`, with the environment's `ip2p`, `pip` and `python` first on the path."""

    scripts: Path
    folder: Path

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell; stdout and stderr come together."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("IP2P_", "PYTEST_"))}
        variables |= {"PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120", "NO_COLOR": "1"}
        variables |= {"PYTHONWARNINGS": "ignore", "PYTHONNOUSERSITE": "1", "PYTHONPATH": ""}
        variables |= {"PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        variables |= {"XDG_CONFIG_HOME": str(self.folder / "no-config")}
        if _setuptools() >= OWN_WHEELS:
            variables["PIP_NO_BUILD_ISOLATION"] = "0"  # which means what --no-build-isolation does
        return subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=variables, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def make_environment(home: Path, folder: Path) -> Environment:
    """An environment in `home` that sees this one's packages; commands run in `folder`."""
    venv.create(home, with_pip=False, symlinks=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    [packages] = home.glob("lib/python*/site-packages")
    places = [path for path in sys.path if Path(path).name == "site-packages"]
    lines = [f"import site; site.addsitedir({place!r})" for place in places]  # which reads the .pth files in them, too
    (packages / "shared.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, module in (("ip2p", "ip2p_cli"), ("pip", "pip")):
        script = scripts / name
        script.write_text(f'#!/bin/sh\nexec "{scripts}/python" -m {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    folder.mkdir(parents=True, exist_ok=True)
    return Environment(scripts, folder)


def _setuptools() -> tuple[int, ...]:
    try:
        version = importlib.metadata.version("setuptools")
    except importlib.metadata.PackageNotFoundError:
        return (0,)
    return tuple(int(part) for part in version.split(".")[:2])
