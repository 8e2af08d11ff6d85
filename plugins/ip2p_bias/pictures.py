"""The pictures to look at, photo by photo: edited here, or left by an earlier run.

They come when they are asked for, and nothing here keeps one that was: fifty edits of a photo from a large camera would
fill the memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ip2p_cli.api import EditRequest, EditResult, Ip2pError, ItemError, UsageError, find_photos, read_photo
from ip2p_eval.rows import portions
from ip2p_eval.shared import Editing

if TYPE_CHECKING:
    from PIL.Image import Image

PORTION = 32  # edits that are asked for together at most; the editor makes its own batches
PIXELS = 2 * 10**8  # of photos and of edits that are held at once, unless one alone has more: 0.6 GB


class Editor(Editing, Protocol):
    """What the audit needs of an editor."""

    defaults: Any  # steps, text_guidance, image_guidance, sampler: where a request says None


@dataclass(frozen=True)
class Pictures:
    """One photo and what was made of it; an error stands where there is no picture, and says why."""

    photo: str  # its file name
    before: Image | Ip2pError
    edits: Iterator[Image | Ip2pError]  # the null edit where the run has one, then one for each instruction: once only


def edit_photos(
    editor: Editing, photos: Sequence[Path], instructions: Sequence[str], null: str, settings: dict[str, Any]
) -> Iterator[Pictures]:
    """Edit every photo by the null instruction and by all others, with one seed and one noise a photo.

    `settings` are those of `EditRequest`. A photo that cannot be read, or an edit that fails, costs itself only.
    """
    texts = (null, *instructions)
    for some in _together(photos, len(texts)):
        requests = [
            EditRequest(image=image, instruction=text, **settings)
            for _, image in some
            if not isinstance(image, Ip2pError)
            for text in texts
        ]
        results = _results(editor, requests)
        del requests
        while some:
            path, image = some.popleft()
            failed = isinstance(image, Ip2pError)
            edits = islice([image] * len(texts) if failed else results, len(texts))
            yield Pictures(path.name, image, edits)
            deque(edits, maxlen=0)  # what nobody asked for is not taken for the next photo's


def _together(photos: Sequence[Path], edits: int) -> Iterator[deque[tuple[Path, Image | Ip2pError]]]:
    """Photos, opened, that are edited together: few edits of each shall fill the editor's batches all the same."""
    some: deque[tuple[Path, Image | Ip2pError]] = deque()
    pixels = 0
    for path in photos:
        some.append((path, image := _open(path)))
        pixels += 0 if isinstance(image, Ip2pError) else image.width * image.height
        if (len(some) + 1) * edits > PORTION or pixels * (1 + edits) > PIXELS:
            yield some
            some, pixels = deque(), 0
    if some:
        yield some


def _results(editor: Editing, requests: Sequence[EditRequest]) -> Iterator[Image | Ip2pError]:
    """Edits in the requests' order; each portion's are made when its first is asked for, and none is kept."""
    largest = max((request.image.width * request.image.height for request in requests), default=1)
    for asked in portions(requests, max(1, min(PORTION, PIXELS // largest))):
        made = deque(editor.edit_each(asked))
        while made:
            yield _picture(made.popleft())


def read_folders(photos: Sequence[Path], edited: Sequence[Path], null: Path | None) -> Iterator[Pictures]:
    """Photos and the edits of the same names in other folders, one folder for each instruction."""
    found = [_by_name(folder) for folder in ([null, *edited] if null is not None else edited)]
    beside = {folder: _by_name(folder) for folder in {path.parent for path in photos}}
    for path in photos:
        alone = len(beside[path.parent][path.stem]) == 1
        yield Pictures(path.name, _open(path), map(partial(_edit_of, path, alone), found))


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
    for path in _photos(folder):
        named.setdefault(path.stem, []).append(path)
    return named


def _photos(folder: Path) -> list[Path]:
    """None where it holds none."""
    try:
        return find_photos(folder)
    except UsageError:
        return []


def _edit_of(photo: Path, alone: bool, named: dict[str, list[Path]]) -> Image | Ip2pError:
    """The edit of the photo's name, or the one of another format, where that can be no other photo's (`alone`)."""
    found = named.get(photo.stem, [])
    other = found[0] if alone and len(found) == 1 else None
    same = next((path for path in found if path.name == photo.name), other)
    return ItemError(f"no edit of {photo.name} is there, or several are") if same is None else _open(same)


def _open(path: Path) -> Image | Ip2pError:
    try:
        return read_photo(path)
    except UsageError as problem:
        return ItemError(str(problem))


def _picture(result: EditResult | Ip2pError) -> Image | Ip2pError:
    return result.image if isinstance(result, EditResult) else result
