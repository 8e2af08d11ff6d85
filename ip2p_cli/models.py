"""From what a person calls a model (a folder, a registered name, a hub id) to the folder it is in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ip2p_cli import hub
from ip2p_cli.errors import ModelError, ModelNotHere
from ip2p_cli.layout import INDEX, PICKLED, check_layout, missing_pieces
from ip2p_cli.model_info import own_defaults
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import ModelInfo

MINI = "mini"
MINI_FOLDER = Path(__file__).with_name("mini")


def built_in_models() -> list[ModelInfo]:
    """The models that have a name without any plugin.

    Only repositories that hold an InstructPix2Pix U-Net in diffusers layout as safetensors are named here.
    """
    mini = own_defaults(MINI_FOLDER)
    return [
        ModelInfo(
            MINI,
            str(MINI_FOLDER),
            native_size=mini.get("native_size"),
            licence=str(mini.get("licence", "Apache-2.0")),
            description="small, ships with ip2p, runs on a CPU",
        ),
        ModelInfo(
            "instruct-pix2pix",
            "timbrooks/instruct-pix2pix",
            native_size=512,
            licence="MIT (derived from Stable Diffusion 1.5: CreativeML Open RAIL-M)",
            description="the paper's released model, 4 GB",
        ),
    ]


def known_models(registered: Mapping[str, ModelInfo]) -> dict[str, ModelInfo]:
    """Every name `--model` takes: the built-in ones and those of plugins.

    Raises:
        ModelError: a plugin takes a built-in name for another model.
    """
    known = {model.name: model for model in built_in_models()}
    for name, model in registered.items():
        if name in known and known[name].location != model.location:
            raise ModelError(
                f"model {name!r} is built in ({known[name].location}) and also registered by a plugin "
                f"({model.location}); switch the plugin off with --no-plugin, or have it take another name"
            )
        known[name] = model
    return known


def resolve_model(name: str, registered: Mapping[str, ModelInfo], *, offline: bool) -> Path:
    """The folder of a model in diffusers layout, ready to load.

    A registered name comes first (write `./mini` for a folder of that name), then a folder, then a hub id, of which
    the cache is asked first and the network only for what is not there, and never when `offline`.

    Raises:
        ModelNotHere: it would have to be fetched, and may not be.
        ModelError: the name is unknown, the folder is no checkpoint, its weights are pickled, or it cannot be fetched.
    """
    known = known_models(registered)
    location = known[name].location if name in known else name
    folder = Path(os.path.expanduser(location))
    if folder.is_dir():
        check_layout(folder)
        return folder.resolve()
    if name == MINI:
        raise ModelError(f"model 'mini' is not in this installation ({MINI_FOLDER} is missing): install ip2p again")
    if folder.is_file():
        raise _single_file(folder)
    if folder.suffix in (*PICKLED, ".safetensors") or not hub.is_hub_id(location):
        raise _unknown(name, known)
    return _from_hub(location, offline=offline)


def find_locally(model: ModelInfo) -> Path | None:
    """The whole checkpoint of a model on this machine, or None. Asks nothing of the network."""
    folder = Path(os.path.expanduser(model.location))
    if not folder.is_dir():
        cached = hub.cached_snapshot(model.location) if hub.is_hub_id(model.location) else None
        if cached is None:
            return None
        folder = cached
    return None if missing_pieces(folder) else folder


def pull_model(name: str, registered: Mapping[str, ModelInfo]) -> Path:
    """Fetch a hub model ahead, so that later runs need no network; bring a cached one up to date.

    Raises:
        ModelError: it is no hub id nor the name of a hub model, or it cannot be fetched.
    """
    known = known_models(registered)
    location = known[name].location if name in known else name
    if Path(os.path.expanduser(location)).is_dir():
        return resolve_model(name, registered, offline=True)
    if not hub.is_hub_id(location):
        raise _unknown(name, known)
    if hub.forbidden_by_environment():
        raise ModelError(f"hub model {location!r} cannot be fetched: HF_HUB_OFFLINE is set; unset it")
    return _checked(location, hub.download_snapshot(location))


def _from_hub(hub_id: str, *, offline: bool) -> Path:
    cached = hub.cached_snapshot(hub_id)
    if cached is not None and not missing_pieces(cached):
        return cached
    if offline or hub.forbidden_by_environment():
        state = "is not" if cached is None else "is only in part"
        raise ModelNotHere(
            f"{hub_id!r} is no folder here, and as a hub model it {state} in the local cache: "
            f"run `ip2p models pull {hub_id}` on a machine with a network"
        )
    return _checked(hub_id, hub.download_snapshot(hub_id))


def _checked(hub_id: str, folder: Path) -> Path:
    missing = missing_pieces(folder)
    if not missing:
        return folder
    if INDEX in missing:
        raise ModelError(f"hub model {hub_id!r} is not in diffusers layout: it has no {INDEX}; choose another")
    if not any(piece.endswith(".safetensors") for piece in missing):
        raise ModelError(f"hub model {hub_id!r} is not a whole InstructPix2Pix checkpoint: no {', '.join(missing)}")
    raise ModelError(
        f"hub model {hub_id!r} has no safetensors weights ({', '.join(missing)}): get its pickled ones with "
        f"`hf download {hub_id} --local-dir DIR`, then convert them: ip2p models convert DIR -o OUT"
    )


def _single_file(file: Path) -> ModelError:
    if file.suffix in (*PICKLED, ".safetensors"):
        return ModelError(f"{file} is a single file, not a folder; convert it: ip2p models convert {file} -o DIR")
    return ModelError(f"{file} is a file, not a checkpoint; give a folder with {INDEX}, a name or a hub id")


def _unknown(name: str, known: Mapping[str, ModelInfo]) -> ModelError:
    if name in known:
        return ModelError(f"model {name!r} is to be in {known[name].location}, where there is none: check that folder")
    if "/" in name or "\\" in name or name.startswith((".", "~")):
        return ModelError(f"no model folder {name!r}: check the path, or see `ip2p models list` for names")
    return ModelError(f"no model {name!r}: {did_you_mean(name, known)} (a folder or a hub id, owner/name, will do too)")
