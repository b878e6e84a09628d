"""The drill of docs/runbooks/disaster.md: all of Pub/Sub and every function lost, and made again from nothing.

What is kept is what the page says holds the truth: registry, Git and GitHub, Container Analysis, KMS.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.world import founding
from local.world.hosting import InProcess
from local.world.names import FUNCTIONS, PULLED_TOPICS, topic_path, variables_of
from local.world.world import World
from tests.company import BACKOFF_S, POSTS, POSTS_FILE, USERS, USERS_FILE, small_world, workload

_PATIENCE_S: Final = 20.0
TWO: Final = {POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), USERS_FILE: workload("mdo-users", f"{USERS}:v1")}


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """Two services that wait for their first images."""
    with small_world(TWO) as fresh:
        yield fresh


async def _lose(world: World) -> None:
    """End every function, and delete every topic and subscription with all that they held."""
    await world.hosting.stop()
    subscriptions = world.clients.subscriber
    async for subscription in await subscriptions.list_subscriptions(project="projects/mdo-gate"):
        await subscriptions.delete_subscription(subscription=subscription.name)
    woken = (topic for function in FUNCTIONS for topic in function.subscriptions)
    for topic in (*woken, *PULLED_TOPICS):
        await world.clients.publisher.delete_topic(topic=topic_path(topic))


async def _build_up(world: World) -> None:
    """Apply Terraform again, behind its topics: functions and subscriptions, and nothing that holds the truth."""
    world.hosting = InProcess()
    for function in FUNCTIONS:
        given = {**variables_of(function, world.endpoints, world.settings.settling_s), **world.settings.variables}
        variables = {name: value for name, value in given.items() if value is not None}
        url = await world.hosting.start(function.function, variables)
        await founding.subscribe(world.clients, function, url, BACKOFF_S)


def _ask_again(world: World) -> None:
    """Announce every image that dev follows, then run CI's last workflow again."""
    for image in (POSTS, USERS):
        world.announce(f"{image}:v1")
    world.settle()
    world.pass_tests()
    world.settle()


def _released(world: World) -> dict[str, Any]:
    """What came of it all, in words that do not depend on when: ids and commits differ from run to run."""
    [pull] = world.pull_requests
    return {
        "dev": {path: world.file(path) for path in TWO},
        "proposed": {path: world.file(path, branch=pull.head) for path in TWO},
        "title": pull.title.partition(": ")[2],
        "attested": sorted(f"{a.image}@{a.digest}" for a in world.attestations),
        "statuses": [(status.context, status.state) for status in world.statuses(world.head("dev"))],
    }


def _undisturbed() -> dict[str, Any]:
    with small_world(TWO) as world:
        _push(world)
        world.settle()
        world.pass_tests()
        world.settle()
        return _released(world)


def _push(world: World) -> None:
    world.push_image(POSTS, "v1", content=b"posts")
    world.push_image(USERS, "v1", content=b"users")


def _wait_for_an_attestation(world: World) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not world.attestations:
        assert time.monotonic() < until, "nothing was attested"


def test_lost_before_anything_was_worked_off(world: World, quiet_logging: None) -> None:
    """Images were pushed, and the news of them is gone with the topics."""
    world.faults.fail("registry.head-manifest", times=50)
    _push(world)
    world.do(_lose(world))
    world.faults.clear()

    world.do(founding.found_topics(world.clients))
    world.do(_build_up(world))
    _ask_again(world)

    assert _released(world) == _undisturbed()


def test_lost_between_the_tests_and_their_attestations(world: World, quiet_logging: None) -> None:
    """CI has said that the tests passed, the first image is attested, and then everything is gone."""
    _push(world)
    world.settle()
    world.faults.fail("grafeas.CreateOccurrence", times=50, after=1, code="PERMISSION_DENIED")
    world.pass_tests()
    _wait_for_an_attestation(world)
    world.do(_lose(world))
    world.faults.clear()

    world.do(founding.found_topics(world.clients))
    world.do(_build_up(world))
    _ask_again(world)

    assert _released(world) == _undisturbed()


def test_lost_after_all_was_done(world: World) -> None:
    """Nothing was on its way, so building up and asking again changes nothing at all."""
    _push(world)
    world.settle()
    world.pass_tests()
    world.settle()
    before = world.lasting_state()

    world.do(_lose(world))
    world.do(founding.found_topics(world.clients))
    world.do(_build_up(world))
    _ask_again(world)

    assert world.lasting_state() == before


def test_what_was_pushed_while_nobody_listened_is_found(world: World) -> None:
    """A new image comes, and a topic without subscriptions drops the news: the rebuilt gate asks for it."""
    _push(world)
    world.settle()
    world.do(_lose(world))
    world.do(founding.found_topics(world.clients))
    newer = world.push_image(POSTS, "v1", content=b"newer")

    world.do(_build_up(world))
    _ask_again(world)

    assert f"{POSTS}@{newer} # tag: v1".encode() in world.file(POSTS_FILE)
    assert {a.digest for a in world.attestations if a.image == POSTS} == {newer}
    assert len(world.pull_requests) == 1
