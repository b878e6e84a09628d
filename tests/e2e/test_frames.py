"""One message in the three frames that it may come in: Pub/Sub's push body, Eventarc in binary and structured mode."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pytest
import requests

from local.world.looking import differences
from local.world.names import topic_path
from tests.e2e.story import LABELS, TRACE_ID, TRACEPARENT, Story, passed, the_one

_CLOUD_EVENT: Final = {
    "specversion": "1.0",
    "type": "google.cloud.pubsub.topic.v1.messagePublished",
    "source": f"//pubsub.googleapis.com/{topic_path('test-passed')}",
    "time": "2026-11-22T20:00:00Z",
}
_SAME: Final = ("event", "topic", "event_id", "data_sha256", "changed")
_JSON: Final = {"Content-Type": "application/json"}


def _push(body: dict[str, Any], message_id: str) -> tuple[dict[str, str], dict[str, Any]]:
    return _JSON, body


def _binary(body: dict[str, Any], message_id: str) -> tuple[dict[str, str], dict[str, Any]]:
    return _JSON | {f"ce-{name}": text for name, text in _CLOUD_EVENT.items()} | {"ce-id": message_id}, body


def _structured(body: dict[str, Any], message_id: str) -> tuple[dict[str, str], dict[str, Any]]:
    event = {**_CLOUD_EVENT, "id": message_id, "datacontenttype": "application/json", "data": body}
    return {"Content-Type": "application/cloudevents+json; charset=utf-8"}, event


@pytest.mark.parametrize("frame", [_push, _binary, _structured])
def test_the_frame_does_not_change_what_a_message_means(frame: Any, story: Story) -> None:
    """A subscription of Terraform's, of Eventarc's, and a person with curl all wake the same work."""
    before = story.world.lasting_state()
    message_id = f"framed by {frame.__name__}"
    [told] = [delivery for delivery in story.deliveries if delivery.topic.endswith("/test-passed")]
    body = _body(told.data, message_id, traceparent=TRACEPARENT)

    headers, framed = frame(body, message_id)
    answer = requests.post(story.functions.urls["attest_images"], json.dumps(framed), headers=headers, timeout=30)
    story.world.settle()

    entry = _entry(story, message_id)
    expected = story.outcome(told.message_id)[LABELS] | {"changed": "False"}
    assert answer.status_code == 204
    assert {name: entry[LABELS][name] for name in _SAME} == {name: expected[name] for name in _SAME}
    assert entry["logging.googleapis.com/trace"].endswith(TRACE_ID)
    assert differences(before, story.world.lasting_state()) == []


@pytest.mark.parametrize("frame", [_push, _binary, _structured])
def test_a_refused_message_is_refused_in_every_frame(frame: Any, story: Story) -> None:
    """Its attributes reach the topic of rejected messages untouched, whatever it came in."""
    message_id = f"refused in {frame.__name__}"
    event = passed(story.unpinned)

    headers, framed = frame(_body(event, message_id, who=message_id), message_id)
    answer = requests.post(story.functions.urls["attest_images"], json.dumps(framed), headers=headers, timeout=30)
    story.world.settle()

    [rejected] = [message for message in story.world.rejected if message.attributes.get("who") == message_id]
    assert answer.status_code == 204
    assert (rejected.data, rejected.reason) == (event, "not-a-digest")


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"message": 1}', b'{"message": {"data": "?"}}'])
def test_what_is_no_frame_is_answered_and_kept(body: bytes, story: Story) -> None:
    """Not retried, since it will never be one; kept as it came, since somebody sent it."""
    answer = requests.post(story.functions.urls["open_prod_pr"], body, headers=_JSON, timeout=30)
    story.world.settle()

    [rejected] = [m for m in story.world.rejected if m.data == body and m.function == "open_prod_pr"]
    assert answer.status_code == 204
    assert rejected.reason == "malformed-envelope"


def _body(data: bytes, message_id: str, **attributes: str) -> dict[str, Any]:
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes, "messageId": message_id}
    subscription = "projects/mdo-gate/subscriptions/by-hand"
    return {"message": message | {"publishTime": "2026-11-22T20:00:00Z"}, "subscription": subscription}


def _entry(story: Story, message_id: str) -> Any:
    return the_one(lambda: [e for _, e in story.logs if e.get(LABELS, {}).get("message_id") == message_id])
