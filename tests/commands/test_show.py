"""`ip2p show`: an output says how to make it again, and what it says is right."""

from __future__ import annotations

import shlex

from ip2p_cli.choices import Metadata
from tests.commands.conftest import CommandLine
from tests.photos import save


def test_an_output_says_how_to_make_it_again(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.jpg")
    options = ["--seed", "3", "--variants", "2", "--steps", "9", "--text-guidance", "4"]
    assert ip2p("edit", "a.jpg", "-i", "make it night", "-i", "add snow", *options).code == 0
    answer = ip2p("show", "edited/a-1.jpg", "--json")
    assert answer.code == 0
    [told] = answer.events
    assert told["model"] == "mini"
    assert told["fingerprint"] == "fake-1"
    assert (told["seed"], told["variant"]) == (3, 1)
    assert [step["instruction"] for step in told["steps"]] == ["make it night", "add snow"]
    assert told["steps"][0]["settings"] == {
        "steps": 9,
        "text_guidance": 4.0,
        "image_guidance": 1.5,
        "sampler": "ddim",
        "auto_mask": None,
    }, "values in force, not only those given"
    command = shlex.split(told["again"].replace("PHOTO", "a.jpg"))
    assert ip2p(*command[1:], "-o", "again").code == 0
    assert (ip2p.folder / "again/a-1.jpg").read_bytes() == (ip2p.folder / "edited/a-1.jpg").read_bytes()


def test_it_is_told_in_words_too(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    ip2p("edit", "a.png", "-i", "make it\x1b[31m night", "--metadata", Metadata.STRIP_ALL.value)
    answer = ip2p("show", "edited/a.png")
    assert answer.code == 0
    assert b"\\x1b[31m night" in answer.out
    assert b"\x1b" not in answer.out
    assert b"ip2p edit PHOTO" in answer.out


def test_no_path_of_a_model_and_no_name_of_a_file_is_told(ip2p: CommandLine) -> None:
    save(ip2p.folder / "secret-name.png")
    ip2p("edit", "secret-name.png", "-i", "x", "--model", str(ip2p.folder / "secret-folder" / "mine"))
    data = (ip2p.folder / "edited/secret-name.png").read_bytes()
    assert b"secret" not in data
    assert b"&quot;model&quot;: &quot;mine&quot;" in data or b'"model": "mine"' in data


def test_files_without_a_record(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("show", "a.png", "missing.png")
    assert answer.code == 1
    assert len(answer.err.splitlines()) == 2
    assert "no record" in answer.err
    assert "cannot be read" in answer.err
