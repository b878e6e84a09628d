"""receive_push: a registry's webhook becomes an event of `gcr`, and nothing else ever does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from local.world.names import DOCKER_HUB, GATE_PROJECT
from local.world.receiving import SECRETS, host_webhooks, receiver_variables, store_webhook_secret
from local.world.world import World
from shared.domain import limits
from shared.domain.errors import Fault, Unavailable
from shared.domain.secret import SecretText
from shared.runtime.wiring.receive import receive_function
from shared.workflow.kept_secrets import KeptSecrets
from tests.company import document, small_world, workload
from tests.conftest import Logs
from tests.unit.domain.corpus import event
from tests.unit.domain.test_webhooks import V2, sign

MONGO: Final = f"{DOCKER_HUB}/library/mongo"
MONGO_FILE: Final = "apps/mongo.yaml"
PUSHED: Final = json.dumps({"push_data": {"tag": "7"}, "repository": {"repo_name": "library/mongo"}}).encode()
JSON: Final = {"content-type": "application/json"}
HUB_SECRET: Final = SECRETS["docker-hub"].text


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A fresh world in which mongo waits for its first digest."""
    with small_world({MONGO_FILE: workload("mongo", f"{MONGO}:7")}) as fresh:
        yield fresh


@pytest.fixture
def url(world: World) -> str:
    """Where webhooks are posted to; without a slash at its end."""
    return host_webhooks(world).removesuffix("/")


def post(url: str, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
    """Post as a registry does."""
    return requests.post(url, data=body, headers=JSON if headers is None else headers, timeout=30)


def published(world: World) -> list[tuple[str, Any]]:
    """Every message that reached a function: its topic and data."""
    world.settle()
    return [(record.topic.rpartition("/")[2], document(record.data)) for record in world.deliveries]


def signed(body: bytes, event_name: str) -> dict[str, str]:
    """GitHub's headers."""
    return {**JSON, "x-github-event": event_name, "x-hub-signature-256": sign(body, SECRETS["github"].text)}


def test_a_push_to_docker_hub_is_pinned_on_dev_without_a_person(world: World, url: str) -> None:
    """From Docker Hub's webhook to the commit, over every wire in between."""
    digest = world.push_image(MONGO, "7")

    assert post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED).status_code == 204
    world.settle()

    assert digest.encode() in world.file(MONGO_FILE)


def test_each_source_publishes_on_gcr_and_nowhere_else(world: World, url: str) -> None:
    """And what it publishes is what resolve_image reads, whatever it then says to these registries."""
    package, envelope = event("github-package-published"), event("distribution-push")

    answers = [
        post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED),
        post(f"{url}/github", package, signed(package, "package")),
        post(f"{url}/distribution/{SECRETS['distribution'].text}", envelope, {"content-type": V2}),
    ]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert {topic for topic, _ in published(world)} == {"gcr"}
    assert json.loads(envelope) in [data for _, data in published(world)]


def test_what_is_published_has_an_id_a_type_and_a_trace(world: World, url: str) -> None:
    """A webhook has none of them that could be trusted."""
    post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED, {**JSON, "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})
    world.settle()

    attributes = world.deliveries[0].attributes
    assert attributes.keys() == {"event_id", "event_type", "traceparent"}
    assert attributes["event_type"] == "dev.prodgate.gcr.v1"
    assert "1" * 32 not in attributes["traceparent"]


def test_what_asks_for_nothing_is_accepted_and_said(world: World, url: str, logs: Logs) -> None:
    """GitHub's ping, a pull: a registry that is told otherwise would send it again, or show it red."""
    ping = event("github-ping")

    assert post(f"{url}/github", ping, signed(ping, "ping")).status_code == 204

    assert published(world) == []
    assert logs()[-1]["message"] == "ignored: the GitHub event 'ping' is about no package"


@pytest.mark.parametrize(
    ("path", "body", "headers", "refusal"),
    [
        (f"docker-hub/{HUB_SECRET}", b"{}", JSON, (400, "malformed-event: the webhook: repository is missing\n")),
        (f"docker-hub/{HUB_SECRET}", PUSHED, {"content-type": "text/plain"}, (415, "unsupported-media-type: ")),
        (
            f"docker-hub/{HUB_SECRET}",
            PUSHED + b" " * limits.WEBHOOK_BYTES,
            JSON,
            (413, "too-large: the body is larger than 524,288 bytes\n"),
        ),
        ("docker-hub/of-somebody-else", PUSHED, JSON, (401, "")),
        ("docker-hub", PUSHED, JSON, (401, "")),
        ("github", PUSHED, JSON, (401, "")),
        ("", PUSHED, JSON, (404, "")),
        ("quay/x", PUSHED, JSON, (404, "")),
    ],
)
def test_what_is_refused_is_refused_with_its_own_status(
    world: World, url: str, path: str, body: bytes, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    """Strangers are told nothing; a registry's administrator is told the field."""
    answer = post(f"{url}/{path}", body, headers)

    status, sentence = refusal
    assert answer.status_code == status
    assert answer.text.startswith(sentence)
    assert bool(answer.text) is bool(sentence)
    assert published(world) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_source_is_posted_to(url: str, method: str) -> None:
    """A browser that opens the URL is told so."""
    answer = requests.request(method, f"{url}/github", timeout=30)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_push_that_cannot_be_published_is_to_be_sent_again(world: World, url: str, logs: Logs) -> None:
    """204 would lose it; nobody else knows of it yet."""
    world.faults.fail("pubsub.Publish", code="PERMISSION_DENIED")

    assert post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED).status_code == 503
    entry = logs()[-1]
    assert entry["severity"] == "ERROR"
    assert entry["logging.googleapis.com/labels"]["event"] == "event.unavailable"
    assert entry["logging.googleapis.com/labels"]["source"] == "docker-hub"

    assert post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED).status_code == 204


def test_a_secret_that_cannot_be_read_opens_nothing(world: World, url: str) -> None:
    """Could not check is never yes; and it is not asked for again at once."""
    world.faults.fail("secrets.AccessSecretVersion", code="PERMISSION_DENIED")

    answers = [post(f"{url}/docker-hub/{HUB_SECRET}", PUSHED).status_code for _ in range(3)]

    assert answers == [503, 503, 503]
    assert world.faults.calls("secrets.AccessSecretVersion") == {"secrets.AccessSecretVersion": 1}
    assert published(world) == []


def test_a_flood_of_strangers_is_none_of_calls_to_secret_manager(world: World, url: str) -> None:
    """Or anybody could use up the quota by which the other functions read their tokens."""
    answers = {post(f"{url}/docker-hub/guess-{n}", PUSHED).status_code for n in range(20)}

    assert answers == {401}
    assert world.faults.calls("secrets.AccessSecretVersion") == {"secrets.AccessSecretVersion": 1}


def read_at(moments: tuple[float, ...], answers: list[SecretText | Unavailable]) -> list[str]:
    """What is read at some moments of a clock that is set by hand, where Secret Manager would answer so, in turn."""
    now = iter(moments)
    clock = [0.0]

    async def look(_: str) -> SecretText:
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    async def story() -> list[str]:
        kept, seen = KeptSecrets(look, lambda: clock[0]), []
        for clock[0] in now:
            try:
                seen.append((await kept.read("s")).reveal())
            except Unavailable as error:
                seen.append(error.detail)
        return seen

    return asyncio.run(story())


def test_a_new_secret_counts_after_a_minute() -> None:
    """Rotation needs no deployment."""
    minute = float(limits.SECRET_KEPT_S)

    assert read_at((0.0, minute - 1, minute), [SecretText("old"), SecretText("new")]) == ["old", "old", "new"]


def test_a_secret_that_could_not_be_read_is_asked_for_again_after_five_seconds() -> None:
    """An outage ends by itself, and is not made worse."""
    pause = float(limits.SECRET_FAILURE_KEPT_S)

    seen = read_at((0.0, pause - 1, pause), [Unavailable(Fault.UNREACHABLE, "down"), SecretText("up")])

    assert seen == ["down", "down", "up"]


def test_a_source_without_a_secret_does_not_exist(world: World) -> None:
    """What nobody configured is not there: no default, no empty secret."""
    host_webhooks(world)
    variables = receiver_variables(world.endpoints)
    del variables["PRODGATE_GITHUB_WEBHOOK_SECRET"], variables["PRODGATE_DISTRIBUTION_SECRET"]
    url = world.do(world.hosting.start("receive_push", variables))

    body = event("github-ping")
    assert post(f"{url}github", body, signed(body, "ping")).status_code == 404
    assert post(f"{url}docker-hub/{HUB_SECRET}", PUSHED).status_code == 204


def test_without_any_secret_it_does_not_start() -> None:
    """A public function that listens to nobody is a mistake that should be seen at deployment."""
    with pytest.raises(SystemExit) as caught:
        receive_function({"PRODGATE_PROJECT": GATE_PROJECT})

    assert all(secret.variable in str(caught.value) for secret in SECRETS.values())


def test_a_body_that_does_not_come_ends_at_the_deadline(world: World) -> None:
    """A connection that is held open costs a stranger nothing, and so must be short."""
    host_webhooks(world)
    variables = {**receiver_variables(world.endpoints), "PRODGATE_DEADLINE_S": "0.2"}
    url = world.do(world.hosting.start("receive_push", variables))
    world.faults.latency_s = 1

    assert post(f"{url}docker-hub/{HUB_SECRET}", PUSHED).status_code == 503


def test_a_damaged_secret_is_a_fault_and_not_a_door(world: World, url: str) -> None:
    """Somebody stores a placeholder: whoever knows it is refused, and a person is told."""
    store_webhook_secret(world, "docker-hub", "changeme")

    assert post(f"{url}/docker-hub/changeme", PUSHED).status_code == 503
