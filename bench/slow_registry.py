"""CNCF Distribution with a store of its own, seen through proxies that hold every request back."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from local.registry import push_image

HOST: Final = "registry.bench.example"
NAME: Final = "mdo/apps/mdo-posts"
_ROOT: Final = Path(__file__).parent.parent
_START_S: Final = 10.0
_LOOK_S: Final = 0.05
_CONFIGURATION: Final = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {store}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True, slots=True)
class SlowRegistry:
    """Where the registry is for one latency, and what each tag names in it."""

    url: str
    digests: Mapping[str, str]


@asynccontextmanager
async def slow_registries(latencies_s: Sequence[float], tags: Sequence[str]) -> AsyncIterator[list[SlowRegistry]]:
    """Start a registry, push an image or an index for each tag, and put a proxy for each latency before it."""
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="prodgate-bench-registry-")))
        port = _free_port()
        configuration = _written(folder, port)
        await opened.enter_async_context(_running("docker-registry", "serve", str(configuration)))
        digests = await _pushed(f"http://127.0.0.1:{port}", tags)
        found = []
        for latency_s in latencies_s:
            proxy = (sys.executable, "-m", "bench.latency_proxy", str(port), str(latency_s))
            process = await opened.enter_async_context(_running(*proxy))
            assert process.stdout is not None  # noqa: S101 - it is piped, which mypy cannot see
            found.append(SlowRegistry(f"http://127.0.0.1:{int(await process.stdout.readline())}", digests))
        yield found


@asynccontextmanager
async def _running(*command: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=PIPE, stderr=DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        await process.communicate()


async def _pushed(url: str, tags: Sequence[str]) -> dict[str, str]:
    async with asyncio.timeout(_START_S), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/v2/"):
                    break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(_LOOK_S)
    return {
        tag: await push_image(url, NAME, tag, content=tag.encode(), index=bool(nth % 2)) for nth, tag in enumerate(tags)
    }


def _written(folder: Path, port: int) -> Path:
    configuration = folder / "config.yml"
    configuration.write_text(_CONFIGURATION.format(store=folder / "store", port=port))
    return configuration


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
