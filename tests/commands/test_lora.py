"""`ip2p edit --lora`: part of what an output is made from, and of what it tells of itself."""

from __future__ import annotations

from pathlib import Path

from tests.commands.conftest import CommandLine
from tests.photos import save


def test_a_lora_is_loaded_and_an_output_made_with_another_is_an_error(ip2p: CommandLine, tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.png")
    (tmp_path / "one.safetensors").write_bytes(b"one")
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "pytorch_lora_weights.safetensors").write_bytes(b"two")
    command = ["edit", "photos", "-i", "make it night"]
    assert ip2p(*command, "--lora", "one.safetensors").code == 0
    assert ip2p.loaded[-1][1]["lora"] == "one.safetensors"
    again = ip2p(*command, "--lora", "one.safetensors", "--json")
    assert [event.get("status") for event in again.events][:1] == ["skipped"]
    for other in (["--lora", "tuned"], []):
        answer = ip2p(*command, *other)
        assert answer.code == 1
        assert "edited/a.png was made from" in answer.err
        assert "by 'make it night' with other contents or settings" in answer.err
    (tmp_path / "same.safetensors").write_bytes(b"one")  # what counts are the bytes
    renamed = ip2p(*command, "--lora", "same.safetensors", "--json")
    assert renamed.events[0]["status"] == "skipped"


def test_an_output_says_its_lora_but_not_where_it_was(ip2p: CommandLine, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "warm.safetensors").write_bytes(b"one")
    assert ip2p("edit", "a.png", "-i", "make it night", "--lora", "private/warm.safetensors", "-o", "b.png").code == 0
    shown = ip2p("show", "b.png").out.decode()
    assert "LoRA" in shown and "--lora warm.safetensors" in shown
    assert "private" not in shown


def test_a_lora_that_is_not_there_is_named_before_any_work(ip2p: CommandLine, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    for name in ("nosuch", "a.png"):
        answer = ip2p("edit", "a.png", "-i", "make it night", "--lora", name)
        assert answer.code == 2 and len(answer.err.splitlines()) == 1
        assert name in answer.err
    assert not ip2p.loaded and not (tmp_path / "edited").exists()
