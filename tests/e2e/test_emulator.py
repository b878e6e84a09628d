"""The same story with Google's own Pub/Sub emulator in the middle, which nobody here wrote.

It cannot say when it is done, so results are looked for until they are there. Its pushes carry no `deliveryAttempt`
and no token; it honours neither filters nor backoffs below
three seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.pubsub_v1 import RetryPolicy, Subscription, UpdateSubscriptionRequest

from local.world.hosting import Staged
from local.world.looking import PulledMessage, differences
from local.world.names import ATTEST, topic_path
from local.world.world import World, WorldSettings
from tests.e2e.emulator import EMULATOR, emulator
from tests.e2e.story import LABELS, TRACE_ID, TRACEPARENT, Log, passed, push_everything, the_one, wait_until

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(EMULATOR is None, reason="Google's Pub/Sub emulator or its Java is not installed"),
]

YOUNG_S: Final = 300.0  # so that a commit which nobody knows is waited for, and its event dead-lettered
UNKNOWN: Final = "f" * 40


@dataclass(frozen=True, slots=True)
class Emulated:
    """The world on the emulator after its first release; the commit with tags, the tested one, the functions' logs."""

    world: World
    unpinned: str
    tested: str
    logs: list[tuple[str, Log]]

    def done(self, function: str, trace_id: str) -> list[Log]:
        """The entries with which a function says how an event of a trace ended."""
        return [e for e in _outcomes(self.logs, function) if e["logging.googleapis.com/trace"].endswith(trace_id)]

    def rejected(self, who: str) -> list[PulledMessage]:
        """Pull what was rejected by now, and answer what this publisher sent."""
        self.world.settle()
        return [message for message in self.world.rejected if message.attributes["who"] == who]

    def dead(self) -> list[PulledMessage]:
        """Pull what was dead-lettered by now."""
        self.world.settle()
        return self.world.dead_letters


@pytest.fixture(scope="module")
def emulated(dist: Path) -> Iterator[Emulated]:
    """A release in the company's world, its messages carried by the emulator; beside it an event that never works."""
    assert EMULATOR is not None
    logs: list[tuple[str, Log]] = []
    with emulator(EMULATOR) as address:
        settings = WorldSettings(pubsub=address, settling_s=YOUNG_S)
        hosting = Staged(dist, lambda function, entry: logs.append((function, entry)))
        with World(settings, hosting=lambda: hosting) as world:
            unpinned = world.head("dev")
            world.do(_retry_soon(world))
            world.publish("test-passed", passed(UNKNOWN), {"who": "dana"})
            push_everything(world)
            wait_until(lambda: len(_outcomes(logs, "pin_manifests")) == 6)
            tested = world.head("dev")
            world.publish("test-passed", passed(tested), {"traceparent": TRACEPARENT})
            yield Emulated(world, unpinned, tested, logs)


def test_the_release_goes_through_googles_emulator(emulated: Emulated) -> None:
    """Its pushes are Google's own bytes, so nothing here leans on how our stand-in writes them."""
    wait_until(lambda: bool(emulated.world.pull_requests))

    [pull] = emulated.world.pull_requests
    assert (pull.base, pull.head) == ("prod", f"release/{emulated.tested[:12]}")
    assert len(emulated.world.attestations) == 6
    the_one(lambda: emulated.done("attest_images", TRACE_ID))
    the_one(lambda: emulated.done("open_prod_pr", TRACE_ID))


def test_a_replay_through_the_emulator_changes_nothing(emulated: Emulated) -> None:
    """It is worked off to the end again, and finds everything done."""
    the_one(lambda: emulated.done("open_prod_pr", TRACE_ID))
    before = emulated.world.lasting_state()
    again = TRACE_ID[::-1]

    emulated.world.publish(
        "test-passed", passed(emulated.tested), {"traceparent": TRACEPARENT.replace(TRACE_ID, again)}
    )
    entry = the_one(lambda: emulated.done("open_prod_pr", again))

    assert entry[LABELS]["changed"] == "False"
    assert differences(before, emulated.world.lasting_state()) == []


@pytest.mark.parametrize("has_data", [True, False], ids=["a tag", "attributes only"])
def test_what_the_emulator_brings_and_cannot_be_done_is_rejected(has_data: bool, emulated: Emulated) -> None:
    """It writes `data: ""` where there is none, unlike the service: both are an event without content."""
    data = passed(emulated.unpinned) if has_data else b""

    emulated.world.publish("test-passed", data, {"who": f"rejected {has_data}"})
    rejected = the_one(lambda: emulated.rejected(f"rejected {has_data}"))

    assert (rejected.data, rejected.reason) == (data, "not-a-digest" if has_data else "malformed-event")


def test_an_event_that_never_works_ends_whole_in_the_dead_letter(emulated: Emulated) -> None:
    """After five answers of 503 Pub/Sub keeps it where a person finds it, with where it came from."""
    dead = the_one(emulated.dead)

    assert (dead.data, dead.attributes["who"]) == (passed(UNKNOWN), "dana")
    assert dead.attributes["CloudPubSubDeadLetterSourceSubscription"] == "test-passed-push"


async def _retry_soon(world: World) -> None:
    subscription = Subscription(
        name=ATTEST.subscription,
        topic=topic_path(ATTEST.topic),
        retry_policy=RetryPolicy(minimum_backoff=Duration(nanos=50_000_000), maximum_backoff=Duration(seconds=1)),
    )
    await world.clients.subscriber.update_subscription(
        request=UpdateSubscriptionRequest(subscription=subscription, update_mask=FieldMask(paths=["retry_policy"]))
    )


def _outcomes(logs: list[tuple[str, Log]], function: str) -> list[Log]:
    return [entry for name, entry in list(logs) if name == function and "topic" in entry.get(LABELS, {})]
