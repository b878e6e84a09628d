"""A stand-in registry on a thread of its own, for commands that run in this process or in another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local.faults import Faults
from local.registry import RegistryStandIn, push_image


@dataclass(frozen=True)
class RunningRegistry:
    """The registry `docker.io` of these tests, and a verb to push to it."""

    registry: RegistryStandIn
    loop: asyncio.AbstractEventLoop
    faults: Faults

    @property
    def option(self) -> str:
        """The command's option that leads to it."""
        return f"--registry-endpoint=docker.io={self.registry.url}"

    def push(self, repository: str, tag: str, content: bytes = b"1") -> str:
        """Push an image; answer its digest."""
        pushed = push_image(self.registry.url, repository, tag, content=content)
        return asyncio.run_coroutine_threadsafe(pushed, self.loop).result()

    def push_index(self, repository: str, tag: str) -> str:
        """Push an index with two images and BuildKit's attestation of them; answer its digest."""
        pushed = push_image(self.registry.url, repository, tag, content=b"1", index=True, provenance=True)
        return asyncio.run_coroutine_threadsafe(pushed, self.loop).result()


@contextmanager
def running_registry() -> Iterator[RunningRegistry]:
    """Start a registry, and stop it."""
    loop, faults = asyncio.new_event_loop(), Faults()
    registry = RegistryStandIn("docker.io", faults)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(registry.start(), loop).result()
    try:
        yield RunningRegistry(registry, loop, faults)
    finally:
        asyncio.run_coroutine_threadsafe(registry.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
