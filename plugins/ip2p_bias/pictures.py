"""The pictures to look at, photo by photo: edited here, or left by an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ip2p_cli.api import EditRequest, EditResult, Ip2pError, ItemError, UsageError, read_photo
from ip2p_eval.rows import portions
from ip2p_eval.suite import SUFFIXES, Editing, find_photos

if TYPE_CHECKING:
    from PIL.Image import Image

PORTION = 32  # edits that are asked for together; the editor makes its own batches


class Editor(Editing, Protocol):
    """What the audit needs of an editor."""

    defaults: Any  # steps, text_guidance, image_guidance, sampler: where a request says None


@dataclass(frozen=True)
class Pictures:
    """One photo and what was made of it; an error stands where there is no picture, and says why."""

    photo: str  # its file name
    before: Image | Ip2pError
    null: Image | Ip2pError | None  # the null edit; None: the run has none
    edits: tuple[Image | Ip2pError, ...]  # one for each instruction


def edit_photos(
    editor: Editing, photos: Sequence[Path], instructions: Sequence[str], null: str, settings: dict[str, Any]
) -> Iterator[Pictures]:
    """Edit every photo by the null instruction and by all others, with one seed and one noise a photo.

    `settings` are those of `EditRequest`. A photo that cannot be read, or an edit that fails, costs itself only.
    """
    texts = (null, *instructions)
    for some in portions(photos, max(1, PORTION // len(texts))):
        opened = [_open(path) for path in some]
        requests = [
            EditRequest(image=image, instruction=text, **settings)
            for image in opened
            if not isinstance(image, Ip2pError)
            for text in texts
        ]
        results = (result for asked in portions(requests, PORTION) for result in editor.edit_each(asked))
        for path, image in zip(some, opened, strict=True):
            if isinstance(image, Ip2pError):
                yield Pictures(path.name, image, image, (image,) * len(instructions))
                continue
            null_edit, *edits = (_picture(next(results)) for _ in texts)
            yield Pictures(path.name, image, null_edit, tuple(edits))


def read_folders(photos: Sequence[Path], edited: Sequence[Path], null: Path | None) -> Iterator[Pictures]:
    """Photos and the edits of the same names in other folders, one folder for each instruction."""
    found = [_by_name(folder) for folder in edited]
    found_null = None if null is None else _by_name(null)
    beside = {folder: _by_name(folder) for folder in {path.parent for path in photos}}
    for path in photos:
        alone = len(beside[path.parent][path.stem]) == 1
        edits = tuple(_edit_of(path, names, alone) for names in found)
        null_edit = None if found_null is None else _edit_of(path, found_null, alone)
        yield Pictures(path.name, _open(path), null_edit, edits)


def edited_folders(after: Path, photos: Sequence[Path]) -> list[Path]:
    """The folder itself where it holds edits of the photos; else the folders in it, one for each instruction.

    Raises:
        UsageError: none of them holds an edit of any photo.
    """
    if not after.is_dir():
        raise UsageError(f"--pairs: {after} is no folder; give the folder that a run has left")
    inside = sorted(path for path in after.iterdir() if path.is_dir() and not path.name.startswith("."))
    holding = [folder for folder in (after, *inside) if not _stems(photos).isdisjoint(_by_name(folder))]
    if not holding:
        raise UsageError(f"--pairs: no picture in {after} is named like one of the photos; give edits and their photos")
    return holding[:1] if holding[0] == after else holding


def _stems(photos: Sequence[Path]) -> set[str]:
    return {path.stem for path in photos}


def _by_name(folder: Path) -> dict[str, list[Path]]:
    """Pictures of a folder by their name without suffix: a run may have written another format."""
    named: dict[str, list[Path]] = {}
    if any(path.suffix.lower() in SUFFIXES for path in folder.iterdir()):
        for path in find_photos(folder):
            named.setdefault(path.stem, []).append(path)
    return named


def _edit_of(photo: Path, named: dict[str, list[Path]], alone: bool) -> Image | Ip2pError:
    """The edit of the photo's name, or the one of another format, where that can be no other photo's (`alone`)."""
    found = named.get(photo.stem, [])
    other = found[0] if alone and len(found) == 1 else None
    same = next((path for path in found if path.name == photo.name), other)
    return ItemError(f"no edit of {photo.name} is there, or several are") if same is None else _open(same)


def _open(path: Path) -> Image | Ip2pError:
    try:
        return read_photo(path)
    except Ip2pError as problem:
        return ItemError(f"{path} cannot be read as a photo: {problem}")


def _picture(result: EditResult | Ip2pError) -> Image | Ip2pError:
    return result.image if isinstance(result, EditResult) else result
