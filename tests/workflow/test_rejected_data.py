"""What is no event: each is refused with one sentence, lands whole in `rejected`, and is never delivered again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.world.names import REPOSITORY
from local.world.world import World
from tests.company import COMMIT, DIGEST, POSTS, RUN, small_world

PASSED: Final[dict[str, Any]] = {
    "suite": "qa",
    "outcome": "success",
    "repository": REPOSITORY,
    "commit": COMMIT,
    "run": RUN,
}
RESOLVED: Final[dict[str, Any]] = {
    "image": POSTS,
    "tag": "v1",
    "digest": DIGEST,
    "media_type": "application/vnd.oci.image.manifest.v1+json",
}
COMPLETE: Final[dict[str, Any]] = {
    "suite": "qa",
    "repository": REPOSITORY,
    "commit": COMMIT,
    "run": RUN,
    "images": [{"image": POSTS, "digest": DIGEST, "attestor": "a", "occurrence": "o"}],
}


def passed(**changed: Any) -> bytes:
    """Write a test-passed event, changed in some fields; None leaves a field out."""
    return json.dumps({name: value for name, value in (PASSED | changed).items() if value is not None}).encode()


def resolved(**changed: Any) -> bytes:
    """Write an image-resolved event, changed in some fields."""
    return json.dumps(RESOLVED | changed).encode()


def complete(**changed: Any) -> bytes:
    """Write an attestation-complete event, changed in some fields."""
    return json.dumps(COMPLETE | changed).encode()


BAD: Final = {
    "not JSON": (
        "test-passed",
        b"qa passed",
        "malformed-event",
        "test-passed is not strict JSON: Expecting value: line 1 column 1 (char 0); it begins with b'qa passed'",
    ),
    "not an object": (
        "gcr",
        b'["mongo:7"]',
        "malformed-event",
        "gcr must be a JSON object, it is a list",
    ),
    "not UTF-8": (
        "image-resolved",
        b'{"image":"\xff"}',
        "malformed-event",
        "image-resolved is not UTF-8: byte 10 is 0xff",
    ),
    "attributes only": (
        "test-passed",
        b"",
        "malformed-event",
        "test-passed is not strict JSON: Expecting value: line 1 column 1 (char 0); it begins with b''",
    ),
    "a wrong type": (
        "test-passed",
        passed(commit=7),
        "malformed-event",
        "test-passed: commit must be a string, it is a number",
    ),
    "a missing field": (
        "test-passed",
        passed(outcome=None),
        "malformed-event",
        "test-passed: outcome is missing",
    ),
    "an unknown field": (
        "test-passed",
        passed(key_version="projects/evil"),
        "malformed-event",
        "test-passed: the field 'key_version' is unknown",
    ),
    "a key that appears twice": (
        "test-passed",
        passed()[:-1] + b',"commit":"' + b"e" * 40 + b'"}',
        "malformed-event",
        (
            "test-passed is not strict JSON: the key 'commit' appears twice; "
            'it begins with b\'{"suite": "qa", "outcome": "success", "r\''
        ),
    ),
    "too deep": (
        "gcr",
        b'{"image":' + b"[" * 9 + b"]" * 9 + b"}",
        "malformed-event",
        "gcr is not strict JSON: it is nested deeper than 8 levels; it begins with b'{\"image\":[[[[[[[[[]]]]]]]]]}'",
    ),
    "a short commit": (
        "test-passed",
        passed(commit="abc1234"),
        "malformed-event",
        "test-passed: commit is 'abc1234', which is not of its form [0-9a-f]{40}",
    ),
    "a failed run": (
        "test-passed",
        passed(outcome="failure"),
        "not-successful",
        "test-passed: outcome is failure; only success is ever attested",
    ),
    "an outcome that is none": (
        "test-passed",
        passed(outcome="passed"),
        "malformed-event",
        "test-passed: outcome is 'passed'; it must be success or failure or cancel or error",
    ),
    "an image by tag": (
        "test-passed",
        passed(images=[f"{POSTS}:v1"]),
        "not-a-digest",
        f"{POSTS}:v1 is a tag; a release names images by digest",
    ),
    "a tag in place of a digest": (
        "image-resolved",
        resolved(digest="v1"),
        "not-a-digest",
        "image-resolved: digest: 'v1' is no digest: it must be sha256: and 64 hex digits",
    ),
    "an unconfigured repository": (
        "test-passed",
        passed(repository="mdo/other"),
        "unknown-repository",
        f"repository: mdo/other is not configured, {REPOSITORY} is",
    ),
    "an unconfigured suite": (
        "test-passed",
        passed(suite="smoke"),
        "unknown-suite",
        "suite: smoke is not configured; those are qa",
    ),
    "an unconfigured registry, pushed": (
        "gcr",
        b'{"image":"registry.evil.example/mongo:7"}',
        "unknown-registry",
        (
            "registry.evil.example/mongo is in no configured registry; "
            "those are us-docker.pkg.dev/mdo/apps, docker.io/library"
        ),
    ),
    "an unconfigured registry, resolved": (
        "image-resolved",
        resolved(image="us-docker.pkg.dev/mdo/apps-evil/mdo-posts"),
        "unknown-registry",
        (
            "us-docker.pkg.dev/mdo/apps-evil/mdo-posts is in no configured registry; "
            "those are us-docker.pkg.dev/mdo/apps, docker.io/library"
        ),
    ),
    "an image that the registry has not, pushed": (
        "gcr",
        f'{{"image":"{POSTS}:v9"}}'.encode(),
        "unknown-image",
        f"{POSTS}:v9 does not exist",
    ),
    "an image that the registry has not, by digest": (
        "gcr",
        f'{{"action":"INSERT","digest":"{POSTS}@{DIGEST}","tag":"{POSTS}:v9"}}'.encode(),
        "unknown-image",
        f"{POSTS}@{DIGEST} does not exist",
    ),
    "a tag that is gone before it is pinned": (
        "image-resolved",
        resolved(tag="v9"),
        "unknown-image",
        f"{POSTS}:v9 does not exist any more",
    ),
    "an unknown commit, tested": (
        "test-passed",
        passed(),
        "unknown-commit",
        f"commit: {REPOSITORY} has no {COMMIT}",
    ),
    "an unknown commit, attested": (
        "attestation-complete",
        complete(),
        "unknown-commit",
        f"commit: {REPOSITORY} has no {COMMIT}",
    ),
    "another repository, attested": (
        "attestation-complete",
        complete(repository="mdo/other"),
        "unknown-repository",
        f"repository: mdo/other is not configured, {REPOSITORY} is",
    ),
}
FUNCTIONS: Final = {
    "gcr": "resolve_image",
    "image-resolved": "pin_manifests",
    "test-passed": "attest_images",
    "attestation-complete": "open_prod_pr",
}


@pytest.fixture(scope="module")
def quiet() -> Iterator[World]:
    """A world in which nothing ever happens: what is refused leaves no trace but its message."""
    with small_world() as world:
        yield world


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_event_is_rejected_whole_with_its_sentence(quiet: World, case: str) -> None:
    """The person who looks into `rejected` finds the very bytes and attributes, who refused them, and why."""
    topic, data, reason, detail = BAD[case]
    attributes = {"sent-by": "a stranger", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}
    quiet.rejected.clear()
    quiet.deliveries.clear()

    quiet.publish(topic, data, attributes)
    quiet.settle()

    (message,) = quiet.rejected
    assert message.data == data
    assert message.attributes == attributes | {
        "prodgate-function": FUNCTIONS[topic],
        "prodgate-reason": reason,
        "prodgate-detail": detail,
    }
    assert [(record.attempt, record.status) for record in quiet.deliveries] == [(1, 204)]


def test_of_something_too_large_the_first_kib_lands_with_its_hash_and_size(quiet: World) -> None:
    """Nothing above 64 KiB is an event; what is kept is enough to find out who sent it."""
    data = b'{"image":"' + b"a" * 65_536 + b'"}'
    quiet.rejected.clear()

    quiet.publish("gcr", data)
    quiet.settle()

    (message,) = quiet.rejected
    assert message.data == data[:1024]
    assert message.attributes["prodgate-sha256"] == hashlib.sha256(data).hexdigest()
    assert message.attributes["prodgate-size"] == str(len(data))
    assert (message.reason, message.detail) == ("too-large", "the message has 65,548 bytes; at most 65,536 are read")


def test_of_exactly_64_kib_every_byte_is_read_and_kept(quiet: World) -> None:
    """The bound is where it is said to be."""
    data = b" " * 65_536
    quiet.rejected.clear()

    quiet.publish("gcr", data)
    quiet.settle()

    (message,) = quiet.rejected
    assert (message.reason, message.data) == ("malformed-event", data)


def test_a_rejected_event_replayed_carries_the_reasons_of_this_time_only(quiet: World) -> None:
    """People replay out of `rejected`; what an earlier refusal wrote there does not pile up."""
    quiet.rejected.clear()
    quiet.publish("gcr", b"{}", {"prodgate-function": "old", "prodgate-size": "1", "sent-by": "dana"})

    quiet.settle()

    (message,) = quiet.rejected
    assert message.function == "resolve_image"
    assert set(message.attributes) == {"sent-by", "prodgate-function", "prodgate-reason", "prodgate-detail"}


def test_nothing_that_was_rejected_changed_anything(quiet: World) -> None:
    """A refusal has no side effect but its message."""
    quiet.rejected.clear()
    before = quiet.lasting_state()

    for topic, data, _, _ in BAD.values():
        quiet.publish(topic, data, {"sent-by": "a stranger"})
    quiet.settle()

    assert len(quiet.rejected) == len(BAD)
    assert quiet.lasting_state() == before
    assert quiet.dead_letters == []
