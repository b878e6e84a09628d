"""Cloud Build, when it answers what is no build, or not at all: could not check, each under its name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

import pytest
from requests import Session

from shared.clients.cloud_build import CloudBuild
from shared.domain.errors import Fault, Unavailable
from shared.domain.evidence import CloudBuildTrigger

TRIGGER: Final = CloudBuildTrigger("mdo-gate", "europe-west1", "7d3f1a52-0c8e-4e57-9a6b-1f2e3d4c5b6a")


class Odd(BaseHTTPRequestHandler):
    """Answers with the status and the body that the build's id asks for: `502-html`."""

    bodies: Final = {
        "html": b"<html>",
        "list": b"[]",
        "empty": b"{}",
        "odd": b'{"status":"SUCCESS","sourceProvenance":3}',
    }

    def do_GET(self) -> None:
        """Answer."""
        status, _, body = self.path.rpartition("/")[2].partition("-")
        self.send_response(int(status))
        self.end_headers()
        self.wfile.write(self.bodies[body])

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


@pytest.fixture(scope="module")
def odd() -> Iterator[str]:
    """Something that is no Cloud Build."""
    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refused(url: str, name: str) -> Unavailable:
    """Ask for a build in vain."""

    async def ask() -> object:
        with ThreadPoolExecutor(1) as executor:
            return await CloudBuild(url, Session, executor).build(TRIGGER, name)

    with pytest.raises(Unavailable) as caught:
        asyncio.run(ask())
    return caught.value


@pytest.mark.parametrize("name", ["200-html", "200-list", "200-empty", "200-odd"])
def test_an_answer_that_is_no_build_proves_nothing(odd: str, name: str) -> None:
    """A page of some proxy's, say."""
    assert refused(odd, name).fault is Fault.WRONG_ANSWER


@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("502-html", Fault.UNREACHABLE, "cloudbuild.GetBuild: 502 Bad Gateway"),
        ("429-empty", Fault.RATE_LIMITED, "cloudbuild.GetBuild: 429 Too Many Requests"),
        ("403-list", Fault.REFUSED, "cloudbuild.GetBuild: 403 Forbidden"),
        ("302-empty", Fault.REFUSED, "cloudbuild.GetBuild: 302 Found"),
    ],
)
def test_an_error_without_googles_message_is_named_by_its_status(odd: str, name: str, fault: Fault, words: str) -> None:
    """A redirection is not followed."""
    error = refused(odd, name)

    assert (error.fault, error.detail) == (fault, words)


def test_nobody_there_is_unavailable() -> None:
    """The event waits."""
    assert refused("http://127.0.0.1:1", "200-empty").fault is Fault.UNREACHABLE
