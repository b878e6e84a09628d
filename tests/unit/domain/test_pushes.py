"""What arrives on `gcr`: the words of Artifact Registry, of a Distribution registry, and of a person."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.pushes import ImagePushed, Pushes
from tests.unit.domain.material import NAME, A, B

INDEX = "application/vnd.oci.image.index.v1+json"
HOST, _, PATH = NAME.partition("/")


def parse(document: Any) -> Pushes:
    """Read a message."""
    return Pushes.parse(json.dumps(document).encode())


def pushed(pushes: Pushes) -> list[tuple[str, str, str | None]]:
    """Each push as name, tag and digest."""
    return [(str(push.image), push.tag, push.digest) for push in pushes.pushed]


def event(**target: Any) -> dict[str, Any]:
    """A push in a Distribution envelope, with fields registries add; None takes one out."""
    full = {"mediaType": INDEX, "repository": PATH, "tag": "v1", "digest": A, "size": 7, "url": "http://x", **target}
    return {
        "id": "1",
        "timestamp": "2026-01-01T00:00:00Z",
        "action": "push",
        "target": {name: value for name, value in full.items() if value is not None},
        "request": {"host": HOST, "method": "PUT"},
        "actor": {},
    }


def test_artifact_registry_names_tag_and_digest() -> None:
    """This is what every push to Artifact Registry publishes."""
    message = {"action": "INSERT", "digest": f"{NAME}@{A}", "tag": f"{NAME}:v1"}

    assert pushed(parse(message)) == [(NAME, "v1", A)]
    assert str(parse(message).pushed[0]) == f"{NAME}:v1"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"action": "INSERT", "digest": f"{NAME}@{A}"}, f"{NAME}@{A} was pushed without a tag; no manifest follows it"),
        ({"action": "DELETE", "digest": f"{NAME}@{A}"}, "a deletion changes no manifest"),
        ({"action": "DELETE", "tag": f"{NAME}:v1"}, "a deletion changes no manifest"),
        (
            {"action": "INSERT", "digest": f"{NAME}@{A}", "tag": f"{NAME}:sha256-{'a' * 64}.sig"},
            f"{NAME}:sha256-{'a' * 64}.sig is attached to an image, it is none itself",
        ),
        (
            {"image": f"{NAME}:sha256-{'a' * 64}"},
            f"{NAME}:sha256-{'a' * 64} is attached to an image, it is none itself",
        ),
        ({"events": [event(mediaType="application/octet-stream")]}, "a blob is no image"),
        ({"events": [event(tag=None)]}, "a manifest was pushed without a tag; no manifest follows it"),
        ({"events": [{"action": "pull"}]}, "a 'pull' changes no manifest"),
        ({"events": [{"action": "pull"}, {"action": "pull"}]}, "a 'pull' changes no manifest"),
    ],
)
def test_what_needs_no_work_is_said_and_not_refused(message: dict[str, Any], why: str) -> None:
    """Registries tell much that concerns nobody; rejecting it would bury what matters."""
    assert parse(message) == Pushes((), (why,))


@pytest.mark.parametrize("tag", ["sha256-abc", f"sha256-{'a' * 64}x", f"x-sha256-{'a' * 64}", "v1.sig"])
def test_a_tag_that_only_resembles_an_attachment_is_followed(tag: str) -> None:
    """Skipping it would leave a real image unpinned."""
    assert pushed(parse({"image": f"{NAME}:{tag}"})) == [(NAME, tag, None)]


@pytest.mark.parametrize(("digest", "tag"), [(f"{NAME}@{A}", "v1"), (A, f"{NAME}:v1")], ids=["the tag", "the digest"])
def test_one_of_tag_and_digest_may_be_bare(digest: str, tag: str) -> None:
    """Artifact Registry writes both whole; who imitates it writes one of them bare, and the other one names where."""
    assert pushed(parse({"action": "INSERT", "digest": digest, "tag": tag})) == [(NAME, "v1", A)]


@pytest.mark.parametrize(
    "message",
    [
        {"action": "INSERT", "digest": f"{NAME}@{A}", "tag": f"{NAME}:v1"},
        {"action": "INSERT", "digest": f"{NAME}@{A}"},
        {"action": "DELETE", "tag": f"{NAME}:v1"},
        {"events": [event()]},
    ],
    ids=["a push", "untagged", "a deletion", "an envelope"],
)
def test_a_new_field_of_a_foreign_sender_rejects_nothing(message: dict[str, Any]) -> None:
    """Google may add one on any day, and every push from then on would be rejected; for the log it is named."""
    plain = parse(message)

    added = parse({**message, "uri": "https://x", "sizeBytes": 1.5, "deep": [[[[[[[[[1]]]]]]]]]})

    assert plain.unread == ()
    assert added == replace(plain, unread=("deep", "sizeBytes", "uri"))


BAD = {
    "no media type": (event(mediaType=None), "events[1]: target: mediaType is missing"),
    "another algorithm": (event(digest=f"sha512:{'a' * 128}"), "events[1]: target: digest: 'sha512:"),
    "no digest": (event(digest=None), "events[1]: target: digest is missing"),
    "a path that climbs": (event(repository="../x"), "events[1]: target: repository: "),
    "a compose file's host": (
        {**event(), "request": {"host": "registry"}},
        "events[1]: request: host is 'registry', after which no image can be named; it needs a dot or a port",
    ),
    "no request": ({**event(), "request": None}, "events[1]: request must be an object, it is null"),
    "no action": ({"target": {}}, "events[1]: action is missing"),
}


@pytest.mark.parametrize("what", BAD)
def test_an_event_that_cannot_be_read_harms_no_other(what: str) -> None:
    """Events of an envelope have nothing to do with each other; each that is ignored is said."""
    bad, why = BAD[what]

    pushes = parse({"events": [event(), bad, event(tag="v2", digest=B)]})

    assert pushed(pushes) == [(NAME, "v1", A), (NAME, "v2", B)]
    (said,) = pushes.ignored
    assert said.startswith(f"ignored: gcr: {why}")


@pytest.mark.parametrize("what", BAD)
def test_an_envelope_of_nothing_else_is_refused(what: str) -> None:
    """Nobody would look for it in a log; in `rejected` it is seen."""
    with pytest.raises(Rejected) as refused:
        parse({"events": [BAD[what][0]]})

    assert refused.value.detail.startswith(f"gcr: {BAD[what][1]}".replace("[1]", "[0]"))


@pytest.mark.parametrize("host", ["registry.example", "registry:5000", "localhost", "[::1]:5000"])
def test_a_distribution_registry_is_named_by_the_host_that_was_pushed_to(host: str) -> None:
    """What looks like a host does in any image reference, and no longer after it was normalised."""
    found = parse({"events": [{**event(), "request": {"host": host}}]})

    assert pushed(found) == [(f"{host}/{PATH}", "v1", A)]


def test_a_person_names_an_image_by_tag() -> None:
    """The short form that fits a command line; the registry is asked for the digest."""
    assert pushed(parse({"image": "mongo:7"})) == [("docker.io/library/mongo", "7", None)]
    assert pushed(parse({"image": f"mongo:7@{A}"})) == [("docker.io/library/mongo", "7", A)]


def test_a_distribution_registry_tells_several_pushes_at_once() -> None:
    """Its envelope holds what happened since the last, blobs among it."""
    events = [event(), event(mediaType="application/octet-stream"), event(tag="v2", digest=B)]

    pushes = parse({"events": events})

    assert pushed(pushes) == [(NAME, "v1", A), (NAME, "v2", B)]
    assert pushes.ignored == ("a blob is no image",)


REFUSED = [
    ({}, Reason.MALFORMED_EVENT, "none of the fields action, events, image is there"),
    ({"image": NAME}, Reason.MALFORMED_EVENT, "which names no tag; nothing follows a digest"),
    ({"image": f"{NAME}@{A}"}, Reason.MALFORMED_EVENT, "which names no tag; nothing follows a digest"),
    ({"image": "?"}, Reason.MALFORMED_IMAGE, "image: '?' is no image reference"),
    ({"image": f"{NAME}:v1", "digest": A}, Reason.MALFORMED_EVENT, "the field 'digest' is unknown"),
    ({"action": "UPDATE"}, Reason.MALFORMED_EVENT, "action is 'UPDATE'; it must be INSERT or DELETE"),
    ({"action": "INSERT"}, Reason.MALFORMED_EVENT, "digest is missing"),
    ({"action": "INSERT", "digest": f"{NAME}:v1"}, Reason.MALFORMED_EVENT, f"is '{NAME}:v1', which names no digest"),
    ({"action": "INSERT", "digest": A}, Reason.MALFORMED_EVENT, "which names no digest"),
    ({"action": "INSERT", "digest": A, "tag": "v1"}, Reason.MALFORMED_EVENT, "which names no digest"),
    ({"action": "INSERT", "digest": A, "tag": NAME}, Reason.MALFORMED_IMAGE, "digest: "),
    ({"action": "INSERT", "digest": "?", "tag": "v1"}, Reason.MALFORMED_IMAGE, "digest: '?' is no image"),
    ({"action": "INSERT", "digest": f"{NAME}@{A}", "tag": "?"}, Reason.MALFORMED_IMAGE, "tag: '?' is no image"),
    ({"action": "INSERT", "digest": f"{NAME}@x"}, Reason.NOT_A_DIGEST, "digest: 'x' is no digest"),
    ({"action": "INSERT", "digest": f"{NAME}@{A}", "tag": NAME}, Reason.MALFORMED_EVENT, f"which is no tag of {NAME}"),
    (
        {"action": "INSERT", "digest": f"{NAME}@{A}", "tag": f"{NAME}-x:v1"},
        Reason.MALFORMED_EVENT,
        f"tag is '{NAME}-x:v1', which is no tag of {NAME}",
    ),
    ({"events": []}, Reason.MALFORMED_EVENT, "events must hold 1 to 100 items"),
    ({"events": [event()] * 101}, Reason.MALFORMED_EVENT, "events must hold 1 to 100 items, it holds 101"),
    ({"events": [event(digest="x")]}, Reason.NOT_A_DIGEST, "events[0]: target: digest: 'x' is no digest"),
    ({"events": [event(repository="../x")]}, Reason.MALFORMED_IMAGE, "repository: "),
    ({"events": [event(tag="")]}, Reason.MALFORMED_EVENT, "tag must have 1 to 128 characters"),
    ({"events": [{"action": "push"}]}, Reason.MALFORMED_EVENT, "events[0]: target is missing"),
]


@pytest.mark.parametrize(("message", "reason", "sentence"), REFUSED)
def test_a_push_in_other_words_is_refused(message: dict[str, Any], reason: Reason, sentence: str) -> None:
    """What is half understood could pin another image than was pushed."""
    with pytest.raises(Rejected) as caught:
        parse(message)

    assert caught.value.reason is reason
    assert sentence in caught.value.detail


@pytest.mark.parametrize(
    "media_type",
    [
        INDEX,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ],
)
def test_all_four_types_of_manifests_are_images(media_type: str) -> None:
    """An index and a manifest can both be pulled by tag, in Docker's words and in OCI's."""
    assert len(parse({"events": [event(mediaType=media_type)]}).pushed) == 1


def test_an_image_that_was_pushed_without_digest_says_so() -> None:
    """None is not a digest of nothing."""
    assert parse({"image": "mongo:7"}).pushed == (ImagePushed(parse({"image": "mongo:7"}).pushed[0].image, "7", None),)
