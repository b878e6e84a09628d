"""T02: somebody posts to a function without Pub/Sub. What an envelope says about itself is never believed."""

from __future__ import annotations

import base64
import json
from typing import Final

import requests

from local.world.world import World
from tests.company import COMMIT, pin_posts

CLAIMS: Final = (
    {"ce-type": "dev.prodgate.test-passed.v1", "ce-source": "//prodgate", "ce-specversion": "1.0", "ce-id": "1"},
    {"ce-type": "google.cloud.audit.log.v1.written", "ce-source": "//evil", "ce-specversion": "1.0", "ce-id": "1"},
    {"x-cloudtasks-taskname": "t", "user-agent": "CloudPubSub-Google", "from": "noreply@google.com"},
)


def test_headers_add_no_authority(world: World) -> None:
    """The same claim gets the same checks, whichever type, source or agent it comes with."""
    pin_posts(world)
    event = {
        "suite": "qa",
        "outcome": "success",
        "repository": "mdo/mdo-environments",
        "commit": COMMIT,
        "run": "https://ci.mdo.example/runs/1",
    }
    data = base64.b64encode(json.dumps(event).encode()).decode()

    answers = [
        requests.post(world.urls["attest_images"], json={"message": {"data": data}}, headers=claims, timeout=30)
        for claims in CLAIMS
    ]
    world.settle()

    assert [answer.status_code for answer in answers] == [204] * 3
    assert [message.reason for message in world.rejected] == ["unknown-commit"] * 3
    assert world.attestations == []


def test_attributes_add_no_authority(world: World) -> None:
    """Ids and types on a message are for people who search; the work is decided by its data alone."""
    pin_posts(world)
    event = world.pass_tests()
    world.settle()
    before = world.lasting_state()

    for attributes in ({"event_type": "dev.prodgate.rejected.v1"}, {"event_id": "0" * 64}):
        world.publish("test-passed", json.dumps(event).encode(), attributes)
    world.settle()

    assert world.lasting_state() == before
    assert world.rejected == []
