"""A proxy that holds every request back: `python -m bench.latency_proxy PORT SECONDS`; it prints where it listens.

A process of its own, so that its work is not counted among that of the clients that are measured.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024
_BACKLOG: Final = 256


async def serve(port: int, latency_s: float) -> None:
    """Listen on a free port and pass on to another, until the process is ended."""
    server = await asyncio.start_server(partial(_serve, port, latency_s), "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _serve(port: int, latency_s: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hold a client's bytes back, which are one request's, since no client here sends two in a row."""
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_pass(reader, there_writer, latency_s), _pass(there_reader, writer, 0))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency_s: float) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            if latency_s:
                await asyncio.sleep(latency_s)
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        return  # the other side has left, as clients do
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
