"""T10: a token finds its way into a log, a message, a pull request or a file. None does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from local.world.apps import private_key
from local.world.names import FUNCTIONS
from local.world.world import World
from tests.company import pin_posts, release_posts, small_world

APPS = [function for function in FUNCTIONS if function.app]
TALKATIVE = ("github", "github.Requester", "urllib3", "requests", "jwt", "google", "asyncio")


@pytest.fixture
def loud(quiet_logging: None) -> Iterator[World]:
    """A world in which everything is logged, PyGithub's own requests and answers too."""
    with small_world(variables={"PRODGATE_LOG_LEVEL": "DEBUG"}) as fresh:
        levels = {name: logging.getLogger(name).level for name in TALKATIVE}
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.DEBUG)
        yield fresh
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def secrets_of(world: World) -> list[str]:
    """Every token that was minted, every line of every key, and every JWT that was sent."""
    accounts = world.cloud.github.accounts
    tokens = [token for function in APPS for token in accounts.tokens(function.login)]
    keys = [line for function in APPS for line in private_key(function.app).splitlines() if "-----" not in line]
    assert len(tokens) == len(accounts.proofs) >= len(APPS)
    return [*tokens, *accounts.proofs, *keys]


def test_no_token_key_or_jwt_is_ever_printed(loud: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Even when everything is logged, and everything fails, what is secret reads as stars or not at all."""
    pin_posts(loud)
    for code in ("PERMISSION_DENIED", "NOT_FOUND", "RESOURCE_EXHAUSTED"):
        loud.faults.fail("github.repos/compare-commits", code=code)
    loud.pass_tests()
    loud.finish_prod_tests()
    loud.settle()

    printed = "".join(capfd.readouterr())
    assert "event.unavailable" in printed
    assert "Bearer (jwt removed)" in printed or "token (oauth token removed)" in printed, "PyGithub's own debug log"
    assert "/access_tokens" in printed, "urllib3's own debug log"
    assert [secret for secret in secrets_of(loud) if secret in printed] == []


def test_no_token_stands_in_anything_that_is_published(world: World) -> None:
    """Events, rejections and pull requests are read by more people than secrets are."""
    release_posts(world)
    world.finish_prod_tests()
    world.publish("test-passed", b"poison")
    world.settle()

    said = [str(record.message) for record in world.deliveries]
    said += [str(message) for message in (*world.rejected, *world.pull_requests)]

    assert [secret for secret in secrets_of(world) if any(secret in text for text in said)] == []


def test_an_event_that_quotes_a_token_is_cleaned_in_the_log(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Somebody pasted a token into an event: the log of its refusal hides it, once it is known as one."""
    release_posts(world)
    (token,) = world.cloud.github.accounts.tokens("prodgate-release[bot]")

    world.publish("attestation-complete", token.encode())
    world.settle()

    assert [message.data.decode() for message in world.rejected] == [token]
    printed = "".join(capfd.readouterr())
    assert token not in printed
    assert "it begins with b'***'" in printed
