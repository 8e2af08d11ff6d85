"""Plugins that are installed for a test: a module and its metadata in a folder on the path, as pip would leave them."""

from __future__ import annotations

from pathlib import Path


def write_plugin(folder: Path, name: str, source: str) -> Path:
    """Write a distribution that registers `source` as plugin `name`; the folder to put on the path."""
    module = "plugin_" + name.replace("-", "_")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[ip2p]\n{name} = {module}\n")
    return folder
