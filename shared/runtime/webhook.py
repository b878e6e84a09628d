"""From a webhook to a status code, for the one function that anybody may call.

* 204: published on `gcr`, or of no interest.
* 404, 405: no configured source has this path; a source is posted to.
* 401: not authenticated, and not a word more.
* 400, 413, 415: authentic but malformed, too large, of another type; the sentence is for the registry's own log.
* 503: a secret, Pub/Sub or the time was missing. Registries that repeat a delivery repeat this one.

The path is never logged, since it may hold a secret, or one with a slip in it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from shared.domain import limits
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.vocabulary import LogEvent
from shared.domain.webhook_authentication import Webhook
from shared.domain.webhooks import SOURCES
from shared.runtime.bodies import Bodies
from shared.runtime.connection import Connection
from shared.runtime.handler import DONE, UNAVAILABLE
from shared.runtime.telemetry import enter_trace, leave_trace
from shared.workflow.done import Done
from shared.workflow.receive import ReceivingCloud, receive_webhook

LOG: Final = logging.getLogger("prodgate")
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_STATUSES: Final = {Reason.UNAUTHENTICATED: _UNAUTHORIZED, Reason.TOO_LARGE: 413, Reason.UNSUPPORTED_MEDIA_TYPE: 415}


class Receiver:
    """The public function: which sources have a secret (its version's name), and how it connects to the world."""

    def __init__(
        self,
        secret_versions: Mapping[str, str],
        connect: Callable[[AsyncExitStack], Awaitable[ReceivingCloud]],
        *,
        deadline_s: float,
    ) -> None:
        self._secret_versions = secret_versions
        self._connection = Connection(connect)
        self._deadline_s = deadline_s
        # Whoever posts slowly would hold the turn of all others, so nobody waits for one; bodies are small enough.
        self._bodies = Bodies(most=limits.WEBHOOK_BYTES, together=limits.WEBHOOK_BYTES)

    async def answer(self, request: Request) -> Response:
        """Work off one webhook."""
        name, _, credential = request.scope["path"].removeprefix("/").partition("/")
        if name not in self._secret_versions:
            return Response(status_code=_NOT_FOUND)
        if request.method != "POST":
            return Response(status_code=_METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        trace = enter_trace({})
        try:
            return await self._settle(name, credential, request)
        finally:
            leave_trace(trace)

    async def close(self) -> None:
        """Close every client."""
        await self._connection.close()

    async def _settle(self, name: str, credential: str, request: Request) -> Response:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._deadline_s):
                done = await self._receive(name, credential, request)
        except Rejected as error:
            return _refused(name, error, began)
        except Unavailable as error:
            return _unavailable(name, error, began)
        except TimeoutError:
            return _unavailable(name, Unavailable(Fault.DEADLINE, f"not done within {self._deadline_s:g} s"), began)
        except ClientDisconnect:
            return Response(status_code=UNAVAILABLE)
        except Exception as error:  # the net: whatever nobody thought of is said, and not to strangers
            LOG.exception("an error that has no name yet", extra={"event": LogEvent.UNAVAILABLE})
            return _unavailable(name, Unavailable(Fault.INTERNAL, f"{type(error).__name__}: {error}"), began)
        _log(logging.INFO, done.summary, name, began, event=LogEvent.DONE, changed=done.changed)
        return Response(status_code=DONE)

    async def _receive(self, name: str, credential: str, request: Request) -> Done:
        async with AsyncExitStack() as held:
            body = await self._bodies.read(request, held)
        if body is None:
            raise Rejected(Reason.TOO_LARGE, f"the body is larger than {limits.WEBHOOK_BYTES:,} bytes")
        webhook = Webhook(dict(request.headers), credential, body)
        cloud = await self._connection.clients()
        return await receive_webhook(webhook, SOURCES[name], self._secret_versions[name], cloud)


def _refused(name: str, error: Rejected, began: float) -> Response:
    _log(logging.WARNING, error.detail, name, began, event=LogEvent.REFUSED_REQUEST, reason=error.reason)
    status = _STATUSES.get(error.reason, _BAD_REQUEST)
    if status == _UNAUTHORIZED:
        return Response(status_code=status)
    return PlainTextResponse(f"{error.reason}: {error.detail}\n", status_code=status)


def _unavailable(name: str, error: Unavailable, began: float) -> Response:
    _log(logging.ERROR, error.detail, name, began, event=LogEvent.UNAVAILABLE, fault=error.fault)
    return Response(status_code=UNAVAILABLE)


def _log(level: int, message: str, name: str, began: float, **labels: object) -> None:
    about = {"source": name, "elapsed_ms": f"{(time.monotonic() - began) * 1000:.1f}"}
    LOG.log(level, "%s", message, extra={**about, **labels})
