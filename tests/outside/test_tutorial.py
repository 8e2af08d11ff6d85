"""docs/tutorial-plugin.md, done as it says, from an empty folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.outside.environment import make_environment
from tests.outside.pages import Command, FileBlock, blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial-plugin.md"
EXAMPLE = ROOT / "examples" / "plugins" / "ip2p-hello"


def write(block: FileBlock, folder: Path) -> None:
    path = folder / block.path
    path.parent.mkdir(parents=True, exist_ok=True)
    apart = "\n\n" if block.append and path.suffix == ".py" else ""  # as one appends to a module
    with path.open("a" if block.append else "x", encoding="utf-8", newline="\n") as file:
        file.write(apart + block.text)


def test_the_finished_files_are_those_of_the_example(tmp_path: Path) -> None:
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if isinstance(block, FileBlock):
            write(block, tmp_path)
    made = tmp_path / EXAMPLE.name
    names = sorted(path.name for path in made.iterdir())
    assert names == sorted(path.name for path in EXAMPLE.iterdir() if path.is_file())
    for name in names:
        assert (made / name).read_bytes() == (EXAMPLE / name).read_bytes(), name


@pytest.mark.slow
def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv", tmp_path / "work")
    (environment.folder / "photos").mkdir()
    shutil.copy(ROOT / "examples" / "photos" / "meadow.jpg", environment.folder / "photos")
    todo = blocks(PAGE.read_text(encoding="utf-8"))
    assert sum(isinstance(block, Command) for block in todo) > 10
    for block in todo:
        if isinstance(block, FileBlock):
            write(block, environment.folder)
            continue
        ended = environment.run(block.line)
        assert ended.returncode == block.code, f"$ {block.line}\n{ended.stdout}"
        assert block.missing(ended.stdout) is None, (
            f"$ {block.line}\n{ended.stdout}\nlacks: {block.missing(ended.stdout)}"
        )


def test_a_page_that_rots_is_noticed() -> None:
    [command, other] = blocks("```console\n$ ip2p hello\nHello, …!\n…\nBye\n$ false\n[exit code 1]\n```\n")
    assert isinstance(command, Command) and isinstance(other, Command)
    assert command.missing("a warning\nHello, world!\nBye\n") is None
    assert command.missing("Hello, world\nBye\n") == "Hello, …!"
    assert command.missing("Bye\nHello, world!\n") == "Bye"
    assert (command.code, other.code, other.output) == (0, 1, ())
    with pytest.raises(ValueError, match="neither a file nor a console"):
        blocks("```python\nprint()\n```\n")
