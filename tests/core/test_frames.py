"""Animations and pages: every frame is edited and keeps its time, or the first alone is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.errors import ItemError
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.images import decode
from ip2p_cli.output import Encoding, encode
from ip2p_cli.provenance import Provenance
from ip2p_cli.types import StepSettings, Try, Verdict
from ip2p_cli.xmp import find_provenance
from tests.core.bench import Bench, with_plugin
from tests.fakes import EXPLOSIVE, shifted
from tests.photos import encoded, gradient

MARK = Provenance("mini", "0123", ())
TIMES = [70, 90, 200]
FRAMES = [gradient(), gradient().rotate(90), gradient().rotate(180)]


def moving(format_: str, frames: list[Image.Image] | None = None, **options: Any) -> bytes:
    frames = frames or FRAMES
    timed = {} if format_ == "TIFF" else {"duration": TIMES[: len(frames)]}
    return encoded(frames[0], format_, save_all=True, append_images=frames[1:], **timed, **options)


def written(data: bytes) -> tuple[int, list[int]]:
    times = []
    with Image.open(io.BytesIO(data)) as image:
        count = getattr(image, "n_frames", 1)
        for number in range(count):
            image.seek(number)
            image.load()
            times.append(round(image.info.get("duration", 0)))
    return count, times


@pytest.mark.parametrize("plays", [0, 1, 5])
@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("target", ["GIF", "WEBP", "PNG"])
def test_frames_times_and_plays_go_from_any_format_to_any(source: str, target: str, plays: int) -> None:
    loop = {} if plays == 1 and source == "GIF" else {"loop": plays - 1 if source == "GIF" and plays else plays}
    photo = decode(moving(source, **loop))
    assert (photo.durations, photo.plays) == (tuple(TIMES), plays)
    data = encode(photo.rgb, photo, Encoding(format=target), MARK, [frame.rgb for frame in photo.further])
    assert written(data) == (3, TIMES)
    again = decode(data)
    assert (again.durations, again.plays) == (tuple(TIMES), plays)
    assert find_provenance(data) == MARK


def test_an_avif_keeps_its_times() -> None:
    photo = decode(moving("AVIF"))
    data = encode(photo.rgb, photo, Encoding(), MARK, [frame.rgb for frame in photo.further])
    assert written(data) == (3, TIMES)


def test_pages_keep_their_sizes() -> None:
    photo = decode(moving("TIFF", [gradient(), gradient(9, 5)]))
    data = encode(photo.rgb, photo, Encoding(), MARK, [frame.rgb for frame in photo.further])
    again = decode(data)
    assert [frame.rgb.size for frame in again.frames] == [(40, 30), (9, 5)]
    assert [frame.rgb.tobytes() for frame in again.frames] == [frame.rgb.tobytes() for frame in photo.frames]
    assert again.durations == ()


def test_a_page_that_is_a_thumbnail_of_another_is_left_out() -> None:
    tags = Image.Exif()
    tags[254] = 1
    small = gradient(8, 6)
    small.encoderinfo = {"exif": tags}  # type: ignore[attr-defined]
    data = encoded(gradient(), "TIFF", save_all=True, append_images=[small, gradient(20, 20)])
    assert len(decode(data).frames) == 2


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_the_transparency_of_each_frame_is_kept(format_: str) -> None:
    holes = []
    for number in range(3):
        frame = gradient(mode="RGB").convert("RGBA")
        frame.paste((0, 0, 0, 0), (number * 10, 5, number * 10 + 8, 20))
        holes.append(frame)
    photo = decode(moving(format_, holes, disposal=2) if format_ == "GIF" else moving(format_, holes))
    for frame, hole in zip(photo.frames, holes, strict=True):
        assert frame.alpha is not None
        assert frame.alpha.tobytes() == hole.getchannel("A").tobytes()
    data = encode(photo.rgb, photo, Encoding(), MARK, [frame.rgb for frame in photo.further])
    for frame, hole in zip(decode(data).frames, holes, strict=True):
        assert frame.alpha is not None
        assert frame.alpha.tobytes() == hole.getchannel("A").tobytes()


def test_a_poster_stays_out_of_the_animation() -> None:
    data = encoded(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:], default_image=True, duration=[70, 90])
    photo = decode(data)
    assert photo.poster
    further = [frame.rgb for frame in photo.further]
    again = decode(encode(photo.rgb, photo, Encoding(), MARK, further))
    assert again.poster
    assert again.durations[1:] == (70, 90)
    assert written(encode(photo.rgb, photo, Encoding(format="WEBP"), MARK, further)) == (2, [70, 90])


@pytest.mark.parametrize(
    ("source", "target"), [("GIF", "JPEG"), ("GIF", "TIFF"), ("TIFF", "JPEG"), ("TIFF", "PNG"), ("WEBP", "BMP")]
)
def test_what_a_format_cannot_hold_names_the_way_out(source: str, target: str) -> None:
    photo = decode(moving(source))
    with pytest.raises(ItemError, match="--frames first"):
        encode(photo.rgb, photo, Encoding(format=target), MARK, [frame.rgb for frame in photo.further])
    first = decode(moving(source), first_only=True)
    assert written(encode(first.rgb, first, Encoding(format=target), MARK))[0] == 1


def test_the_limit_counts_all_frames() -> None:
    white = [Image.new("L", (1000, 700), shade) for shade in (0, 100, 200)]
    with pytest.raises(ItemError, match="--frames first"):
        decode(moving("GIF", white), max_megapixels=1)
    assert decode(moving("GIF", white), max_megapixels=1, first_only=True).rgb.size == (1000, 700)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.photos.mkdir()
    for name, data in (("a.png", encoded(gradient(), "PNG")), ("b.png", moving("PNG")), ("c.tif", moving("TIFF"))):
        (bench.photos / name).write_bytes(data)
    return bench


def test_a_run_edits_every_frame_as_a_row(bench: Bench) -> None:
    assert bench.run("x", batch_size=2) == ["done"] * 3
    assert sorted(len(call) for call in bench.editor.calls) == [1, 2, 2, 2]
    photo = decode((bench.out / "b.png").read_bytes())
    assert [frame.rgb.tobytes() for frame in photo.frames] == [shifted(frame, 47).tobytes() for frame in FRAMES]
    assert photo.durations == tuple(TIMES)
    requests = [request for call in bench.editor.calls for request in call]
    assert len({request.source_digest for request in requests}) == 3, "the frames of one file share their noise"


class WantsMore:
    """Sends every picture round again, with ever more of the words; the first frame is content with its third try."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float | None]] = []  # which frame, and its scale

    @hookimpl
    def ip2p_review_result(self, before: Image.Image, settings: StepSettings, tries: Sequence[Try]) -> Verdict:
        place = [frame.tobytes() for frame in FRAMES].index(before.tobytes())
        self.seen.append((place, settings.text_guidance))
        if place == 0 and len(tries) == 2:
            return Verdict.allow()
        return Verdict.retry(StepSettings(text_guidance=len(tries) + 2.0), "more", miss=0.1)


def test_all_frames_have_the_settings_that_the_first_came_to(bench: Bench) -> None:
    for name in ("a.png", "c.tif"):
        (bench.photos / name).unlink()
    review = WantsMore()
    bench = with_plugin(bench, review)
    assert bench.run("x") == ["flagged"]
    assert review.seen == [(0, 7.5), (0, 2.0), (0, 3.0), (1, 3.0), (2, 3.0)]
    outcome = bench.recorder.outcomes[0]
    assert outcome.reason == "still not as wanted after 1 try: check: more"
    assert len(outcome.tries) == 3
    written = find_provenance((bench.out / "b.png").read_bytes())
    assert written is not None and written.steps[0].settings.text_guidance == 3.0


def test_one_frame_that_fails_fails_the_file(bench: Bench) -> None:
    frames = [FRAMES[0], Image.new("RGB", (40, 30), EXPLOSIVE), FRAMES[2]]
    (bench.photos / "b.png").write_bytes(moving("PNG", frames))
    assert bench.run("x") == ["done", "failed", "done"]
    assert "frame 2: " in str(bench.recorder.outcomes[1].reason)
    assert bench.written() == ["a.png", "c.tif"]


def test_checks_and_masks_see_every_frame(bench: Bench) -> None:
    seen: list[bytes] = []

    class Check:
        @hookimpl
        def ip2p_check_source(self, job: Any, image: Image.Image) -> Verdict:
            seen.append(image.tobytes())
            return Verdict.block("turned") if image.tobytes() == FRAMES[2].tobytes() else Verdict.allow()

        @hookimpl
        def ip2p_make_mask(self, job: Any, image: Image.Image) -> Image.Image:
            return Image.new("L", image.size, 255)

    assert with_plugin(bench, Check()).run("x") == ["done", "blocked", "blocked"]
    assert {frame.tobytes() for frame in FRAMES} <= set(seen)
