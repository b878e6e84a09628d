"""A push endpoint on loopback that answers as it was told and remembers what it got."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class Endpoint:
    """Answers each request with the next status of `answers`, then with 204; `pause_s` is how long each takes."""

    answers: deque[int] = field(default_factory=deque)
    pause_s: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def message_ids(self) -> list[str]:
        """The ids in the order of arrival."""
        return [body["message"]["messageId"] for body in self.bodies]

    async def _answer(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        try:
            await asyncio.sleep(self.pause_s)
        finally:
            self.at_once -= 1
        # On a status that does not redirect, Location is ignored.
        return web.Response(status=self.answers.popleft() if self.answers else 204, headers={"Location": "/"})
