"""From an RPC and its request to the handler's answer, with the misbehaviour that was planned for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import grpc

from local.faults import Faults, Mischief
from local.google.refusal import Refusal
from local.google.surface import Rpc, load_surface

Handler = Callable[[Any], Awaitable[Any]]


class Service(Protocol):
    """Something that answers RPCs of one or more Google services."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by full RPC name, `google.cloud.kms.v1.KeyManagementService/AsymmetricSign`."""
        ...


class Dispatcher:
    """Knows every RPC of the surface, and which of them have a handler here.

    Raises:
        ValueError: a service handles an RPC that the surface does not know, or that another service handles too.
    """

    def __init__(self, services: Sequence[Service], faults: Faults) -> None:
        self.surface = load_surface()
        self._faults = faults
        self._handlers: dict[str, Handler] = {}
        for service in services:
            self._add(service.handlers())

    def handles(self, rpc: Rpc) -> bool:
        """Whether a service answers this RPC."""
        return rpc.name in self._handlers

    async def answer(self, rpc: Rpc, request: Any) -> Any:
        """Return the handler's answer to one call.

        Raises:
            Refusal: as the handler decided, as a fault was planned, or because there is no handler.
        """
        fault = await self._faults.meet(rpc.short_name)
        if fault and fault.mischief is Mischief.REFUSE:
            raise Refusal(grpc.StatusCode[fault.code], f"{rpc.short_name} was told to refuse this call.")
        if not self.handles(rpc):
            raise Refusal(grpc.StatusCode.UNIMPLEMENTED, f"The stand-in cloud does not have {rpc.name}.")
        response = await self._handlers[rpc.name](request)
        if fault and fault.mischief is Mischief.HIDE:
            return without(response, fault.hidden)
        if fault:
            raise Refusal(grpc.StatusCode[fault.code], f"{rpc.short_name} was told to lose the reply of this call.")
        return response

    def _add(self, handlers: Mapping[str, Handler]) -> None:
        if unknown := handlers.keys() - self.surface.keys():
            raise ValueError(f"not in surface.json: {sorted(unknown)}")
        if twice := handlers.keys() & self._handlers.keys():
            raise ValueError(f"handled by two services: {sorted(twice)}")
        self._handlers.update(handlers)


def without(response: Any, hidden: str) -> Any:
    """Take every item in which a text stands out of the list that an answer holds."""
    left = type(response)(response)  # a copy; the handler's own answer may be what it keeps
    message = type(left).pb(left)
    for field, items in message.ListFields():
        if field.is_repeated:
            kept = [item for item in items if hidden not in str(item)]
            del items[:]
            items.extend(kept)
    return left
