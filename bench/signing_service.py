"""KMS, Binary Authorization and Container Analysis: `python -m bench.signing_service LATENCY_S together|apart`.

A process of its own, so that its work is not counted among that of the client that is measured. It prints where it
listens; then, for each line on its standard input, how many calls it has answered. `apart`: it takes no filters joined
by OR, and no batches.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from local.faults import Faults
from local.google.binauthz import BinaryAuthorization
from local.google.grafeas import Batches, ContainerAnalysis
from local.google.kms import KeyManagement
from local.google.server import GoogleStandIn
from local.world.clients import Clients
from local.world.founding import found_signing
from local.world.names import Endpoints

APART: Final = "apart"


async def serve(latency_s: float, way: str) -> None:
    """Serve one key and the attestor that trusts it, until nobody listens any more."""
    analysis, faults = ContainerAnalysis(), Faults()
    analysis.takes_or = way != APART
    analysis.batches = Batches.UNIMPLEMENTED if way == APART else Batches.REFUSE_ALL
    google = GoogleStandIn([KeyManagement(), analysis, BinaryAuthorization()], faults)
    await google.start()
    clients = Clients(Endpoints(google.grpc_target, google.grpc_target, "", {}))
    await found_signing(clients)
    await clients.close()
    faults.latency_s = latency_s
    print(google.grpc_target, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(sum(faults.calls().values()), flush=True)
    await google.stop()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2]))
