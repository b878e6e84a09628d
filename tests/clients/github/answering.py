"""A GitHub that answers whatever it was given: what a client makes of answers that no stand-in would give."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class AnsweringGitHub(ThreadingHTTPServer):
    """A GitHub whose branch names `now`, and which answers mutations with what it was given, the last one for ever."""

    def __init__(self, now: str, *answers: tuple[int, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.now = now
        self.asked: list[tuple[str, Any]] = []
        self._answers = answers
        self._mutations = 0

    def answer(self) -> tuple[int, Any]:
        """The next answer to a mutation."""
        found = self._answers[min(self._mutations, len(self._answers) - 1)]
        self._mutations += 1
        return found


class Handler(BaseHTTPRequestHandler):
    """Shows one branch, and notes what it is asked."""

    server: AnsweringGitHub

    def do_GET(self) -> None:
        """Show the repository or the branch."""
        self.server.asked.append((f"GET {self.path}", None))
        self._send(200, {"node_id": "R_1", "object": {"sha": self.server.now}})

    def do_PATCH(self) -> None:
        """Move the branch."""
        self.server.asked.append((f"PATCH {self.path}", self._body()))
        self._send(200, {})

    def do_POST(self) -> None:
        """Answer a mutation as planned."""
        self.server.asked.append((f"POST {self.path}", self._body()))
        self._send(*self.server.answer())

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


class Hidden(Handler):
    """Shows nothing."""

    def do_GET(self) -> None:
        """Say that there is none."""
        self._send(404, {"message": "Not Found"})


Serve = Callable[..., AnsweringGitHub]
