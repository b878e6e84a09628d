"""The calls of google.pubsub.v1.Subscriber that move messages: pull, acknowledge, extend, seek."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

from local.google.dispatch import Handler
from local.google.pubsub import limits
from local.google.pubsub.broker import Broker
from local.google.pubsub.subscription import ACK_ID, Outstanding, Subscription
from local.google.refusal import Refusal

_SERVICE = "google.pubsub.v1.Subscriber"
_LOOK_AGAIN_S = 0.01


class Puller:
    """Pull delivery. A lease that ran out is noticed at the next call, so a dead letter may wait for one."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def handlers(self) -> Mapping[str, Handler]:
        """Give the handlers by full RPC name; StreamingPull is left out."""
        return {
            f"{_SERVICE}/Pull": self.pull,
            f"{_SERVICE}/Acknowledge": self.acknowledge,
            f"{_SERVICE}/ModifyAckDeadline": self.modify_ack_deadline,
            f"{_SERVICE}/Seek": self.seek,
        }

    async def pull(self, request: types.PullRequest) -> types.PullResponse:
        """Lease up to `max_messages`; without `return_immediately` wait up to a second for the first."""
        subscription = self._broker.subscription(request.subscription)
        if request.max_messages < 1:
            raise _invalid("The value for max_messages must be greater than zero.")
        if subscription.endpoint:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION, "This method is not supported for this subscription type."
            )
        patience = 0.0 if request.return_immediately else limits.PULL_PATIENCE_S
        leased = await _first_ready(subscription, request.max_messages, patience)
        return types.PullResponse(received_messages=[_received(subscription, one) for one in leased])

    async def acknowledge(self, request: types.AcknowledgeRequest) -> empty_pb2.Empty:
        """Acknowledge the named leases; expired ids are ignored, as by the service, malformed ones refused."""
        subscription = self._broker.subscription(request.subscription)
        for one in subscription.leased(_checked(request.ack_ids)):
            subscription.acknowledge(one)
        return empty_pb2.Empty()

    async def modify_ack_deadline(self, request: types.ModifyAckDeadlineRequest) -> empty_pb2.Empty:
        """Extend the named leases by 1 to 600 seconds from now; 0 is a nack."""
        subscription = self._broker.subscription(request.subscription)
        seconds = request.ack_deadline_seconds
        if not 0 <= seconds <= limits.MAX_EXTENSION_S:
            raise _invalid(f"Invalid ack deadline given (ack_deadline_secs={seconds}).")
        for one in subscription.leased(_checked(request.ack_ids)):
            if seconds:
                subscription.extend(one, seconds)
            else:
                subscription.refuse(one)
        return empty_pb2.Empty()

    async def seek(self, request: types.SeekRequest) -> types.SeekResponse:
        """Go to a point in time; messages acknowledged since are there again if the subscription retains them."""
        subscription = self._broker.subscription(request.subscription)
        # proto-plus gives a datetime, whatever its annotation says
        moment: Any = request.time
        if "time" not in request:
            raise Refusal(grpc.StatusCode.UNIMPLEMENTED, "The stand-in seeks to a time, it has no snapshots.")
        self._broker.pusher.push(subscription, subscription.seek(moment))
        return types.SeekResponse()


async def _first_ready(subscription: Subscription, at_most: int, patience_s: float) -> list[Outstanding]:
    # Messages get ready by arrival, by a nack and by time alone, so there is no one event to wait for.
    give_up = time.monotonic() + patience_s
    while not (leased := subscription.lease(at_most)) and time.monotonic() < give_up:  # noqa: ASYNC110 - see above
        await asyncio.sleep(_LOOK_AGAIN_S)
    return leased


def _received(subscription: Subscription, outstanding: Outstanding) -> types.ReceivedMessage:
    attempt = outstanding.attempts if subscription.max_attempts else 0
    return types.ReceivedMessage(
        ack_id=outstanding.ack_id, message=outstanding.message.wire(), delivery_attempt=attempt
    )


def _checked(ack_ids: Sequence[str]) -> frozenset[str]:
    if not ack_ids:
        raise _invalid("No ack ids specified.")
    if len(ack_ids) > limits.ACK_IDS:
        raise _invalid(
            f"The value for ack_ids is too large. You passed {len(ack_ids)} in the request, "
            f"but the maximum value is {limits.ACK_IDS}."
        )
    for ack_id in ack_ids:
        if not re.fullmatch(ACK_ID, ack_id):
            raise _invalid(f"You have passed an invalid ack ID to the service (ack_id={ack_id}).")
    return frozenset(ack_ids)


def _invalid(sentence: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)
