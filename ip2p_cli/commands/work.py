"""What the command line says of a run, and what a run needs: handed from `running` to `real_run`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.choices import Frames, OnExists
from ip2p_cli.commands.options import EditOptions, ModelOptions, OutputOptions, RunOptions, SourceOptions
from ip2p_cli.commands.ordering import Orders
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.output import Encoding
from ip2p_cli.plan import Chains, Destination
from ip2p_cli.plugin_manager import PluginManager
from ip2p_cli.recipe import Recipe
from ip2p_cli.shard import Shard
from ip2p_cli.sources import SourceReader


@dataclass(frozen=True)
class Request:
    """All that the command line says."""

    recipe: Recipe
    arguments: Sequence[str]
    source: SourceOptions
    edit: EditOptions
    model: ModelOptions
    output: OutputOptions
    run: RunOptions


@dataclass(frozen=True)
class Work:
    """All that a run needs, checked; nothing is loaded yet."""

    chains: Chains
    target: Destination
    orders: Orders
    samplers: Set[str]  # that are asked for by name
    reader: SourceReader
    manager: PluginManager
    model: ModelChoice
    encoding: Encoding
    on_exists: OnExists
    max_megapixels: int
    check_seconds: float
    required: tuple[str, ...]  # checks that have to work
    frames: Frames
    shard: Shard | None
    mask: Path | None  # a file, or a folder of them
    mask_folder: MaskFolder | None
    shard_origin: str | None  # the variables that a shard comes from, if nobody asked for it
