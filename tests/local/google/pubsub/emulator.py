"""Google's own Pub/Sub emulator, where the Cloud SDK has it installed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio

_STARTS_WITHIN_S = 30


def program() -> Path | None:
    """Find the emulator beside `gcloud`; its launcher needs Java."""
    gcloud = shutil.which("gcloud")
    if not gcloud or not shutil.which("java"):
        return None
    sdk = Path(gcloud).resolve().parents[1]
    found = sdk / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
    return found if found.is_file() else None


@asynccontextmanager
async def emulator(launcher: Path) -> AsyncIterator[grpc.aio.Channel]:
    """Run the emulator on a free port and give a channel to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Its own group: a launcher that does not exec would leave Java behind.
    process = await asyncio.create_subprocess_exec(
        launcher,
        "--host=127.0.0.1",
        f"--port={port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.wait_for(channel.channel_ready(), _STARTS_WITHIN_S)
            yield channel
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
