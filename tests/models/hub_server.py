"""A hub of one's own on this machine: serves folders as model repositories and notes what was asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    url: str
    requests: list[str] = field(default_factory=list)  # "METHOD path", in order

    def files(self) -> set[str]:
        """The files that were fetched, as paths inside their repositories."""
        marker = f"/resolve/{COMMIT}/"
        return {line.split(marker)[1] for line in self.requests if line.startswith("GET") and marker in line}


@contextmanager
def serve(repositories: Mapping[str, Path]) -> Iterator[Hub]:
    """Serve hub id -> folder until the end of the block."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, *_arguments: object) -> None: ...

        def _answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            requests.append(f"{self.command} {path}")
            for hub_id, folder in repositories.items():
                found = _find(hub_id, folder, path)
                if found is not None:
                    self._send(found, body)
                    return
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, content: bytes, body: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Hub(f"http://127.0.0.1:{server.server_address[1]}", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _find(hub_id: str, folder: Path, path: str) -> bytes | None:
    if path == f"/api/models/{hub_id}/revision/main":
        return json.dumps({"id": hub_id, "sha": COMMIT, "private": False, "tags": [], "downloads": 0}).encode()
    if path.startswith(f"/api/models/{hub_id}/tree/{COMMIT}"):
        return json.dumps([_entry(folder, file) for file in sorted(folder.rglob("*"))]).encode()
    stem = f"/{hub_id}/resolve/{COMMIT}/"
    file = folder / path.removeprefix(stem)
    return file.read_bytes() if path.startswith(stem) and file.is_file() else None


def _entry(folder: Path, file: Path) -> dict[str, object]:
    path = file.relative_to(folder).as_posix()
    if file.is_dir():
        return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
    return {
        "type": "file",
        "path": path,
        "oid": hashlib.sha1(file.read_bytes()).hexdigest(),
        "size": file.stat().st_size,
    }
