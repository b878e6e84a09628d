"""As whom prodgate is on GitHub: an App whose tokens are minted when they are needed, or a token that people made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest

from local.world.names import ATTEST, CONFIRM, FUNCTIONS, GATE_PROJECT, PIN, PROMOTE, REPOSITORY, FunctionName
from local.world.world import World
from shared.domain.permissions import ATTEST_IMAGES, CONFIRM_PROD, OPEN_PROD_PR, PIN_MANIFESTS
from tests.company import POSTS, pin_posts, release_posts, small_world
from tests.conftest import Logs

MINT: Final = "github.apps/create-installation-access-token"
ACCESS: Final = "secrets.AccessSecretVersion"
APPS: Final = [function for function in FUNCTIONS if function.app]
NEEDED: Final = {PIN: PIN_MANIFESTS, ATTEST: ATTEST_IMAGES, PROMOTE: OPEN_PROD_PR, CONFIRM: CONFIRM_PROD}
PERSONAL: Final = f"projects/{GATE_PROJECT}/secrets/personal-token"


@pytest.fixture
def person(quiet_logging: None) -> Iterator[World]:
    """A world whose functions all use one fine-grained token of a person."""
    variables = {
        "PRODGATE_GITHUB_APP": None,
        "PRODGATE_GITHUB_TOKEN_SECRET": f"{PERSONAL}/versions/latest",
        "PRODGATE_GITHUB_LOGIN": "release-bot",
        "PRODGATE_ATTESTER_LOGIN": "release-bot",
    }
    with small_world(variables=variables) as fresh:
        permissions = {"contents": "write", "statuses": "write", "pull_requests": "write"}
        fresh.cloud.github.add_token("release-bot", "github_pat_11", permissions)
        fresh.store_secret(PERSONAL, "github_pat_11\n")
        yield fresh


@pytest.fixture
def keeping(quiet_logging: None) -> Iterator[World]:
    """A world whose functions keep their tokens."""
    with small_world(keeps_tokens=True) as fresh:
        yield fresh


def test_each_event_has_a_token_of_its_own(world: World) -> None:
    """And each reads the key anew: a secret version that is disabled stops a function at once."""
    release_twice(world)

    assert {function: len(tokens(world, function)) for function in APPS} == dict.fromkeys(APPS, 2)
    assert len({token for function in APPS for token in tokens(world, function)}) == 2 * len(APPS)
    assert world.faults.calls(ACCESS) == {ACCESS: 2 * len(APPS)}


def test_a_disabled_key_stops_a_function_at_once(world: World) -> None:
    """At 3 a.m. nobody waits for an hour to be over; once it is enabled again the event goes on."""
    release_posts(world)
    world.faults.fail(ACCESS, code="FAILED_PRECONDITION", times=5)

    release_posts(world, b"second")

    (letter,) = world.dead_letters
    assert len(tokens(world, PIN)) == 1
    world.publish("image-resolved", letter.data)
    world.settle()
    assert len(tokens(world, PIN)) == 2


def test_a_function_that_keeps_its_token_mints_one_for_its_first_event(keeping: World) -> None:
    """A minute later the next event needs no new one: a token is good for an hour."""
    release_twice(keeping)

    assert keeping.faults.calls(MINT) == {MINT: len(APPS)}
    assert {function: len(tokens(keeping, function)) for function in APPS} == dict.fromkeys(APPS, 1)


def release_twice(world: World) -> None:
    """Bring two releases to prod's tests."""
    for content in (b"first", b"second"):
        release_posts(world, content)
        world.finish_prod_tests()
        world.settle()


def test_a_token_is_good_for_one_repository_and_for_what_its_function_needs(world: World) -> None:
    """The App may be installed on more, and granted more: what leaks is never worth more than the function is."""
    world.cloud.github.create_repository("mdo/payroll")
    release_posts(world)
    world.finish_prod_tests()
    world.settle()

    for function in APPS:
        account = world.cloud.github.accounts.identify(f"token {tokens(world, function)[0]}")
        assert account.permissions == NEEDED[function] == dict(function.permissions)
        assert account.repositories == {REPOSITORY}
        assert not account.sees("mdo/payroll")


def test_a_kept_token_that_was_revoked_is_minted_anew_by_the_next_delivery(keeping: World, logs: Logs) -> None:
    """Somebody suspended the App and let it back in, or took a permission and gave it back."""
    pin_posts(keeping)
    release_posts(keeping)
    keeping.cloud.github.accounts.revoke(ATTEST.login)
    logs()

    keeping.pass_tests()
    keeping.settle()

    refused = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert [entry["logging.googleapis.com/labels"]["fault"] for entry in refused] == ["refused"]
    assert "401 Bad credentials" in refused[0]["message"]
    assert [record.attempt for record in keeping.deliveries if record.topic.endswith("/test-passed")] == [1, 1, 2]


@pytest.mark.parametrize(("function", "topic"), [(PIN, "image-resolved"), (ATTEST, "test-passed")])
@pytest.mark.parametrize("method", [MINT, ACCESS])
def test_without_a_token_nothing_is_done_and_nothing_is_lost(
    world: World, function: FunctionName, topic: str, method: str
) -> None:
    """The key cannot be read, or GitHub mints nothing: the event waits, and is done when it can be."""
    world.faults.fail(method, code="PERMISSION_DENIED", after=1 if function is ATTEST else 0)

    commit = release_posts(world)

    assert [r.attempt for r in world.deliveries if r.topic.endswith(f"/{topic}")] == [1, 2]
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert (world.rejected, world.dead_letters, len(world.pull_requests)) == ([], [], 1)


def test_a_fine_grained_token_of_a_person_does_the_same(person: World) -> None:
    """For those who may not install Apps: the token lies in Secret Manager, and is read for each event."""
    commit = release_posts(person)

    assert [(status.context, status.creator) for status in person.statuses(commit)] == [("prodgate/qa", "release-bot")]
    assert len(person.pull_requests) == 1
    assert person.faults.calls(MINT) == {}


def test_a_token_of_a_person_that_lacks_a_permission_is_named(person: World, logs: Logs) -> None:
    """The sentence is GitHub's own, with the request that was refused."""
    person.cloud.github.accounts.revoke("release-bot")
    person.cloud.github.add_token("release-bot", "github_pat_11", {"contents": "read"})

    person.push_image(POSTS, "v1")
    person.settle()

    refused = {entry["message"] for entry in logs() if entry["severity"] == "ERROR"}
    assert refused == {"GitHub POST /git/trees: 403 Resource not accessible by personal access token"}
    assert [json.loads(letter.data)["tag"] for letter in person.dead_letters] == ["v1"]


def tokens(world: World, function: FunctionName) -> list[str]:
    """Every token that was minted for a function."""
    return world.cloud.github.accounts.tokens(function.login)
