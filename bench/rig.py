"""What the figures are taken from: the staged functions, and a stand-in cloud on which a release went the whole way."""

from __future__ import annotations

import base64
import compileall
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.pubsub_v1 import DeleteSubscriptionRequest

from infra.staging.stage import stage
from local.google.pubsub import DeliveryRecord
from local.world.hosting import Staged
from local.world.names import FUNCTIONS, topic_path, variables_of
from local.world.world import World

_ROOT: Final = Path(__file__).parent.parent
PROBES: Final = _ROOT / "bench" / "probes"


@dataclass(frozen=True, slots=True)
class Replay:
    """How to start a function, and the push body of an event that it has worked off before."""

    folder: Path
    target: str
    variables: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Rig:
    """A replay for each function, in the order of the flow."""

    functions: tuple[Replay, ...]

    def function(self, name: str) -> Replay:
        """The replay of one function."""
        return next(replay for replay in self.functions if replay.target == name)

    def probe(self, target: str) -> Replay:
        """One of the functions in `bench/probes`, given the event that attest_images is given."""
        return Replay(PROBES, target, {}, self.function("attest_images").body)


def stage_compiled(out: Path) -> Path:
    """Stage every function and compile what was staged, as Google's buildpack does with an upload."""
    stage(_ROOT, out)
    compileall.compile_dir(out, quiet=1)
    return out


@contextmanager
def recorded(dist: Path) -> Iterator[Rig]:
    """Have a release go the whole way on a stand-in cloud, and keep that cloud for replays of its events."""
    with World(hosting=lambda: Staged(dist, lambda *_: None)) as world:
        world.release()
        world.finish_prod_tests()
        world.settle()
        world.do(world.hosting.stop())
        last = {delivery.topic: delivery for delivery in world.deliveries if delivery.acknowledged}
        _unsubscribe(world)
        yield Rig(
            tuple(
                Replay(
                    dist / function.function,
                    function.function,
                    variables_of(function, world.endpoints, settling_s=0),
                    _push_body(last[topic_path(function.topic)]),
                )
                for function in FUNCTIONS
            )
        )


def _unsubscribe(world: World) -> None:
    """Let what the replays publish reach nobody: a replay measures its own function, not those after it."""
    for subscription in (name for function in FUNCTIONS for name in function.subscriptions.values()):
        request = DeleteSubscriptionRequest(subscription=subscription)
        world.do(world.clients.subscriber.delete_subscription(request=request))


def _push_body(delivery: DeliveryRecord) -> bytes:
    """Write a delivery as Pub/Sub pushes it (cloud.google.com/pubsub/docs/push#receive_push)."""
    message = {
        "data": base64.b64encode(delivery.data).decode(),
        "attributes": dict(delivery.attributes),
        "messageId": delivery.message_id,
        "publishTime": delivery.publish_time.isoformat(),
    }
    return json.dumps({"message": message, "subscription": delivery.subscription}).encode()
