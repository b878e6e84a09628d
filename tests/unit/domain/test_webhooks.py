"""Webhooks: proven first, read strictly second, and turned into what resolve_image reads anyway."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

import pytest

from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.ignored import Ignored
from shared.domain.image import Digest, parse_name
from shared.domain.pushes import ImagePushed, Pushes
from shared.domain.secret import SecretText
from shared.domain.webhook_authentication import Webhook
from shared.domain.webhooks import SOURCES, Announced, Said, read_webhook
from tests.unit.domain.corpus import event, events

SECRET: Final = "s3cret-of-exactly-32-characters_"
V1, V2 = (f"application/vnd.docker.distribution.events.{version}+json" for version in ("v1", "v2"))
PUBLISHED: Final = "sha256:3da1996a8115d7616457760d9920b815241d0a03b34cf5f04e9a0e9d8de37498"
HELLO: Final = "us-west1-docker.pkg.dev/my-project/my-repo/hello-world"


def sign(body: bytes, secret: str = SECRET) -> str:
    """The signature that GitHub sends."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(body: bytes, event_name: str = "package", **headers: str) -> Webhook:
    """A signed delivery of GitHub's."""
    sent = {"content-type": "application/json", "x-github-event": event_name, "x-hub-signature-256": sign(body)}
    return Webhook(sent | headers, "", body)


def docker_hub(body: bytes, content_type: str = "application/json") -> Webhook:
    """A delivery of Docker Hub's."""
    return Webhook({"content-type": content_type}, SECRET, body)


def distribution(body: bytes, content_type: str = V1) -> Webhook:
    """A notification of a Distribution registry's."""
    return Webhook({"content-type": content_type}, SECRET, body)


def said(source: str, webhook: Webhook) -> Said:
    """What the webhook of a source says."""
    return read_webhook(SOURCES[source], webhook, SecretText(SECRET))


def pushed(found: Said) -> tuple[ImagePushed, ...]:
    """What resolve_image makes of it."""
    return Pushes.parse(found.data).pushed if isinstance(found, Announced) else ()


def corpus_webhook(name: str) -> tuple[str, Webhook]:
    """A file of the corpus, as its sender posts it, and the source."""
    if name.startswith("docker-hub"):
        return "docker-hub", docker_hub(event(name))
    if name.startswith("distribution"):
        return "distribution", distribution(event(name))
    kind = "ping" if name == "github-ping" else "registry_package" if "registry" in name else "package"
    return "github", github(event(name), kind)


CORPUS: Final[dict[str, str]] = {
    "docker-hub-push": "docker.io/svendowideit/testhook:latest",
    "docker-hub-push-of-2014": "docker.io/svendowideit/testhook:latest",
    "distribution-push": "127.0.0.1:17555/mdo/apps/mdo-posts:v1",
    "distribution-push-blob": "ignored: a blob is no image",
    "distribution-pull": "ignored: a 'pull' changes no manifest",
    "distribution-delete-manifest": "ignored: a 'delete' changes no manifest",
    "distribution-delete-tag": "ignored: a 'delete' changes no manifest",
    "github-package-published": "ghcr.io/codertocat/hello-world:nightly",
    "github-package-published-untagged": "ignored: a container was pushed without a tag; no manifest follows it",
    "github-package-published-npm": "ignored: a package of type 'npm' was 'published'",
    "github-registry-package-published": "ghcr.io/codertocat/hello-world/web:nightly",
    "github-registry-package-published-npm": "ignored: a package of type 'npm' was 'published'",
    "github-ping": "ignored: the GitHub event 'ping' is about no package",
}


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_each_webhook_of_the_corpus_says_what_it_should(name: str) -> None:
    """What real senders post is read, and what asks for nothing says why."""
    found = said(*corpus_webhook(name))

    assert (f"ignored: {found.why}" if isinstance(found, Ignored) else found.summary) == CORPUS[name]


def test_the_corpus_has_no_webhook_that_nobody_expects_anything_of() -> None:
    """An example that is not run is an example that may be wrong."""
    assert events("docker-hub", "distribution", "github") == CORPUS.keys()


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("artifact-registry-insert", [f"{HELLO}:1.1"]),
        ("artifact-registry-insert-untagged", []),
        ("artifact-registry-delete-tag", []),
    ],
)
def test_what_artifact_registry_publishes_is_read_as_it_is(name: str, images: list[str]) -> None:
    """It needs no webhook: Google publishes to `gcr` itself."""
    assert list(map(str, Pushes.parse(event(name)).pushed)) == images


def test_a_known_digest_is_passed_on_in_artifact_registrys_form() -> None:
    """Or a tag that moves in the same minute would stand in for the image that was announced."""
    found = said("github", github(event("github-package-published")))

    name = parse_name("ghcr.io/codertocat/hello-world")
    assert pushed(found) == (ImagePushed(name, "nightly", Digest(PUBLISHED)),)


def test_docker_hub_names_no_digest_so_none_is_passed_on() -> None:
    """The form that a person uses: resolve_image asks the registry."""
    found = said("docker-hub", docker_hub(event("docker-hub-push")))

    assert found == Announced(b'{"image":"docker.io/svendowideit/testhook:latest"}', CORPUS["docker-hub-push"])


def test_a_notification_is_forwarded_to_the_byte() -> None:
    """What is rejected later should be found in `rejected` as the registry wrote it."""
    body = event("distribution-push")

    assert said("distribution", distribution(body)) == Announced(body, CORPUS["distribution-push"])


@pytest.mark.parametrize("content_type", [V1, V2, f"{V2}; charset=utf-8", V1.upper()])
def test_both_versions_of_a_notifications_type_are_known(content_type: str) -> None:
    """Debian's registry says v1, the documentation v2; a reader of one of them loses the other's news."""
    assert pushed(said("distribution", distribution(event("distribution-push"), content_type)))


def package(**changed: Any) -> bytes:
    """GitHub's package event, its package changed."""
    document = json.loads(event("github-package-published"))
    document["package"] |= changed
    return json.dumps(document).encode()


def container(metadata: Any) -> bytes:
    """GitHub's package event with other container metadata."""
    return package(package_version={"container_metadata": metadata})


@pytest.mark.parametrize(
    "body",
    [
        package(package_version=None),
        container(None),
        container({"labels": {}}),
        container({"tag": {}}),
        container({"tag": {"name": "", "digest": PUBLISHED}}),
    ],
)
def test_a_container_without_a_tag_asks_for_nothing(body: bytes) -> None:
    """Each platform of an index is a package version of its own, without a name."""
    assert isinstance(said("github", github(body)), Ignored)


@pytest.mark.parametrize("digest", [{}, {"digest": ""}, {"digest": None}])
def test_a_container_without_a_digest_is_passed_on_by_its_tag(digest: dict[str, Any]) -> None:
    """Then the registry is asked, as for Docker Hub."""
    found = said("github", github(container({"tag": {"name": "v1"} | digest})))

    assert found == Announced(b'{"image":"ghcr.io/codertocat/hello-world:v1"}', "ghcr.io/codertocat/hello-world:v1")


def test_an_updated_package_is_news_and_a_deleted_one_is_not() -> None:
    """A tag that moves to another image is an update."""
    for action, is_news in (("updated", True), ("deleted", False)):
        body = event("github-package-published").replace(b'"published"', f'"{action}"'.encode())
        assert bool(pushed(said("github", github(body)))) is is_news


def test_a_signature_that_cosign_stores_beside_an_image_is_no_push() -> None:
    """It has a tag, and would be looked up and published for nothing."""
    body = container({"tag": {"name": f"sha256-{'a' * 64}.sig", "digest": PUBLISHED}})

    assert isinstance(said("github", github(body)), Ignored)


MALFORMED: Final = {
    "Docker Hub: no JSON": ("docker-hub", docker_hub(b"push"), "is not strict JSON"),
    "Docker Hub: no repository": ("docker-hub", docker_hub(b'{"push_data":{"tag":"v1"}}'), "repository is missing"),
    "Docker Hub: a reference for a name": (
        "docker-hub",
        docker_hub(b'{"repository":{"repo_name":"a/b:v1"},"push_data":{"tag":"v2"}}'),
        "repo_name: 'docker.io/a/b:v1' is no image reference",
    ),
    "Docker Hub: a digest for a tag": (
        "docker-hub",
        docker_hub(b'{"repository":{"repo_name":"a/b"},"push_data":{"tag":"v1@sha256:0"}}'),
        "tag: 'v1@sha256:0' is no tag",
    ),
    "Docker Hub: two tags": (
        "docker-hub",
        docker_hub(b'{"repository":{"repo_name":"a/b"},"push_data":{"tag":"v1","tag":"v2"}}'),
        "the key 'tag' appears twice",
    ),
    "GitHub: no package": ("github", github(b'{"action":"published"}'), "package is missing"),
    "GitHub: an owner with a path": (
        "github",
        github(package(owner={"login": "mdo/../evil"})),
        "login is 'mdo/../evil', which is not of its form",
    ),
    "GitHub: a name that climbs": ("github", github(package(name="../evil/x")), "is no repository path"),
    "GitHub: a short digest": (
        "github",
        github(container({"tag": {"name": "v1", "digest": "sha256:6c62"}})),
        "is no digest",
    ),
    "Distribution: a person's form": (
        "distribution",
        distribution(b'{"image":"docker.io/library/mongo:7"}'),
        "the webhook is no envelope: events is missing",
    ),
    "Distribution: a field of nobody's": ("distribution", distribution(b'{"events":[],"key":1}'), "events must hold 1"),
}


@pytest.mark.parametrize("what", sorted(MALFORMED))
def test_an_authentic_webhook_that_is_malformed_is_refused_with_its_field(what: str) -> None:
    """The sentence goes back to the registry, whose administrator reads it."""
    source, webhook, sentence = MALFORMED[what]

    with pytest.raises(Rejected) as caught:
        said(source, webhook)

    assert sentence in caught.value.detail


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b'"digest": "sha512:', "digest: 'sha512:"),
        (b'"nomediaType": "', "mediaType is missing"),
    ],
)
def test_a_push_that_cannot_be_read_does_not_hold_up_the_registrys_queue(broken: bytes, why: str) -> None:
    """Distribution sends what is refused again, before everything after it, and for ever."""
    field = b'"digest": "sha256:' if b"digest" in broken else b'"mediaType": "'
    body = event("distribution-push").replace(field, broken)

    found = said("distribution", distribution(body))

    assert isinstance(found, Ignored)
    assert why in found.why
    assert found.why.startswith("no event of the envelope can be read: ")


def test_a_notification_that_no_message_can_hold_is_too_large() -> None:
    """64 KiB is what every function reads."""
    with pytest.raises(Rejected) as caught:
        said("distribution", distribution(event("distribution-push") + b" " * 65_536))

    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "text/json", V1])
def test_content_of_another_type_is_refused_by_its_name(content_type: str) -> None:
    """GitHub's form, say, which is one menu away from JSON."""
    with pytest.raises(Rejected) as caught:
        said("docker-hub", docker_hub(event("docker-hub-push"), content_type))

    assert caught.value.reason is Reason.UNSUPPORTED_MEDIA_TYPE
    assert "it must be application/json" in caught.value.detail


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_nothing_is_read_before_it_is_proven(source: str) -> None:
    """Not even its type: a stranger learns nothing about what would be understood."""
    with pytest.raises(Rejected) as caught:
        said(source, Webhook({}, "", b"not JSON"))

    assert (caught.value.reason, caught.value.detail) == (
        Reason.UNAUTHENTICATED,
        "the webhook does not prove who sent it",
    )


@pytest.mark.parametrize("source", sorted(SOURCES))
@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_a_secret_that_is_none_opens_nothing(source: str, secret: str) -> None:
    """A deliverer who knows the short secret is refused too: fails closed, and for whoever can mend it."""
    body = event("distribution-push")
    headers = {"content-type": V1, "x-hub-signature-256": sign(body, secret)}

    with pytest.raises(Unavailable) as caught:
        read_webhook(SOURCES[source], Webhook(headers, secret, body), SecretText(secret))

    assert caught.value.fault is Fault.MISCONFIGURED
    assert "x" * 31 not in caught.value.detail


@pytest.mark.parametrize("character", ["/", "%", "+", " ", "é"])
def test_a_url_secret_holds_only_what_every_proxy_leaves_alone(character: str) -> None:
    """One that arrives in another spelling would never match, and nobody would see why."""
    secret = "x" * 32 + character

    with pytest.raises(Unavailable, match="letters, digits"):
        read_webhook(SOURCES["docker-hub"], Webhook({}, secret, b""), SecretText(secret))


def test_the_signature_is_githubs_documented_one() -> None:
    """Made by another hand: `printf %s <body> | openssl dgst -sha256 -hmac <secret>`."""
    body = b'{"zen":"Keep it logically awesome."}'
    signature = "sha256=834a0ba3f9cd0a1867260ec1fefe61cdebf138d9ec0643a951bdbf671f081a7a"

    assert isinstance(said("github", github(body, "ping", **{"x-hub-signature-256": signature})), Ignored)
