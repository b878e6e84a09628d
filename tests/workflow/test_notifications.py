"""What says that an image was pushed: Artifact Registry, a registry of the CNCF's kind, a person. All are confirmed."""

from __future__ import annotations

import json
from typing import Any, Final

from local.registry.events import Pushed, distribution_event
from local.world.world import World
from tests.company import POSTS, POSTS_FILE, USERS
from tests.conftest import Logs

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


def pushed(digest: str, tag: str | None = "v1", image: str = POSTS) -> dict[str, Any]:
    """Write one event of a Distribution notification."""
    host, _, repository = image.partition("/")
    event: dict[str, Any] = json.loads(distribution_event(Pushed(host, repository, tag, digest, MANIFEST, 500)))
    return dict(event["events"][0])


def quietly(world: World, image: str = POSTS) -> str:
    """Have an image under v1 of which nobody has told prodgate."""
    world.faults.fail("registry.head-manifest", times=5, code="PERMISSION_DENIED")  # the news of it is a dead letter
    digest = world.push_image(image, "v1")
    world.settle()
    world.dead_letters.clear()
    world.faults.clear()
    return digest


def summaries(logs: Logs) -> list[str]:
    """What was done, in the functions' own words."""
    return [e["message"] for e in logs() if e["logging.googleapis.com/labels"].get("event") == "event.done"]


def test_a_person_may_announce_an_image_of_a_registry_that_tells_nobody(world: World) -> None:
    """Docker Hub has no notifications; a line typed by hand does the same."""
    digest = quietly(world)

    world.announce(f"{POSTS}:v1")
    world.settle()

    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)


def test_every_push_in_one_notification_is_resolved_and_the_rest_is_not(world: World, logs: Logs) -> None:
    """Distribution sends blobs, pulls and pushes in one envelope; only tags that were pushed matter."""
    digest = quietly(world)
    blob = pushed(digest)
    blob["target"]["mediaType"] = "application/octet-stream"
    pulled = pushed(digest) | {"action": "pull"}
    logs()

    events = [pushed(digest), blob, pulled, pushed(digest, tag=None), pushed(digest, tag=f"sha256-{'a' * 64}.sig")]
    world.publish("gcr", json.dumps({"events": events}).encode())
    world.settle()

    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
    assert summaries(logs)[0] == (
        f"{POSTS}:v1 is {digest}; a blob is no image; a 'pull' changes no manifest; "
        f"a manifest was pushed without a tag; no manifest follows it; "
        f"{POSTS}:sha256-{'a' * 64}.sig is attached to an image, it is none itself"
    )


def test_one_unknown_image_rejects_its_notification_whole(world: World) -> None:
    """A registry that announces what it does not have is looked at by a person, with the whole envelope."""
    digest = quietly(world)
    envelope = json.dumps({"events": [pushed(digest), pushed(digest, image=USERS)]}).encode()

    world.publish("gcr", envelope)
    world.settle()

    assert [(message.reason, message.data) for message in world.rejected] == [("unknown-image", envelope)]


def test_a_push_of_an_index_is_pinned_as_the_index(world: World) -> None:
    """The digest of the index runs on every platform; that of one of its images would not."""
    digest = world.push_image(POSTS, "v1", index=True)
    world.settle()

    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)


def test_the_digest_that_was_pushed_is_confirmed_and_not_what_the_tag_names_by_now(world: World) -> None:
    """The news is about bytes: a tag that was moved since cannot stand in for them."""
    old = world.push_image(POSTS, "v1", content=b"first")
    world.push_image(POSTS, "v1", content=b"second")
    world.settle()
    world.deliveries.clear()

    world.publish("gcr", f'{{"action":"INSERT","digest":"{POSTS}@{old}","tag":"{POSTS}:v1"}}'.encode())
    world.settle()

    (resolved,) = [json.loads(r.data) for r in world.deliveries if r.topic.endswith("/image-resolved")]
    assert resolved == {"image": POSTS, "tag": "v1", "digest": old, "media_type": MANIFEST}


def test_a_field_that_google_adds_one_day_stops_no_push(world: World, logs: Logs) -> None:
    """A foreign sender may say more than we know; what we read is confirmed with the registry all the same."""
    digest = quietly(world)
    logs()

    event = {"action": "INSERT", "digest": f"{POSTS}@{digest}", "tag": f"{POSTS}:v1", "immutable": True}
    world.publish("gcr", json.dumps(event).encode())
    world.settle()

    assert world.rejected == []
    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
