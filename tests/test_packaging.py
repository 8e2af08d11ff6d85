"""The wheel holds all that the commands need: packages, recipes, the marker of types."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel(tmp_path: Path) -> None:
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    (tmp_path / "source").mkdir()
    subprocess.run(["tar", "x", "-C", str(tmp_path / "source")], input=archive, check=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*pip, str(tmp_path / "source")], capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in (("ip2p_cli", "ip2p_cli"), ("ip2p_recipes", "recipes")):
        for file in (tmp_path / "source" / folder).rglob("*"):
            if file.is_file():
                assert f"{package}/{file.relative_to(tmp_path / 'source' / folder).as_posix()}" in inside
    for plugin in (tmp_path / "source" / "plugins").iterdir():
        assert f"{plugin.name}/__init__.py" in inside
    assert not {name for name in inside if name.startswith("tests/")}
