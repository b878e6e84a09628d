"""The gRPC side of the stand-in: one generic handler for every RPC of the surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from local.google.messages import from_bytes, to_bytes
from local.google.refusal import Refusal
from local.google.surface import Rpc, message_type

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.google.dispatch import Dispatcher

# Of the real services: https://cloud.google.com/pubsub/quotas allows messages of 10 MB, more than gRPC's default of 4.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


class GrpcServer:
    """Serves the dispatcher's RPCs on a loopback port."""

    def __init__(self, dispatcher: Dispatcher, port: int) -> None:
        self._dispatcher = dispatcher
        self._port = port
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """Begin to answer; return the port that was bound."""
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)])
        server.add_generic_rpc_handlers((_SurfaceHandler(self._dispatcher),))
        port = server.add_insecure_port(f"127.0.0.1:{self._port}")
        await server.start()
        self._server = server
        return port

    async def stop(self) -> None:
        """Stop at once; calls that are being answered are cancelled."""
        if self._server:
            await self._server.stop(grace=None)
            self._server = None


class _SurfaceHandler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._methods: dict[str, Any] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        name = handler_call_details.method.removeprefix("/")
        if name not in self._methods and name in self._dispatcher.surface:
            self._methods[name] = _method(self._dispatcher, self._dispatcher.surface[name])
        # None makes gRPC answer UNIMPLEMENTED itself
        return self._methods.get(name)


def _method(dispatcher: Dispatcher, rpc: Rpc) -> Any:
    kind = message_type(rpc.request)
    return grpc.unary_unary_rpc_method_handler(
        _answering(dispatcher, rpc),
        request_deserializer=lambda wire: from_bytes(kind, wire),
        response_serializer=to_bytes,
    )


def _answering(dispatcher: Dispatcher, rpc: Rpc) -> Callable[[Any, Any], Awaitable[Any]]:
    async def answer(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await dispatcher.answer(rpc, request)
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.message)

    return answer
