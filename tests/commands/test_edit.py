"""`ip2p edit`, as people and scripts use it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from ip2p_cli import checkpoint
from ip2p_cli.checkpoint import open_checkpoint
from tests.commands.conftest import CommandLine
from tests.fakes import SMALL, shifted
from tests.photos import camera_exif, encoded, gradient, save

NIGHT = 7 * len("make it night") + 40


def tree(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and ".ip2p" not in p.parts)


def test_the_first_command_of_the_readme(ip2p: CommandLine) -> None:
    save(ip2p.folder / "photos" / "a.jpg")
    save(ip2p.folder / "photos" / "b.png")
    answer = ip2p("edit", "photos/", "--instruction", "add a sunset")
    assert answer.code == 0
    assert answer.out == b""
    assert "2 done" in answer.err
    assert tree(ip2p.folder / "edited") == ["a.jpg", "b.png"]
    assert ip2p.loaded[0][0] == "mini"


def test_the_journal_is_all_that_is_left_beside_the_outputs(ip2p: CommandLine) -> None:
    save(ip2p.folder / "photos" / "a.jpg")
    ip2p("edit", "photos", "-i", "x")
    left = sorted(str(p.relative_to(ip2p.folder / "edited")) for p in (ip2p.folder / "edited").rglob("*"))
    assert left == [".ip2p", ".ip2p/journal.sqlite", ".ip2p/runs.lock", "a.jpg"]
    assert sorted(p.name for p in ip2p.folder.iterdir()) == ["edited", "photos"]


def test_a_tree_is_mirrored_and_a_second_run_takes_no_outputs(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    save(ip2p.folder / "sub" / "a.png")
    assert ip2p("edit", ".", "-r", "-i", "x").code == 0
    assert tree(ip2p.folder / "edited") == ["a.png", "sub/a.png"]
    answer = ip2p("edit", ".", "-r", "-i", "x", "--json")
    assert [event.get("status") for event in answer.events] == ["skipped", "skipped", None]
    answer = ip2p("edit", ".", "-r", "-i", "y", "-o", "other", "--json")
    assert len(answer.events) == 3, "the outputs in edited/ are no sources of another run either"


def test_outputs_beside_their_photos_are_no_sources(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    for _ in range(2):
        assert ip2p("edit", ".", "-i", "x", "-o", ".", "--name", "{stem}-night{ext}").code == 0
    assert tree(ip2p.folder) == ["a-night.png", "a.png"]


def test_a_chain(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p("edit", "a.png", "-i", "make it night", "-i", "add snow", "-o", "b.png")
    assert Image.open("b.png").tobytes() == shifted(gradient(), NIGHT + 7 * 8 + 40).tobytes()


def test_a_turned_photo_comes_out_upright_with_its_exif(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.jpg", exif=camera_exif(6))
    ip2p("edit", "a.jpg", "-i", "x")
    image = Image.open("edited/a.jpg")
    assert (image.format, image.size) == ("JPEG", (30, 40))
    assert image.getexif()[0x0112] == 1
    assert image.getexif()[0x010F] == "Maker"


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (41, 17)])
def test_any_size(ip2p: CommandLine, size: tuple[int, int]) -> None:
    save(ip2p.folder / "a.png", gradient(*size))
    assert ip2p("edit", "a.png", "-i", "x").code == 0
    assert Image.open("edited/a.png").size == size


def test_bad_files_fail_by_name_and_the_others_are_done(ip2p: CommandLine) -> None:
    photos = ip2p.folder / "photos"
    save(photos / "good.jpg")
    save(photos / "rgba.png", gradient(mode="RGBA"))
    save(photos / "cmyk.tif", gradient(mode="CMYK"))
    (photos / "deep.png").write_bytes(encoded(Image.new("I;16", (9, 9), 40000), "PNG"))
    (photos / "text.jpg").write_text("not a photo")
    (photos / "empty.png").write_bytes(b"")
    (photos / "cut.jpg").write_bytes(encoded(gradient(200, 200))[:700])
    answer = ip2p("edit", "photos", "missing.jpg", "-i", "x", "--json")
    assert answer.code == 1
    status = {Path(event["source"]).name: event["status"] for event in answer.events[:-1]}
    bad = {"text.jpg", "empty.png", "cut.jpg", "missing.jpg"}
    assert {name for name in status if status[name] == "failed"} == bad
    assert {name for name in status if status[name] == "done"} == {"good.jpg", "rgba.png", "cmyk.tif", "deep.png"}
    for name in bad:
        [line] = [line for line in answer.err.splitlines() if name in line]
        assert line.startswith("failed: ")
        assert len(line) > len(f"failed: photos/{name}: ") + 10, "it says why"


def test_quiet_still_shows_failures(ip2p: CommandLine) -> None:
    (ip2p.folder / "a.jpg").write_text("no photo")
    save(ip2p.folder / "b.jpg")
    answer = ip2p("edit", "a.jpg", "b.jpg", "-i", "x", "-q")
    assert answer.err.splitlines() == ["failed: a.jpg: it is text, not an image; check the file"]


def test_a_file_name_cannot_write_to_the_terminal(ip2p: CommandLine) -> None:
    (ip2p.folder / "a\x1b[31m\n.jpg").write_text("no photo")
    answer = ip2p("edit", ".", "-i", "x")
    assert "\x1b" not in answer.err
    assert "a\\x1b[31m\\x0a.jpg" in answer.err


def test_stdin_to_stdout(ip2p: CommandLine) -> None:
    answer = ip2p("edit", "-", "-i", "make it night", "-o", "-", stdin=encoded(gradient(), "PNG"))
    assert answer.code == 0
    image = Image.open(io.BytesIO(answer.out))
    assert image.format == "PNG"
    assert image.tobytes() == shifted(gradient(), NIGHT).tobytes()
    assert list(ip2p.folder.iterdir()) == []


def test_stdin_to_a_folder(ip2p: CommandLine) -> None:
    assert ip2p("edit", "-", "-i", "x", stdin=encoded(gradient(), "JPEG")).code == 0
    assert tree(ip2p.folder / "edited") == ["stdin.jpg"]


def test_broken_stdin_is_an_item_that_fails(ip2p: CommandLine) -> None:
    for data in (b"", b"text"):
        answer = ip2p("edit", "-", "-i", "x", "-o", "-", stdin=data)
        assert (answer.code, answer.out) == (1, b"")
        assert "failed: -:" in answer.err


def test_a_nul_list_on_stdin(ip2p: CommandLine) -> None:
    save(ip2p.folder / "x" / "a.png")
    save(ip2p.folder / "y" / "a.png")
    answer = ip2p("edit", "--files-from0", "-", "-i", "x", stdin=b"x/a.png\0y/a.png\0")
    assert answer.code == 0
    assert tree(ip2p.folder / "edited") == ["x/a.png", "y/a.png"]


def test_formats_and_the_models_own_pixels(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png", gradient(mode="RGBA"))
    assert ip2p("edit", "a.png", "-i", "x", "--format", "webp", "--model-res").code == 0
    image = Image.open("edited/a.webp")
    assert (image.format, image.size, image.mode) == ("WEBP", SMALL, "RGBA")
    answer = ip2p("edit", "a.png", "-i", "x", "--format", "jpeg", "-o", "j")
    assert answer.code == 1
    assert "--format png" in answer.err


def test_for_the_models_own_pixels_a_large_jpeg_is_decoded_smaller_unless_it_is_masked(ip2p: CommandLine) -> None:
    for name in ("a.jpg", "b.png"):
        save(ip2p.folder / "in" / name, gradient(1601, 1201))
    save(ip2p.folder / "mask.png", Image.new("L", (1601, 1201), 255))
    assert ip2p("edit", "in", "-i", "x", "--model-res", "--format", "png").code == 0
    assert {request.image.size for call in ip2p.editor.calls for request in call} == {(401, 301), (1601, 1201)}
    assert ip2p("edit", "in", "-i", "x", "--model-res", "--mask", "mask.png", "-o", "masked").code == 0


def test_metadata(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.jpg", exif=camera_exif())
    ip2p("edit", "a.jpg", "-i", "x", "--metadata", "strip-gps", "-o", "g")
    ip2p("edit", "a.jpg", "-i", "x", "--metadata", "strip-all", "-o", "n")
    assert dict(Image.open("g/a.jpg").getexif().get_ifd(0x8825)) == {}
    assert Image.open("g/a.jpg").getexif()[0x010F] == "Maker"
    assert b"Maker" not in Path("n/a.jpg").read_bytes()


def test_variants(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p("edit", "a.png", "-i", "x", "--variants", "2")
    assert tree(ip2p.folder / "edited") == ["a-0.png", "a-1.png"]
    assert Image.open("edited/a-0.png").tobytes() != Image.open("edited/a-1.png").tobytes()


def test_a_dry_run_plans_the_same_and_writes_nothing(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "nope.png", "-i", "x", "--json", "--dry-run")
    planned = answer.events
    assert [event.get("status") for event in planned] == ["planned", "failed", None]
    assert planned[-1]["planned"] == 1
    assert ip2p.loaded == []
    assert [p.name for p in ip2p.folder.iterdir()] == ["a.png"]
    done = ip2p("edit", "a.png", "nope.png", "-i", "x", "--json").events
    for before, after in zip(planned[:2], done[:2], strict=True):
        assert before.keys() == after.keys()
        assert (before["source"], before["output"]) == (after["source"], after["output"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "nosuch"), "no model 'nosuch'"),
        (("--model", "owner/nowhere", "--offline"), "not in the local cache"),
        (("--sampler", "lcm"), "lcm"),
    ],
)
def test_a_dry_run_finds_a_wrong_model_or_sampler(
    ip2p: CommandLine, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(checkpoint, "open_checkpoint", open_checkpoint)  # the real one
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "x", "--dry-run", *options)
    assert answer.code == 2 and said in answer.err


def test_a_dry_run_asks_no_hub(ip2p: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "open_checkpoint", open_checkpoint)
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x", "--dry-run", "--model", "owner/nowhere").code == 0


def test_options_reach_the_editor(ip2p: CommandLine) -> None:
    for name in "abcde":
        save(ip2p.folder / "p" / f"{name}.png")
    ip2p(
        *("edit", "p", "-i", "x", "--steps", "3", "--text-guidance", "2", "--image-guidance", "0", "--seed", "9"),
        *("--sampler", "euler", "--batch-size", "2", "--model", "m", "--device", "cpu", "--dtype", "auto", "--offline"),
    )
    [(model, options)] = ip2p.loaded
    assert model == "m"
    assert (options["device"], options["dtype"], options["offline"]) == ("cpu", None, True)
    assert sorted(len(call) for call in ip2p.editor.calls) == [1, 2, 2]
    request = ip2p.editor.calls[0][0]
    assert (request.steps, request.text_guidance, request.image_guidance) == (3, 2.0, 0.0)
    assert (request.sampler, request.seed) == ("euler", 9)
    assert ip2p.editor.batch_size == 2


def test_without_options_the_checkpoint_decides(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p("edit", "a.png", "-i", "x")
    request = ip2p.editor.calls[0][0]
    assert (request.steps, request.text_guidance, request.image_guidance, request.sampler) == (None,) * 4


def test_naming_a_default_outright_changes_nothing(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p("edit", "a.png", "-i", "x")
    assert ip2p("edit", "a.png", "-i", "x", "--steps", "20", "--json").events[0]["status"] == "skipped"
    assert ip2p("edit", "a.png", "-i", "x", "--steps", "21", "--json").events[0]["status"] == "failed"


def test_the_order_of_defaults(ip2p: CommandLine) -> None:
    """Option over recipe over environment over config file."""
    save(ip2p.folder / "a.png")
    config = ip2p.folder / "config" / "ip2p" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('steps = 1\ntext_guidance = 1\nimage_guidance = 1\nsampler = "ddim"\noutput = "elsewhere"\n')
    ip2p.monkeypatch.setenv("IP2P_TEXT_GUIDANCE", "2")
    ip2p.monkeypatch.setenv("IP2P_IMAGE_GUIDANCE", "2")
    ip2p.monkeypatch.setenv("IP2P_SAMPLER", "euler")
    (ip2p.folder / "r.toml").write_text(
        'schema = 1\n[defaults]\nimage_guidance = 3\n[[step]]\ninstruction = "x"\nsampler = "pndm"\n'
    )
    ip2p("apply", "r.toml", "a.png", "--sampler", "unipc")
    request = ip2p.editor.calls[0][0]
    assert (request.steps, request.text_guidance, request.image_guidance) == (1, 2.0, 3.0)
    assert request.sampler == "unipc"
    assert tree(ip2p.folder / "elsewhere") == ["a.png"]


WRONG = {
    "no instruction": (["edit", "a.png"], "no instruction"),
    "empty instruction": (["edit", "a.png", "-i", " "], "empty one"),
    "one empty instruction": (["edit", "a.png", "-i", "x", "-i", ""], "empty one"),
    "no photos": (["edit", "-i", "x"], "no photos given"),
    "nobody's home": (["edit", "~nobody-of-that-name/x", "-i", "x"], "no such file or folder"),
    "missing folder": (["edit", "photoss/", "-i", "x"], "no such file or folder: photoss/"),
    "empty folder": (["edit", "empty", "-i", "x"], "no photos in"),
    "unknown option": (["edit", "a.png", "-i", "x", "--stpes", "3"], "--steps"),
    "unknown command": (["edti"], "edit"),
    "unknown sampler": (["edit", "a.png", "-i", "x", "--sampler", "eular"], "did you mean 'euler'"),
    "unknown format": (["edit", "a.png", "-i", "x", "--format", "jpgg"], "did you mean"),
    "unknown metadata": (["edit", "a.png", "-i", "x", "--metadata", "some"], "strip-gps"),
    "unknown on-exists": (["edit", "a.png", "-i", "x", "--on-exists", "ask"], "resume"),
    "unknown plugin": (["edit", "a.png", "-i", "x", "--no-plugin", "sampler"], "did you mean 'samplers'"),
    "steps 0": (["edit", "a.png", "-i", "x", "--steps", "0"], "1 to 1000"),
    "steps a word": (["edit", "a.png", "-i", "x", "--steps", "few"], "--steps"),
    "guidance nan": (["edit", "a.png", "-i", "x", "--text-guidance", "nan"], "0 to 100"),
    "guidance negative": (["edit", "a.png", "-i", "x", "--image-guidance", "-1"], "0 to 100"),
    "batch size 0": (["edit", "a.png", "-i", "x", "--batch-size", "0"], "--batch-size 0"),
    "size a word": (["edit", "a.png", "-i", "x", "--size", "big"], "--size big"),
    "quality 0": (["edit", "a.png", "-i", "x", "--quality", "0"], "1 to 100"),
    "name leaves": (["edit", "a.png", "-i", "x", "--name", "../{stem}{ext}"], "leaves the output folder"),
    "name field": (["edit", "a.png", "-i", "x", "--name", "{stm}{ext}"], "did you mean 'stem'"),
    "one file for two": (["edit", "a.png", "b.png", "-i", "x", "-o", "o.png"], "takes one photo"),
    "stdout for two": (["edit", "a.png", "b.png", "-i", "x", "-o", "-"], "takes one photo"),
    "stdout twice": (["edit", "a.png", "-i", "x", "-o", "-", "--json"], "both want stdout"),
    "stdin twice": (["edit", "-", "--files-from0", "-", "-i", "x"], "both want stdin"),
    "empty list": (["edit", "--files-from0", "-", "-i", "x"], "list is empty"),
    "output is a file": (["edit", "a.png", "-i", "x", "-o", "notes"], "is a file"),
    "unknown recipe": (["apply", "golden", "a.png"], "did you mean 'golden-hour'"),
    "unknown variable": (["apply", "golden-hour", "a.png", "--set", "lihgt=x"], "did you mean 'light'"),
    "set without value": (["apply", "golden-hour", "a.png", "--set", "light"], "NAME=VALUE"),
    "variable emptied": (["apply", "sky", "a.png", "--set", "colour", "--json"], "NAME=VALUE"),
    "recipe key": (["apply", "bad.toml", "a.png"], "did you mean 'instruction'"),
    "shard": (["edit", "a.png", "-i", "x", "--shard", "3/3"], "--shard 0/4"),
    "workers for one file": (["edit", "a.png", "-i", "x", "-o", "c.png", "--device", "cpu,cpu"], "among workers"),
    "workers for stdin": (["edit", "-", "-i", "x", "--device", "cpu", "--workers", "2"], "- is read by this process"),
    "no workers": (["edit", "a.png", "-i", "x", "--workers", "0"], "--workers"),
    "an empty device": (["edit", "a.png", "-i", "x", "--device", "cpu,"], "empty name"),
    "address without ray": (["edit", "a.png", "-i", "x", "--address", "auto"], "give --engine ray"),
    "unknown engine": (["edit", "a.png", "-i", "x", "--engine", "roy"], "ray"),
    "required check": (["apply", "strict.toml", "a.png"], "did you mean 'nsfw'"),
}


@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG)
def test_usage_errors(ip2p: CommandLine, arguments: list[str], says: str) -> None:
    save(ip2p.folder / "a.png")
    save(ip2p.folder / "b.png")
    (ip2p.folder / "empty").mkdir()
    (ip2p.folder / "notes").write_text("x")
    (ip2p.folder / "bad.toml").write_text('schema = 1\n[[step]]\ninstuction = "x"\n')
    step = '[[step]]\ninstruction = "x"\n'
    (ip2p.folder / "strict.toml").write_text(f'schema = 1\n{step}[checks]\nrequire = ["nfsw"]\n')
    before = sorted(ip2p.folder.iterdir())
    answer = ip2p(*arguments)
    assert answer.code == 2
    assert answer.out == b""
    [line] = answer.err.splitlines()
    assert line.startswith("ip2p: error: ")
    assert says in line
    assert sorted(ip2p.folder.iterdir()) == before, "nothing is left behind"
    assert ip2p.loaded == [], "no model is loaded for it"


def test_a_bug_is_one_line_and_70(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p.monkeypatch.setattr("ip2p_cli.commands.running.BatchRun", None, raising=False)
    ip2p.monkeypatch.setattr("ip2p_cli.api.load_editor", lambda *a, **k: 1 / 0)
    answer = ip2p("edit", "a.png", "-i", "x")
    assert answer.code == 70
    [line] = answer.err.splitlines()
    assert "ZeroDivisionError" in line
    assert "--debug" in line


def test_debug_shows_the_traceback(ip2p: CommandLine) -> None:
    with pytest.raises(AssertionError):  # of the fixture, which lets no traceback pass
        ip2p("edit", "nope.png", "-i", "x", "--debug")


def test_a_lost_device_exits_4_with_a_summary(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "device lost", "--json")
    assert answer.code == 4
    assert [event["event"] for event in answer.events] == ["summary"]
    assert "run the same command again" in answer.err


def test_a_read_only_output_folder_exits_4(ip2p: CommandLine) -> None:
    import errno

    def read_only(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    save(ip2p.folder / "a.png")
    ip2p.monkeypatch.setattr(Path, "mkdir", read_only)
    assert ip2p("edit", "a.png", "-i", "x").code == 4
    assert ip2p.loaded == []


def test_a_second_run_loads_no_model(ip2p: CommandLine) -> None:
    save(ip2p.folder / "photos" / "a.png")
    save(ip2p.folder / "photos" / "b.png")
    assert ip2p("edit", "photos", "-i", "x").code == 0
    before = tree(ip2p.folder)
    ip2p.loaded.clear()
    answer = ip2p("edit", "photos", "-i", "x", "--json")
    assert [event.get("status") for event in answer.events] == ["skipped", "skipped", None]
    assert ip2p.loaded == []
    assert tree(ip2p.folder) == before


def test_a_model_too_large_for_memory_stops_the_run(ip2p: CommandLine) -> None:
    def load(*arguments: object, **options: object) -> None:
        raise MemoryError

    save(ip2p.folder / "a.png")
    ip2p.monkeypatch.setattr("ip2p_cli.api.load_editor", load)
    answer = ip2p("edit", "a.png", "-i", "x")
    assert answer.code == 4
    assert "not enough memory to load the model" in answer.err


def test_shards_do_everything_once(ip2p: CommandLine) -> None:
    for number in range(12):
        save(ip2p.folder / "photos" / f"{number}.png")
    done = []
    for index in range(3):
        answer = ip2p("edit", "photos", "-i", "x", "--shard", f"{index}/3", "--json")
        assert answer.code == 0
        done += [event["source"] for event in answer.events[:-1]]
    assert len(done) == len(set(done)) == len(tree(ip2p.folder / "edited")) == 12


def test_a_shard_of_the_environment_is_said(ip2p: CommandLine) -> None:
    for number in range(12):
        save(ip2p.folder / "photos" / f"{number}.png")
    ip2p.monkeypatch.setenv("RANK", "1")
    ip2p.monkeypatch.setenv("WORLD_SIZE", "3")
    answer = ip2p("edit", "photos", "-i", "x", "--json")
    assert "doing part 1/3 of the photos, as RANK and WORLD_SIZE say" in answer.err
    assert 0 < len(answer.events) - 1 < 12
    ip2p("edit", "photos/0.png", "-i", "x", "-o", "single.png")
    assert (ip2p.folder / "single.png").exists(), "one photo is not divided"
    assert "part" not in ip2p("edit", "photos", "-i", "x", "--shard", "0/1").err
    assert len(tree(ip2p.folder / "edited")) == 12


def test_retry_failed(ip2p: CommandLine) -> None:
    (ip2p.folder / "a.jpg").write_text("no photo")
    for arguments, says in (((), False), ((), True), (("--retry-failed",), False)):
        answer = ip2p("edit", "a.jpg", "-i", "x", *arguments)
        assert answer.code == 1
        assert ("--retry-failed tries it again" in answer.err) == says


def test_photos_of_one_name_from_two_folders_both_survive(ip2p: CommandLine) -> None:
    save(ip2p.folder / "x" / "a.png", gradient(20, 10))
    save(ip2p.folder / "y" / "a.png", gradient(30, 10))
    assert ip2p("edit", "x", "y", "-i", "x").code == 0
    assert tree(ip2p.folder / "edited") == ["x/a.png", "y/a.png"]
    assert [Image.open(f"edited/{name}/a.png").width for name in "xy"] == [20, 30]


def test_of_two_photos_that_would_get_one_name_the_later_fails_naming_both(ip2p: CommandLine) -> None:
    save(ip2p.folder / "p" / "a.jpg")
    save(ip2p.folder / "p" / "a.png")
    for _ in range(2):
        answer = ip2p("edit", "p", "-i", "x", "--name", "{stem}.png", "--json")
        assert answer.code == 1
        assert [event["status"] for event in answer.events[:-1]][1] == "failed"
        assert all(str(ip2p.folder / "p" / name) in answer.events[1]["reason"] for name in ("a.jpg", "a.png"))
    assert tree(ip2p.folder / "edited") == ["a.png"]
