"""`--jobs`: what a line may say, and that a slip is told before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ip2p_cli.errors import UsageError
from ip2p_cli.jobs_file import COLUMNS, JobLine, JobsFile
from ip2p_cli.types import StepSettings


def read(path: Path, text: str, **options: bool | str) -> list[JobLine]:
    path.write_text(text, encoding="utf-8")
    return list(JobsFile(path, **{"has_instruction": False, **options}))  # type: ignore[arg-type]


def test_csv(tmp_path: Path) -> None:
    lines = read(
        tmp_path / "jobs.csv",
        "\ufeffsource,instruction,steps,text_guidance,image_guidance,sampler,seed,variants,output\n"
        'a.jpg,"make it night, please",9,2.5,1,euler,7,3,night/{stem}-{variant}\n'
        "\n"
        'sub/b.jpg,"[""add fog"", ""add snow""]",,,,,,,\n'
        "/elsewhere/c.jpg,add fog\n",
    )
    assert [line.number for line in lines] == [2, 4, 5]
    assert lines[0].instructions == ("make it night, please",)
    assert lines[0].settings == StepSettings(9, 2.5, 1.0, "euler")
    assert (lines[0].seed, lines[0].variants, lines[0].output) == (7, 3, "night/{stem}-{variant}{ext}")
    assert lines[1].instructions == ("add fog", "add snow")
    assert lines[1].settings == StepSettings()
    assert [line.source.path for line in lines] == [
        tmp_path / "a.jpg",
        tmp_path / "sub/b.jpg",
        Path("/elsewhere/c.jpg"),
    ]
    assert str(lines[0].source.relative) == str(tmp_path / "a.jpg").lstrip("/"), "mapped from the common parent"


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"source": "a.jpg", "instruction": ["x", "y"], "steps": 4, "seed": -1}, {"source": "a.jpg", "output": "b"}]
    lines = read(tmp_path / "jobs.jsonl", "\n\n".join(map(json.dumps, rows)), has_instruction=True)
    assert lines[0].instructions == ("x", "y")
    assert (lines[0].settings.steps, lines[0].seed) == (4, -1)
    assert lines[1].instructions == ()
    assert [str(line.source.relative) for line in lines] == ["a.jpg", "a.jpg"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_spreadsheets_of_other_countries(tmp_path: Path, delimiter: str) -> None:
    [line] = read(tmp_path / "jobs.csv", f'source{delimiter}instruction\na.jpg{delimiter}"fog, snow"\n')
    assert line.instructions == ("fog, snow",)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("j.csv", "source,instrction\na.jpg,x\n", "line 1: unknown column 'instrction'; did you mean 'instruction'?"),
        ("j.csv", "source,source\na.jpg,b\n", "line 1: a column is there twice"),
        ("j.csv", "source,instruction\na.jpg,fog, snow\n", "line 2: more cells than columns"),
        ("j.csv", 'source,instruction\na.jpg,"fog\n', "it is no CSV"),
        ("j.csv", "source,instruction,steps\na.jpg,x,many\n", "line 2: steps is 'many'; give a whole number"),
        ("j.csv", "source,instruction,text_guidance\na.jpg,x,nan\n", "line 2: text_guidance is nan"),
        ("j.csv", "source,instruction,seed\na.jpg,x,1.5\n", "line 2: seed is '1.5'"),
        ("j.csv", "source,instruction,variants\na.jpg,x,0\n", "variants is '0'"),
        ("j.csv", "source,instruction\n,x\n", "line 2: no source"),
        ("j.csv", "source,instruction\na.jpg,\n", "line 2: no instruction"),
        ("j.csv", "source,instruction\na.jpg,[fog]\n", "line 2: instruction '[fog]' is no JSON list"),
        ("j.csv", "source,instruction,output\na.jpg,x,../b.jpg\n", "leaves the output folder"),
        ("j.csv", "source,instruction,output\na.jpg,x,b.png\n", "line 2: output ends in .png, which the photo is not"),
        ("j.csv", "source,instruction\n", "it names no photo"),
        ("j.csv", "", "it names no photo"),
        ("j.txt", "", "give a file that ends in .csv or .jsonl"),
        ("j.jsonl", '{"source": "a.jpg", "stps": 4}', "line 1: unknown column 'stps'; did you mean 'steps'?"),
        ("j.jsonl", '{"source": "a.jpg"', "line 1: it is no JSON"),
        ("j.jsonl", "[" * 9999, "line 1: it is no JSON"),
        ("j.jsonl", '["a.jpg"]', "line 1: it is no object"),
        ("j.jsonl", '{"source": 3, "instruction": "x"}', "line 1: 3 is no text"),
        ("j.jsonl", '{"source": "a.jpg", "instruction": [""]}', "instruction is ['']"),
        ("j.jsonl", '{"source": "a.jpg", "instruction": "x", "seed": true}', "seed is True"),
    ],
)
def test_slips(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path / name, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_several_slips_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 2: .*; line 3: .*; line 4: .*; and 6 more$"):
        read(tmp_path / "j.csv", "source,instruction,steps\n" + "a.jpg,x,0\n" * 9)


def test_a_suffix_may_be_that_of_the_format(tmp_path: Path) -> None:
    [line] = read(tmp_path / "j.csv", "source,instruction,output\na.jpg,x,b.png\n", format_="PNG")
    assert line.output == "b.png"


def test_not_utf8_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_bytes("source,instruction\na.jpg,\xfc\n".encode("latin-1"))
    with pytest.raises(UsageError, match="it is not UTF-8"):
        JobsFile(tmp_path / "j.csv", has_instruction=False)
    with pytest.raises(UsageError, match="No such file"):
        JobsFile(tmp_path / "gone.csv", has_instruction=False)


@given(
    some.one_of(
        some.text(max_size=80),
        some.dictionaries(some.sampled_from(COLUMNS), some.one_of(some.text(), some.integers(), some.none())).map(
            json.dumps
        ),
    ),
    some.sampled_from([".csv", ".jsonl"]),
)
def test_whatever_it_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        for line in JobsFile(path, has_instruction=True):
            assert line.source.path is not None
    except UsageError as problem:
        assert "\n" not in str(problem)
