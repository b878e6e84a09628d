"""The drills of docs/runbooks/disaster.md: what is lost is made again, and how long that takes on the stand-in.

Functions and all of Pub/Sub first, where what is kept is what the page says holds the truth: registry, Git and GitHub,
Container Analysis, KMS. Then the attestations, then the key. `-rP` shows the times.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from google.cloud import kms_v1

from local.world import founding
from local.world.hosting import InProcess
from local.world.names import (
    ATTESTOR,
    FUNCTIONS,
    GATE_PROJECT,
    KEY,
    PULLED_TOPICS,
    topic_path,
    variables_of,
)
from local.world.world import World
from tests.company import BACKOFF_S, POSTS, POSTS_FILE, USERS, USERS_FILE, small_world, workload

_PATIENCE_S: Final = 20.0
_PAGE: Final = Path(__file__).parents[2] / "docs" / "runbooks" / "disaster.md"
_ELSEWHERE: Final = f"projects/{GATE_PROJECT}/locations/europe-west4"
TWO: Final = {POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), USERS_FILE: workload("mdo-users", f"{USERS}:v1")}


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """Two services that wait for their first images."""
    with small_world(TWO) as fresh:
        yield fresh


@contextmanager
def _timed(lost: str) -> Iterator[None]:
    """Say how long it took to make again what was lost."""
    begun = time.monotonic()
    yield
    sys.stdout.write(f"made again, {lost}: {time.monotonic() - begun:.1f} s\n")


async def _lose(world: World) -> None:
    """End every function, and delete every topic and subscription with all that they held."""
    await world.hosting.stop()
    subscriptions = world.clients.subscriber
    async for subscription in await subscriptions.list_subscriptions(project="projects/mdo-gate"):
        await subscriptions.delete_subscription(subscription=subscription.name)
    woken = (topic for function in FUNCTIONS for topic in function.subscriptions)
    for topic in (*woken, *PULLED_TOPICS):
        await world.clients.publisher.delete_topic(topic=topic_path(topic))


async def _build_up(world: World, changed: Mapping[str, str] | None = None) -> None:
    """Apply Terraform again, behind its topics: functions and subscriptions, and nothing that holds the truth."""
    world.hosting = InProcess()
    for function in FUNCTIONS:
        own = variables_of(function, world.endpoints, world.settings.settling_s)
        given = {**own, **world.settings.variables, **(changed or {})}
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

    with _timed("functions, topics, subscriptions"):
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


def _release(world: World) -> str:
    """Bring both images into prod; answer the tested commit."""
    _push(world)
    world.settle()
    commit = str(world.pass_tests()["commit"])
    world.settle()
    world.merge_release(commit)
    return commit


async def _lose_attestations(world: World, occurrences: list[str]) -> None:
    for occurrence in occurrences:
        await world.clients.grafeas.delete_occurrence(name=occurrence)


async def _lose_the_key(world: World) -> None:
    """Destroy its only version, as the loss of its region would."""
    await world.clients.kms.destroy_crypto_key_version(name=f"{KEY}/cryptoKeyVersions/1")


async def _new_key(world: World) -> str:
    """Make a key in another location and have the attestor trust it alone, as an apply does; answer its version."""
    ring = f"{_ELSEWHERE}/keyRings/prodgate"
    await world.clients.kms.create_key_ring(parent=_ELSEWHERE, key_ring_id="prodgate", key_ring=kms_v1.KeyRing())
    key = kms_v1.CryptoKey(purpose="ASYMMETRIC_SIGN", version_template={"algorithm": "EC_SIGN_P256_SHA256"})
    made = await world.clients.kms.create_crypto_key(parent=ring, crypto_key_id="qa", crypto_key=key)
    attestor = await world.clients.binauthz.get_attestor(name=ATTESTOR)
    del attestor.user_owned_grafeas_note.public_keys[:]
    await world.clients.binauthz.update_attestor(attestor=attestor)
    version = f"{made.name}/cryptoKeyVersions/1"
    await founding.trust_key_version(world.clients, version)
    return version


async def _signers(world: World, occurrences: list[str]) -> list[set[str]]:
    """List the keys of each attestation's signatures."""
    stored = [await world.clients.grafeas.get_occurrence(name=name) for name in occurrences]
    return [{signature.public_key_id for signature in each.attestation.signatures} for each in stored]


def test_attestations_are_made_again_for_what_prod_runs(world: World) -> None:
    """The tests of the commit that prod runs are announced again; nobody is asked to release it a second time."""
    commit = _release(world)
    before = {(a.image, a.digest) for a in world.attestations}
    world.do(_lose_attestations(world, [a.occurrence for a in world.attestations]))
    assert world.attestations == []

    with _timed("attestations"):
        world.pass_tests(commit)
        world.settle()

    assert {(a.image, a.digest) for a in world.attestations} == before
    assert [pull.state for pull in world.pull_requests] == ["closed"]
    assert world.dead_letters == []


def test_a_new_key_elsewhere_signs_what_prod_runs_and_the_next_release(world: World) -> None:
    """The old one's signatures count for nothing any more; what was tested is attested anew, and so is the next."""
    commit = _release(world)
    world.do(_lose_the_key(world))

    with _timed("key"):
        world.do(_lose(world))
        version = world.do(_new_key(world))
        suites = json.dumps({"qa": {"attestor": ATTESTOR, "key_version": version}})
        world.do(founding.found_topics(world.clients))
        world.do(_build_up(world, {"PRODGATE_SUITES": suites}))
        world.pass_tests(commit)
        world.settle()

    signers = world.do(_signers(world, [a.occurrence for a in world.attestations]))
    new = f"//cloudkms.googleapis.com/v1/{version}"
    assert [new in each for each in signers] == [True] * len(TWO)
    newer = world.push_image(POSTS, "v1", content=b"newer")
    world.settle()
    world.pass_tests()
    world.settle()
    assert newer in {a.digest for a in world.attestations if a.key_id == new}
    assert [pull.state for pull in world.pull_requests].count("open") == 1


def test_the_page_tells_of_these_drills_and_of_the_command_that_measures_them() -> None:
    """A time on a page without the way to it is a claim."""
    page = _PAGE.read_text()
    assert f"python -m pytest -q -rP {Path(__file__).relative_to(_PAGE.parents[2])}" in page
    for lost in ("functions, topics, subscriptions", "attestations", "key"):
        assert re.search(rf"^made again, {lost}: [0-9]+[.][0-9] s$", page, re.MULTILINE), lost
