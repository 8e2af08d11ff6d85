"""The engine `openai`: any server with an OpenAI-compatible `/v1`, for tuned models or for instructed ones.

A tuned model is asked for a completion in the paper's form; an instructed one is shown a few of the shipped triplets
and must answer with JSON of a given schema. Answers are not believed: whatever has not the form is asked for again.
"""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ip2p_cli.api import CaptionTask, EditAnswer, EnvironmentStop, UsageError

from .http_client import JsonClient, Patience, ServerFault
from .prompt import STOP, prompt, read_answer
from .triplets import Triplet, read_triplets

APIS = ("chat", "completions")
EXAMPLES = 8
PROBE = "a red barn in a field"  # a caption that no server has a reason to fail on
SYSTEM = (
    "You write training data for a photo editor. Given the caption of a picture, invent one edit that a person might "
    "ask for (of its style, an object, an attribute or the scene), and give the instruction and the caption of the "
    "edited picture. Change in the caption only what the instruction asks for. Answer with JSON: "
    '{"edit": instruction, "output": edited caption}.'
)
SCHEMA = {
    "type": "object",
    "properties": {"edit": {"type": "string"}, "output": {"type": "string"}},
    "required": ["edit", "output"],
    "additionalProperties": False,
}
_SEED_BITS = 31  # some servers read the seed into 32 bits with a sign


def make_openai(options: Mapping[str, Any]) -> OpenAIEngine:
    """The engine of the command line's options, and of OPENAI_BASE_URL and OPENAI_API_KEY.

    Raises:
        UsageError: no model is named, an unknown API, or the run is to stay offline.
    """
    if options.get("offline"):
        raise UsageError("--lm openai asks a server, and --offline forbids it; leave one of them out")
    if not options.get("model"):
        raise UsageError("--lm openai needs --lm-model: the name of the model on the server")
    patience = Patience(timeout=float(options["timeout"]))
    stop = threading.Event()
    client = JsonClient(
        os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1",
        (os.environ.get("OPENAI_API_KEY") or "").strip() or None,
        patience,
        stop.wait,
    )
    return OpenAIEngine(client, str(options["model"]), str(options["api"]), int(options["concurrency"]), stop)


class OpenAIEngine:
    """Tasks -> answers, several at a time."""

    def __init__(
        self, client: JsonClient, model: str, api: str, concurrency: int = 8, stop: threading.Event | None = None
    ) -> None:
        if api not in APIS:
            raise UsageError(f"unknown --lm-api {api!r}; there are: {', '.join(APIS)}")
        self._client, self._model, self._concurrency = client, model, concurrency
        self._stop = stop or threading.Event()  # set: nobody waits for a busy server any more
        self._ask: Callable[[CaptionTask], EditAnswer] = self._chat if api == "chat" else self._complete
        self._examples = read_triplets() if api == "chat" else []

    def __call__(self, tasks: Sequence[CaptionTask]) -> list[EditAnswer]:
        """One answer a task, in order.

        Raises:
            EnvironmentStop: the server is not there, or fails on everything.
            UsageError: it refuses what is asked of it.
        """
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="openai")
        try:
            found = list(pool.map(self._one, tasks))
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        faults = [answer for answer in found if isinstance(answer, ServerFault)]
        if faults and len(faults) == len(found) and not self._answers():
            raise EnvironmentStop(f"{self._client.server} fails on every request: {faults[0]}; run it again later")
        return [EditAnswer(problem=f"server: {a}") if isinstance(a, ServerFault) else a for a in found]

    def _answers(self) -> bool:
        """Asked where everything failed: is it these captions, or the server? It would be wrong to reject all rows."""
        return not isinstance(self._one(CaptionTask(PROBE, 0)), ServerFault)

    def _one(self, task: CaptionTask) -> EditAnswer | ServerFault:
        try:
            return self._ask(task)
        except ServerFault as fault:
            return fault

    def _complete(self, task: CaptionTask) -> EditAnswer:
        body = self._client.post("/completions", {**self._common(task), "prompt": prompt(task.caption), "stop": [STOP]})
        text = _dig(body, "choices", 0, "text")
        if not isinstance(text, str):
            return EditAnswer(problem="the server's answer is no completion", raw=_shown(body))
        return read_answer(text)

    def _chat(self, task: CaptionTask) -> EditAnswer:
        messages = [{"role": "system", "content": SYSTEM}]
        for example in random.Random(task.seed).sample(self._examples, EXAMPLES):
            messages += _turns(example)
        messages.append({"role": "user", "content": task.caption})
        schema = {"name": "edit", "strict": True, "schema": SCHEMA}
        wanted = {"type": "json_schema", "json_schema": schema}
        body = self._client.post(
            "/chat/completions", {**self._common(task), "messages": messages, "response_format": wanted}
        )
        content = _dig(body, "choices", 0, "message", "content")
        if not isinstance(content, str):
            return EditAnswer(problem="the server's answer is no chat message", raw=_shown(body))
        return read_json(content)

    def _common(self, task: CaptionTask) -> dict[str, Any]:
        return {
            "model": self._model,
            "temperature": 0.7,
            "frequency_penalty": 0.1,
            "max_tokens": 256,
            "seed": task.seed % 2**_SEED_BITS,
        }


def read_json(content: str) -> EditAnswer:
    """The answer of a chat message; servers that know no schemas may write anything."""
    try:
        answer = json.loads(content)
    except ValueError:
        return EditAnswer(problem="the message is no JSON", raw=content)
    if not isinstance(answer, dict) or {name for name, v in answer.items() if isinstance(v, str)} != {"edit", "output"}:
        return EditAnswer(problem="the JSON is not {edit: text, output: text}", raw=content)
    return EditAnswer(answer["edit"], answer["output"], raw=content)


def _turns(example: Triplet) -> list[dict[str, str]]:
    answer = json.dumps({"edit": example.edit, "output": example.output}, ensure_ascii=False)
    return [{"role": "user", "content": example.input}, {"role": "assistant", "content": answer}]


def _dig(body: bytes, *path: str | int) -> Any:
    """A value inside a JSON body; None where there is no such thing."""
    try:
        value: Any = json.loads(body)
        for step in path:
            value = value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return value


def _shown(body: bytes) -> str:
    return body[:2000].decode("utf-8", "replace")
