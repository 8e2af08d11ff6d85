"""The Hugging Face hub: what of it is in the local cache, and fetching the rest. Never code, never pickles."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from pathlib import Path

from ip2p_cli.errors import EnvironmentStop, ModelError
from ip2p_cli.layout import CONFIGS, DEFAULTS, INDEX, WEIGHT_STEMS

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

SECOND = ("text_encoder_2", "tokenizer_2")  # of SDXL checkpoints, which gen-data draws with

# Part by part, because repositories also hold the same weights once more in one file of many gigabytes.
ALLOWED = (
    INDEX,
    DEFAULTS,
    *(f"{part}/*.json" for part in CONFIGS),
    "tokenizer/*.txt",
    *(f"{part}/*.{suffix}" for part in SECOND for suffix in ("json", "txt")),
    *(f"{part}/{stem}.safetensors" for part, stem in WEIGHT_STEMS.items()),
    *(f"{part}/{stem}-*-of-*.safetensors" for part, stem in WEIGHT_STEMS.items()),
    "text_encoder_2/model.safetensors",
    "text_encoder_2/model-*-of-*.safetensors",
)


def is_hub_id(name: str) -> bool:
    """Whether `name` is written like a hub id, owner/name."""
    return _HUB_ID.fullmatch(name) is not None


def cached_file(hub_id: str, filename: str) -> Path | None:
    """A file of a hub repository in the local cache, or None. Asks nothing of the network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, filename)
    return Path(found) if isinstance(found, str) else None


def cached_snapshot(hub_id: str) -> Path | None:
    """The folder of a hub checkpoint in the local cache, whole or not, or None. Asks nothing of the network."""
    index = cached_file(hub_id, INDEX)
    return index.parent if index else None


def forbidden_by_environment() -> bool:
    """Whether HF_HUB_OFFLINE keeps the hub's client from the network."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def download_snapshot(hub_id: str, patterns: Sequence[str] = ALLOWED) -> Path:
    """Fetch what the cache lacks of a hub checkpoint, or of other files in a repository, and give the folder back.

    Raises:
        ModelError: there is no such repository, it needs a token, or the network fails.
        EnvironmentStop: the disk is full.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(patterns)))
    except GatedRepoError as problem:
        raise ModelError(
            f"hub model {hub_id!r} asks you to accept its terms: do so on its page, then set HF_TOKEN and try again"
        ) from problem
    except RepositoryNotFoundError as problem:
        raise ModelError(
            f"hub model {hub_id!r} does not exist, or is private: check the spelling, or set HF_TOKEN"
        ) from problem
    except Exception as problem:  # the clients underneath raise errors of their own, by version and by protocol
        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            raise EnvironmentStop(f"the disk is full while fetching {hub_id!r}: make room, then run it again") from None
        reason = next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)
        raise ModelError(
            f"hub model {hub_id!r} cannot be fetched ({reason.removeprefix('Got: ')}): "
            f"check the network, or run `ip2p models pull {hub_id}` where there is one and copy the cache"
        ) from problem
