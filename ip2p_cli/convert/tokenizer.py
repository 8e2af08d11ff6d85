"""The vocabulary: a single-file checkpoint holds none, so it comes from a folder or from the hub's cache."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ip2p_cli.errors import ModelError
from ip2p_cli.hub import cached_file
from ip2p_cli.layout import CONFIGS, read_json

CLIP = "openai/clip-vit-large-patch14"
NEEDED = ("vocab.json", "merges.txt")
FILES = (*NEEDED, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def write_tokenizer(given: Path | None, target: Path, *, vocabulary: int, length: int) -> None:
    """Copy a CLIP vocabulary to `target`, for a text encoder with `vocabulary` rows that reads `length` tokens.

    Raises:
        ModelError: there is no vocabulary, or it is of another size than the text encoder's.
    """
    source = _find(given)
    size = len(read_json(source / "vocab.json"))
    if size != vocabulary:
        raise ModelError(
            f"the vocabulary in {source} has {size} words but the text encoder has {vocabulary}; "
            f"give the matching one with --tokenizer DIR"
        )
    target.mkdir(parents=True)
    for name in FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    path = target / CONFIGS["tokenizer"]
    config = read_json(path) if path.is_file() else {}
    config |= {"tokenizer_class": "CLIPTokenizer", "model_max_length": length}
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


def _find(given: Path | None) -> Path:
    if given is not None:
        for folder in (given, given / "tokenizer"):
            if all((folder / name).is_file() for name in NEEDED):
                return folder
        raise ModelError(f"--tokenizer {given} has no {' and '.join(NEEDED)}; give the folder that has them")
    cached = [cached_file(CLIP, name) for name in NEEDED]
    if cached[0] is not None and cached[1] is not None:
        return cached[0].parent
    raise ModelError(
        f"a single file holds no tokenizer: give --tokenizer DIR (a folder with {' and '.join(NEEDED)}, such as "
        f"any Stable Diffusion 1 model's), or fetch one with `hf download {CLIP} {' '.join(FILES[:4])}`"
    )
