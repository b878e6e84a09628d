"""Start what the registry tests run on: the stand-in, and Debian's docker-registry where it is installed."""

from __future__ import annotations

import asyncio
import shutil
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from local.faults import Faults
from local.registry import RegistryStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOST = "us-docker.pkg.dev"
NAME = "mdo/apps/mdo-posts"

_CONFIGURATION = """
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {store}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""

needs_docker_registry = pytest.mark.skipif(
    shutil.which("docker-registry") is None, reason="docker-registry is not installed (Debian: apt install it)"
)
needs_skopeo = pytest.mark.skipif(
    shutil.which("skopeo") is None, reason="skopeo is not installed (Debian: apt install it)"
)


@asynccontextmanager
async def stand_in(faults: Faults | None = None, **options: Any) -> AsyncIterator[RegistryStandIn]:
    """Run the stand-in under the host name of Artifact Registry."""
    registry = RegistryStandIn(HOST, faults or Faults(), **options)
    await registry.start()
    try:
        yield registry
    finally:
        await registry.stop()


@asynccontextmanager
async def docker_registry(folder: Path, more: str = "") -> AsyncIterator[str]:
    """Run CNCF Distribution on a free port over the store in a folder, configured with `more`, and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = folder / "config.yml"
    configuration.write_text(_CONFIGURATION.format(store=folder / "store", port=port) + more)
    process = await asyncio.create_subprocess_exec(
        "docker-registry", "serve", str(configuration), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _wait_for(f"http://127.0.0.1:{port}/v2/")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _wait_for(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
    pytest.fail(f"nothing answers at {url} after 10 s")
