"""The engine `openai` against a real server: no row lost, none doubled, the key in no message."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from ip2p_cli.api import CaptionTask, EnvironmentStop, Ip2pError, UsageError, Verdict
from ip2p_gen_data.instructions.http_client import JsonClient, Patience, retry_after
from ip2p_gen_data.instructions.judge import Judge
from ip2p_gen_data.instructions.openai import OpenAIEngine, make_openai
from ip2p_gen_data.instructions.shards import read_rows
from ip2p_gen_data.instructions.stage import TRIES, make_instructions
from tests.gen_data.openai_server import Asked, Reply, chat, good, message, serving, text

KEY = "sk-a-key-that-nobody-may-see"
CAPTIONS = [f"a house, number {number}" for number in range(20)]
TASKS = [CaptionTask(caption, 10**18 + number) for number, caption in enumerate(CAPTIONS)]
PATIENCE = Patience(attempts=4, first_pause=1.0, timeout=0.5)


def client(url: str, pauses: list[float] | None = None, key: str | None = KEY, patience: Patience = PATIENCE) -> Any:
    """A client that notes its pauses instead of sleeping."""
    return JsonClient(url, key, patience, (pauses if pauses is not None else []).append)


def engine(url: str, api: str = "chat", pauses: list[float] | None = None) -> OpenAIEngine:
    return OpenAIEngine(client(url, pauses), "a-model", api, concurrency=4)


def run(url: str, folder: Path, api: str = "chat") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(kept, rejected) rows of the whole stage."""
    judge = Judge(lambda _: Verdict.allow())
    list(make_instructions(folder, CAPTIONS, engine(url, api), judge, {"engine": "openai", "seed": 0}))
    return list(read_rows(folder)), list(read_rows(folder, rejected=True))


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_requests_and_answers_of_both_kinds(api: str) -> None:
    with serving(good) as server:
        answers = engine(server.url, api)(TASKS)
    assert [(a.edit, a.output) for a in answers] == [("add a tower", f"{c} with a tower") for c in CAPTIONS]
    assert Counter(asked.caption for asked in server.asked) == Counter(CAPTIONS)
    for asked in server.asked:
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert asked.payload["temperature"] == 0.7
        assert asked.payload["frequency_penalty"] == 0.1
        assert asked.payload["max_tokens"] == 256
        assert 0 <= asked.payload["seed"] < 2**31
        if api == "completions":
            assert asked.path == "/v1/completions"
            assert asked.payload["prompt"].endswith("\n##\n")
            assert asked.payload["stop"] == ["\nEND"]
        else:
            assert asked.path == "/v1/chat/completions"
            schema = asked.payload["response_format"]["json_schema"]["schema"]
            assert schema["required"] == ["edit", "output"]
            roles = [turn["role"] for turn in asked.payload["messages"]]
            assert roles == ["system", *["user", "assistant"] * 8, "user"]


def test_without_a_key_none_is_sent() -> None:
    with serving(good) as server:
        client(server.url, key=None).post("/completions", {"prompt": "x"})
    assert "Authorization" not in server.asked[0].headers


FAULTS: dict[str, Callable[[], Reply]] = {
    "busy": lambda: Reply(429, b"slow down"),
    "broken": lambda: Reply(500, b"oops"),
    "gateway": lambda: Reply(503),
    "silent": lambda: Reply(hang=True),
    "cut": lambda: Reply(200, b'{"choices"', cut=True),
    "no-json": lambda: Reply(200, b"<html>hello</html>"),
    "no-choices": lambda: Reply(200, b'{"choices": []}'),
    "no-text": lambda: message(None),
    "malformed": lambda: message('{"edit": "add a tower", '),
    "schema": lambda: message('{"instruction": "add a tower", "output": "x"}'),
    "types": lambda: message('{"edit": ["add"], "output": "x"}'),
    "list": lambda: message("[1]"),
    "same": lambda: message(json.dumps({"edit": "do nothing", "output": ""})),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_loses_and_doubles_no_row(tmp_path: Path, fault: str) -> None:
    def at_first(asked: Asked, before: int) -> Reply:
        number = int(asked.caption.split()[-1])
        return FAULTS[fault]() if number % 5 == 0 and before == 0 else good(asked, before)

    with serving(at_first) as server:
        kept, rejected = run(server.url, tmp_path)
    assert [row["input"] for row in kept] == CAPTIONS
    assert rejected == []
    assert Counter(asked.caption for asked in server.asked) == Counter(CAPTIONS) + Counter(CAPTIONS[::5])


@pytest.mark.parametrize("fault", ["broken", "no-json", "malformed", "schema", "same"])
def test_a_fault_that_stays_with_a_row_rejects_that_row_with_its_reasons(tmp_path: Path, fault: str) -> None:
    def always(asked: Asked, before: int) -> Reply:
        return FAULTS[fault]() if asked.caption == CAPTIONS[3] else good(asked, before)

    with serving(always) as server:
        kept, [rejected] = run(server.url, tmp_path)
    assert [row["input"] for row in kept] == [*CAPTIONS[:3], *CAPTIONS[4:]]
    assert rejected["row"] == 3
    assert len(rejected["tries"]) == TRIES
    assert all(one["reason"] in ("no answer", "empty caption") for one in rejected["tries"])


@pytest.mark.parametrize("fault", ["busy", "broken", "gateway", "silent", "cut"])
def test_a_server_that_stays_away_stops_the_run_which_then_goes_on(tmp_path: Path, fault: str) -> None:
    with serving(lambda asked, before: FAULTS[fault]()) as server, pytest.raises(EnvironmentStop) as stopped:
        run(server.url, tmp_path)
    assert stopped.value.exit_code == 4
    assert "\n" not in str(stopped.value)
    assert not list(read_rows(tmp_path))
    with serving(good) as server:
        kept, rejected = run(server.url, tmp_path)
    assert [row["input"] for row in kept] == CAPTIONS
    assert rejected == []


def test_no_server_at_all() -> None:
    with serving(good) as server:
        url = server.url
    pauses: list[float] = []
    with pytest.raises(EnvironmentStop, match=r"127.0.0.1:\d+ does not answer: .*refused.*same command"):
        client(url, pauses).post("/completions", {})
    assert len(pauses) == PATIENCE.attempts - 1


def test_pauses_double_and_are_bounded() -> None:
    pauses: list[float] = []
    patience = Patience(attempts=9, first_pause=1.0, longest_pause=20.0)
    with serving(lambda asked, before: Reply(503)) as server, pytest.raises(EnvironmentStop):
        client(server.url, pauses, patience=patience).post("/completions", {"prompt": "x"})
    steps = [1, 2, 4, 8, 16, 20, 20, 20]
    assert len(pauses) == len(steps)
    assert all(step / 2 <= pause <= step for step, pause in zip(steps, pauses, strict=True))
    assert len(server.asked) == 9


def test_retry_after_is_respected_in_both_its_forms() -> None:
    pauses: list[float] = []
    replies = iter(
        [
            Reply(429, headers={"Retry-After": "37"}),
            Reply(503, headers={"Retry-After": formatdate(time.time() + 90, usegmt=True)}),
            Reply(429, headers={"Retry-After": "soon"}),
        ]
    )
    with serving(lambda asked, before: next(replies, chat("a", "b"))) as server:
        client(server.url, pauses).post("/completions", {"prompt": "x"})
    assert pauses[0] == 37
    assert 80 < pauses[1] <= 90
    assert pauses[2] <= 4
    assert retry_after(formatdate(0, usegmt=True), time.time()) == 0.0


def test_a_server_that_asks_for_an_hour_stops_the_run_at_once() -> None:
    pauses: list[float] = []
    reply = Reply(429, b"quota", headers={"Retry-After": "3600"})
    with serving(lambda asked, before: reply) as server, pytest.raises(EnvironmentStop, match="asks to wait 3600 s"):
        client(server.url, pauses).post("/completions", {"prompt": "x"})
    assert (pauses, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("status", "way_out"), [(400, "--lm-api"), (401, "OPENAI_API_KEY"), (404, "OPENAI_BASE_URL"), (302, "--lm-model")]
)
def test_what_the_server_refuses_is_not_tried_again(status: int, way_out: str) -> None:
    reply = Reply(status, b"not like this", headers={"Location": "http://127.0.0.1:9/steal"})
    with serving(lambda asked, before: reply) as server, pytest.raises(UsageError, match=way_out) as refused:
        client(server.url).post("/completions", {"prompt": "x"})
    assert "not like this" in str(refused.value)
    assert len(server.asked) == 1


def test_the_key_is_in_no_message_file_or_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import traceback

    def telling(asked: Asked, before: int) -> Reply:
        told = f"your key is {KEY}".encode()
        if asked.caption == CAPTIONS[0]:
            return Reply(200, told)
        return good(asked, before)

    with serving(telling) as server:
        _, [rejected] = run(server.url, tmp_path)
    assert "your key is ***" in rejected["tries"][0]["raw"]
    for status in (400, 401, 429, 500):
        long = f"{'x ' * 85} your key is {KEY}".encode()  # the key stands where the message is cut
        for body in (f"your key is {KEY}".encode(), long):
            reply = Reply(status, body)
            with serving(lambda asked, before, r=reply: r) as server, pytest.raises(Ip2pError) as caught:
                engine(server.url)(TASKS[:2])
            shown = "".join(traceback.format_exception(caught.value))
            assert KEY[:8] not in shown
    assert KEY not in "".join(path.read_text() for path in tmp_path.rglob("*.json*"))
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize("key", ["sk-secret\nX: y", "sk-sécret", "sk secret"])
def test_a_key_that_no_header_can_hold_is_not_quoted(key: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds characters") as caught:
        client("http://localhost/v1", key=key)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "localhost:8000/v1", "http://", "http://me:word@host:port/v1", ""]
)
def test_an_address_that_is_none_is_refused_unquoted(url: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_BASE_URL is no http") as caught:
        client(url)
    assert "word" not in str(caught.value).replace("password", "")


def test_an_interrupted_run_asks_no_more() -> None:
    stop = threading.Event()

    def refusing(asked: Asked, before: int) -> Reply:
        return Reply(401) if asked.caption == CAPTIONS[0] else Reply(503, headers={"Retry-After": "200"})

    with serving(refusing) as server:
        busy = OpenAIEngine(JsonClient(server.url, KEY, PATIENCE, stop.wait), "m", "chat", 4, stop)
        with pytest.raises(UsageError, match="401"):
            busy(TASKS)
        assert stop.is_set()
    assert len(server.asked) <= 8


def test_the_engine_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"model": "m", "api": "completions", "concurrency": 2, "timeout": 1.0, "offline": False}
    with serving(lambda asked, before: text("add\n%%\nb")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
        monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
        assert make_openai(options)(TASKS[:1])[0].output == "b"
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.asked[0].path == "/v1/completions"
    for changed, complaint in (({"offline": True}, "--offline"), ({"model": None}, "--lm-model"), ({"api": "x"}, "x")):
        with pytest.raises(UsageError, match=complaint):
            make_openai({**options, **changed})
