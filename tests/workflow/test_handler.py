"""The edge of every function: what it answers to whatever is posted to it, Pub/Sub's own words or not."""

from __future__ import annotations

import base64
import json
import resource
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest
import requests

from local.world.names import APPS, GATE_PROJECT
from local.world.world import World
from tests.company import POSTS, small_world
from tests.conftest import Logs

JSON: Final = {"content-type": "application/json"}
SECRET: Final = f"projects/{GATE_PROJECT}/secrets/github-token"


@pytest.fixture(scope="module")
def quiet() -> Iterator[World]:
    """A world in which nothing ever happens."""
    with small_world() as world:
        yield world


def post(world: World, body: bytes | Iterator[bytes], headers: Mapping[str, str] = JSON) -> requests.Response:
    """Post to resolve_image as Pub/Sub does, or as somebody does who is not Pub/Sub."""
    return requests.post(world.urls["resolve_image"], data=body, headers=dict(headers), timeout=30)


def push_body(data: bytes, **fields: Any) -> dict[str, Any]:
    """Write the body of a push."""
    message = {"data": base64.b64encode(data).decode(), "messageId": "7", "attributes": {"sent-by": "dana"}, **fields}
    return {"message": message, "subscription": "projects/mdo-gate/subscriptions/gcr-push"}


def rejections(world: World) -> list[tuple[str, str]]:
    """The reasons and sentences of what was rejected since the last look."""
    world.rejected.clear()
    world.settle()
    return [(message.reason, message.detail) for message in world.rejected]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_is_an_event(quiet: World, method: str) -> None:
    """A health check or a curious browser is told so, and nothing is logged as an event."""
    answer = requests.request(method, quiet.urls["resolve_image"], timeout=30)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert rejections(quiet) == []


def frames(data: bytes) -> dict[str, tuple[dict[str, str], bytes]]:
    """Write one message in every frame in which it may arrive."""
    push = push_body(data)
    snake = {"message": {**push["message"], "message_id": "7", "publish_time": "2026-01-02T03:04:05.678Z"}}
    binary = {**JSON, "ce-type": "google.cloud.pubsub.topic.v1.messagePublished", "ce-specversion": "1.0"}
    structured = {"specversion": "1.0", "type": "any", "source": "//any", "id": "1", "data": push}
    return {
        "a push": (JSON, json.dumps(push).encode()),
        "a push in snake case": (JSON, json.dumps(snake).encode()),
        "a CloudEvent in binary mode": (binary, json.dumps(push).encode()),
        "a structured CloudEvent": ({"content-type": "application/cloudevents+json"}, json.dumps(structured).encode()),
    }


@pytest.mark.parametrize("frame", frames(b""))
def test_the_same_message_arrives_in_any_frame(quiet: World, frame: str) -> None:
    """Eventarc and push subscriptions wrap one message differently; what it says is the same."""
    headers, body = frames(b'{"image":"ghcr.io/evil/app:1"}')[frame]

    answer = post(quiet, body, headers)

    assert answer.status_code == 204
    ((reason, detail),) = rejections(quiet)
    assert reason == "unknown-registry"
    assert detail.startswith("ghcr.io/evil/app is in no configured registry")
    assert quiet.rejected[0].attributes["sent-by"] == "dana"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the push body is not strict JSON: Expecting value: line 1 column 1 (char 0); it begins with b''"),
        (b"[]", "the push body must be a JSON object, it is a list"),
        (b"{}", "the push body: message is missing"),
        (b'{"message":{"data":7}}', "the push body: message: data must be a string, it is a number"),
        (b'{"message":{"data":"%%%"}}', "the push body: message: data is not base64"),
        (
            b'{"message":{"attributes":{"a":1}}}',
            "the push body: message: attributes: a must be a string, it is a number",
        ),
        (b'{"message":{"publishTime":"now"}}', "the push body: message: publishTime is no RFC 3339 time"),
    ],
    ids=["empty", "a list", "no message", "a number as data", "no base64", "a number as attribute", "no time"],
)
def test_an_envelope_that_is_none_is_rejected_whole(quiet: World, body: bytes, detail: str) -> None:
    """Whoever posts what Pub/Sub never would is not asked to repeat it; a person can see what it was."""
    answer = post(quiet, body)

    assert answer.status_code == 204
    assert rejections(quiet) == [("malformed-envelope", detail)]
    assert quiet.rejected[0].data == body


def test_a_compressed_body_is_never_unpacked(quiet: World) -> None:
    """A few bytes can unpack to gigabytes, and Pub/Sub compresses nothing."""
    answer = post(quiet, b"\x1f\x8b", {**JSON, "content-encoding": "gzip"})

    assert answer.status_code == 204
    assert rejections(quiet) == [("malformed-envelope", "the request is compressed; Pub/Sub never does that")]


def test_a_body_that_declares_itself_larger_than_any_push_is_refused_unread(quiet: World, logs: Logs) -> None:
    """Pub/Sub's largest push has 14 MB; the bytes of a larger one are not even read."""
    logs()

    answer = post(quiet, b" " * 15_000_000)

    assert answer.status_code == 413
    assert rejections(quiet) == []
    assert [entry["message"] for entry in logs()] == ["a body larger than any push was refused"]


def test_forty_megabytes_without_a_length_are_refused_while_memory_stays_flat(quiet: World) -> None:
    """A body is counted while it arrives; what was read of one that is too large is let go at once."""
    post(quiet, b"{}")
    rejections(quiet)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answers = [post(quiet, (b" " * 65_536 for _ in range(640))).status_code for _ in range(3)]

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert set(answers) == {413}
    assert grown < 48 * 1024  # KiB; three times 40 MB were sent


def test_a_message_without_data_is_read_as_an_empty_event(quiet: World) -> None:
    """People can publish attributes alone with gcloud; that is a malformed event, once, and not a failure for ever."""
    answer = post(quiet, b'{"message":{"attributes":{"sent-by":"dana"},"messageId":"7"}}')

    assert answer.status_code == 204
    ((reason, detail),) = rejections(quiet)
    assert reason == "malformed-event"
    assert detail.startswith("gcr is not strict JSON")


def test_what_is_not_done_in_time_is_given_back(logs: Logs, quiet_logging: None) -> None:
    """The function gives up before Pub/Sub does, so that one event is never worked on twice at once."""
    with small_world(variables={"PRODGATE_DEADLINE_S": "0.2"}) as world:
        held = world.faults.hold("registry.head-manifest")
        logs()

        answer = requests.post(
            world.urls["resolve_image"], json=push_body(f'{{"image":"{POSTS}:v1"}}'.encode()), timeout=30
        )
        with held:
            pass

    assert answer.status_code == 503
    (late,) = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert late["message"] == "not done within 0.2 s"
    assert late["logging.googleapis.com/labels"]["fault"] == "deadline"


def test_pinning_that_is_not_done_in_time_is_given_back_to_every_event(logs: Logs, quiet_logging: None) -> None:
    """Events that were gathered wait together, and are redelivered together."""
    with small_world(variables={"PRODGATE_DEADLINE_S": "0.4"}) as world:
        held = world.faults.hold("github.graphql")
        world.push_image(POSTS, "v1")
        with held:
            pass
        held = world.faults.hold("github.git/create-commit")
        world.push_image(POSTS, "v1", content=b"second")
        world.settle()
        with held:
            pass

    assert "not done within 0.4 s" in {entry["message"] for entry in logs()}


class _Nonsense(BaseHTTPRequestHandler):
    """Something that answers as no GitHub ever does."""

    def do_GET(self) -> None:
        """Answer with an empty list, which is JSON, and nothing that can be read."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


@pytest.fixture
def nonsense() -> Iterator[str]:
    """The URL of a server that answers nonsense."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Nonsense) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_error_that_nobody_thought_of_is_retried_and_seen_once(
    nonsense: str, logs: Logs, quiet_logging: None
) -> None:
    """The net under everything: 503 and one entry with its traceback, never a 500 out of the framework."""
    stored = {"PRODGATE_GITHUB_APP": None, "PRODGATE_GITHUB_TOKEN_SECRET": f"{SECRET}/versions/1"}
    with small_world(variables={"PRODGATE_GITHUB_API_URL": nonsense, **stored}) as world:
        world.store_secret(SECRET, "github_pat_11")
        logs()

        world.pass_tests()
        world.settle()

        assert [record.status for record in world.deliveries] == [503] * 5
        assert len(world.dead_letters) == 1
    entries = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert len(entries) == 5
    for entry in entries:
        assert entry["message"].startswith("an error that has no name yet: TypeError: ")
        assert "Traceback (most recent call last)" in entry["message"]
        assert entry["logging.googleapis.com/labels"]["fault"] == "internal"


def test_what_cannot_be_put_into_rejected_stays_with_pubsub(world: World, logs: Logs) -> None:
    """Losing a refused message would lose the only trace of it; so it is acknowledged only once it is stored."""
    logs()
    world.faults.fail("pubsub.Publish", code="PERMISSION_DENIED", after=1)

    world.publish("gcr", b"poison")
    world.settle()

    assert [(record.attempt, record.status) for record in world.deliveries] == [(1, 503), (2, 204)]
    assert [message.data for message in world.rejected] == [b"poison"]
    (kept,) = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert kept["message"].startswith("rejected (gcr is not strict JSON")
    assert "but that could not be published: pubsub.Publish: 403" in kept["message"]


def test_a_caller_that_hangs_up_is_no_error(quiet: World, logs: Logs) -> None:
    """Pub/Sub closes connections when it likes; the message comes again."""
    logs()

    def half() -> Iterator[bytes]:
        yield b'{"message":'
        raise ConnectionError(APPS)

    with pytest.raises(requests.ConnectionError):
        post(quiet, half())

    assert rejections(quiet) == []
    assert logs() == []
