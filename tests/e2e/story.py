"""One release told by staged functions, and everything that they logged about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from local.google.pubsub import DeliveryRecord
from local.world.hosting import LogListener, Staged
from local.world.names import APPS, MONGO, REPOSITORY, SERVICES
from local.world.world import World

TRACE_ID: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT: Final = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
LABELS: Final = "logging.googleapis.com/labels"
_T = TypeVar("_T")
_PATIENCE_S: Final = 40.0  # the emulator's dead letter takes 13 s on an idle machine
_LOOK_S: Final = 0.05
Log = Mapping[str, Any]


class Loudly(Staged):
    """Staged functions that log all they can, and whose URLs are known."""

    def __init__(self, dist: Path, on_log: LogListener) -> None:
        super().__init__(dist, on_log)
        self.urls: dict[str, str] = {}

    async def start(self, function: str, variables: Mapping[str, str]) -> str:
        """Start a function at the most talkative log level."""
        self.urls[function] = await super().start(function, {**variables, "PRODGATE_LOG_LEVEL": "DEBUG"})
        return self.urls[function]


@dataclass(frozen=True, slots=True)
class Story:
    """The world after its first release.

    `unpinned` is the commit that holds tags, `tested` the released one; `deliveries` and `told` are the release's own
    deliveries and log entries, `logs` has all up to now.
    """

    world: World
    functions: Loudly
    unpinned: str
    tested: str
    deliveries: tuple[DeliveryRecord, ...]
    told: tuple[tuple[str, Log], ...]
    logs: list[tuple[str, Log]]

    def outcome(self, message_id: str) -> Log:
        """The one log entry about a message's one delivery; its line may arrive a little after the answer does."""
        [_] = [delivery for delivery in self.world.deliveries if delivery.message_id == message_id]
        return the_one(lambda: [e for _, e in self.logs if e.get(LABELS, {}).get("message_id") == message_id])


def passed(commit: str) -> bytes:
    """The data of test-passed, as CI publishes it."""
    event = {"suite": "qa", "outcome": "success", "repository": REPOSITORY, "commit": commit, "run": "https://ci/1"}
    return json.dumps(event).encode()


def push_everything(world: World) -> None:
    """Push each image of the Blog App, and announce the one whose registry tells nobody."""
    for service in SERVICES:
        world.push_image(f"{APPS}/{service}", "v1")
    world.push_image(MONGO, "7")
    world.announce(f"{MONGO}:7")


def wait_until(look: Callable[[], bool]) -> None:
    """Look until something is so, or for as long as patience lasts."""
    until = time.monotonic() + _PATIENCE_S
    while not look() and time.monotonic() < until:
        time.sleep(_LOOK_S)


def the_one(look: Callable[[], list[_T]]) -> _T:
    """Look until something is there, and answer it; it must be the only one."""
    wait_until(lambda: bool(look()))
    [only] = look()
    return only


@contextmanager
def told(dist: Path) -> Iterator[Story]:
    """Start the world and tell its story, from the pushes to the pull request."""
    logs: list[tuple[str, Log]] = []
    functions = Loudly(dist, lambda function, entry: logs.append((function, entry)))
    with World(hosting=lambda: functions) as world:
        unpinned = world.head("dev")
        push_everything(world)
        world.settle()
        tested = world.head("dev")
        world.publish("test-passed", passed(tested), {"traceparent": TRACEPARENT})
        world.settle()
        yield Story(world, functions, unpinned, tested, tuple(world.deliveries), tuple(logs), logs)
