"""A real HTTP server that speaks as much of `/v1` as the engine uses, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server does with one request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False  # never answer
    cut: bool = False  # promise more than is sent


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    payload: dict[str, Any]

    @property
    def caption(self) -> str:
        """The caption that the request is about."""
        if "prompt" in self.payload:
            return str(self.payload["prompt"]).split("\n##\n")[0]
        return str(self.payload["messages"][-1]["content"])


Behaviour = Callable[[Asked, int], Reply]  # request, how often its caption was asked about before -> reply


class Server:
    """Remembers what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.url = ""

    def reply(self, asked: Asked) -> Reply:
        with self.lock:
            before = sum(other.caption == asked.caption for other in self.asked)
            self.asked.append(asked)
        return self.behaviour(asked, before)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    """A server on a free port of this machine."""
    server = Server(behaviour)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = server.reply(Asked(self.path, dict(self.headers), json.loads(body)))
            if reply.hang:
                server.closing.wait(30)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + (10 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()


def chat(edit: str, output: str) -> Reply:
    """A good answer of an instructed model."""
    return message(json.dumps({"edit": edit, "output": output}))


def message(content: object) -> Reply:
    """Any answer of an instructed model."""
    return Reply(body=json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode())


def text(answer: str) -> Reply:
    """An answer of a tuned model."""
    return Reply(body=json.dumps({"choices": [{"text": answer}]}).encode())


def good(asked: Asked, before: int) -> Reply:
    """Does as it is asked."""
    edit, output = "add a tower", f"{asked.caption} with a tower"
    return text(f"{edit}\n%%\n{output}") if "prompt" in asked.payload else chat(edit, output)
