"""POST JSON to a server that may be busy: tries again with growing pauses, and never lets the key into a message.

The standard library's client is enough: one kind of request, one kind of answer. Redirects are refused, because they
would carry the key to wherever they point.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ip2p_cli.api import EnvironmentStop, UsageError

BUSY = {408, 409, 425, 429, 502, 503, 504}  # the same request may well be answered later
LONGEST_WAIT = 300.0  # seconds; a server that asks for more has stopped the run
_SHOWN = 200  # characters of a server's own words in a message


class ServerFault(Exception):
    """The server failed on this very request (500) each time; others may be answered."""


@dataclass(frozen=True)
class Patience:
    """How often, and how long between, a request is tried: first_pause · 2^n seconds, at most longest_pause."""

    attempts: int = 6
    first_pause: float = 1.0
    longest_pause: float = 60.0
    timeout: float = 60.0  # seconds without a byte

    def pause(self, attempt: int) -> float:
        """Seconds after a failed attempt (0, 1 …): between half and all of the step, so that threads part."""
        step = min(self.longest_pause, self.first_pause * 2.0**attempt)
        return step * random.uniform(0.5, 1.0)


class JsonClient:
    """Talks to one server."""

    def __init__(
        self, base_url: str, key: str | None, patience: Patience, wait: Callable[[float], object] = time.sleep
    ) -> None:
        """
        Raises:
            UsageError: the address or the key is malformed.
        """
        try:
            parts = urllib.parse.urlsplit(base_url)
            port = parts.port
        except ValueError:
            parts, port = urllib.parse.urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("OPENAI_BASE_URL is no http(s) address; set it to one such as http://localhost:8000/v1")
        # Checked here, because the standard library quotes a header that it refuses.
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise UsageError("OPENAI_API_KEY holds characters that no key has; set it again")
        self._base, self._key = base_url.rstrip("/"), key
        self.server = parts.hostname + (f":{port}" if port else "")  # without a password in the address
        self._patience, self._wait = patience, wait
        self._opener = urllib.request.build_opener(_NoRedirect)

    def post(self, path: str, payload: Mapping[str, Any]) -> bytes:
        """The body of the answer; safe to call from many threads.

        Raises:
            UsageError: the server refuses the request: key, model or parameters are wrong.
            ServerFault: it failed on this request each time.
            EnvironmentStop: it is not there, or too busy, for longer than our patience.
        """
        reason, status = "", 0
        for attempt in range(self._patience.attempts):
            asked = None
            try:
                return self._send(path, payload)
            except urllib.error.HTTPError as error:
                status, reason = error.code, f"{error.code} {self._words_of(error)}"
                if status != 500 and status not in BUSY:
                    raise UsageError(f"{self.server} refuses the request: {reason}; {_way_out(status)}") from None
                asked = retry_after(error.headers.get("Retry-After"), time.time())
            except (OSError, http.client.HTTPException) as problem:  # no connection, a time-out, half an answer
                status, reason = 0, self._redacted(str(getattr(problem, "reason", problem)) or type(problem).__name__)
            if asked is not None and asked > LONGEST_WAIT:
                reason += f" (it asks to wait {asked:.0f} s)"
                break
            last = attempt + 1 == self._patience.attempts
            if last or self._wait(max(asked or 0.0, self._patience.pause(attempt))) is True:
                break  # an event that is waited on has been set: the run is over
        if status == 500:
            raise ServerFault(reason)
        raise EnvironmentStop(f"{self.server} does not answer: {reason}; run the same command later to go on")

    def _send(self, path: str, payload: Mapping[str, Any]) -> bytes:
        request = urllib.request.Request(self._base + path, json.dumps(payload).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        with self._opener.open(request, timeout=self._patience.timeout) as answer:
            body: bytes = answer.read()
            return body.replace(self._key.encode(), b"***") if self._key else body

    def _words_of(self, error: urllib.error.HTTPError) -> str:
        """The server's own words for an error, in one line, without the key that it may repeat."""
        try:
            text = error.read(4096).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            text = ""
        text = self._redacted(text)  # before it is cut: half a key is also one
        return " ".join(text.split())[:_SHOWN] or str(error.reason)

    def _redacted(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or an HTTP date; None where it says nothing."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def _way_out(status: int) -> str:
    if status in (401, 403):
        return "set OPENAI_API_KEY to a key that it takes"
    if status == 404:
        return "see that OPENAI_BASE_URL (with its /v1) and --lm-model are right"
    return "see that --lm-model and --lm-api fit the server"
