"""Servers that answer as a test tells them."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from tests.clients.github.answering import AnsweringGitHub, Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer as they were told."""
    running: list[tuple[AnsweringGitHub, Thread]] = []

    def start(now: str, *answers: tuple[int, Any]) -> AnsweringGitHub:
        server = AnsweringGitHub(now, *answers)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
