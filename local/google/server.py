"""The stand-in for Google's APIs: gRPC and REST from one table of RPCs and one set of handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.google.dispatch import Dispatcher, Service
from local.google.grpc_server import GrpcServer
from local.google.rest_server import RestServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.faults import Faults


class GoogleStandIn:
    """One process-local Google, on two loopback ports; port 0 takes a free one.

    Clients reach it with an insecure channel to `grpc_target`, REST clients and `gcloud` with `http_url` as endpoint.
    It authenticates nobody, and keeps everything in memory.
    """

    def __init__(self, services: Sequence[Service], faults: Faults, *, grpc_port: int = 0, http_port: int = 0) -> None:
        dispatcher = Dispatcher(services, faults)
        self._grpc = GrpcServer(dispatcher, grpc_port)
        self._rest = RestServer(dispatcher, http_port)
        self.grpc_target = ""
        self.http_url = ""

    async def start(self) -> None:
        """Bind both ports and begin to answer in the running event loop."""
        try:
            self.grpc_target = f"127.0.0.1:{await self._grpc.start()}"
            self.http_url = f"http://127.0.0.1:{await self._rest.start()}"
        except (OSError, RuntimeError):
            # a fixed port may be taken (gRPC says so with RuntimeError); what was bound by then must not stay so
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop answering and free both ports; the services keep what they hold."""
        await self._grpc.stop()
        await self._rest.stop()
