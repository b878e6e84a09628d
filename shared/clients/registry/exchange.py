"""Sending one request to a registry, and giving whatever goes wrong its name.

Rules:
* No redirect is followed here: it leads where the registry says. Who asks decides where else to ask (beyond.py).
* What is sent is bounded, and taken as it is: nothing is decompressed, so nothing can swell.
* A short wait (a quick retry, a small Retry-After) is waited for here, a long one by Pub/Sub, or not at all.
* A rate limit is the host's: it holds up every request to that host (throttle.py), and is not counted as a try.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp

from shared.clients import calls
from shared.clients.registry.resolver import PublicResolver
from shared.clients.registry.throttle import Limit, Throttle
from shared.domain.errors import Fault, Unavailable, shown

_CHUNK_BYTES: Final = 64 * 1024
_IDLE_S: Final = 60.0  # below the minutes after which load balancers drop a connection that nobody uses
_READ: Final = (
    "Content-Encoding",
    "Content-Type",
    "Docker-Content-Digest",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
)
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_RETRY_AFTER_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Request:
    """A question to a registry; `host` is what sentences call it, `most_bytes` what its answer may have.

    `form` is what is posted, if anything.
    """

    method: str
    url: str
    host: str
    headers: Mapping[str, str] = field(repr=False)
    most_bytes: int
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the headers that are read, and the body of a 200; a header that was sent twice has both values.

    What was not asked for, as by HEAD, or is not read is None: no bytes are another thing, with a digest of their own.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None = field(repr=False)

    @property
    def is_redirect(self) -> bool:
        """Whether the answer is to be had elsewhere."""
        return HTTPStatus(300) <= self.status < HTTPStatus.BAD_REQUEST

    def redirects(self, host: str, why_not: str) -> Unavailable:
        """Say where a redirect leads, and why it is not followed."""
        where = shown(self.headers.get("Location"))
        return Unavailable(Fault.WRONG_ANSWER, f"{host} redirects to {where} ({self.status}), {why_not}")


def registry_session(named: Collection[str] = ()) -> aiohttp.ClientSession:
    """Open what all registries are asked through: TLS verified, no cookies kept, no proxy or .netrc of the process.

    Only `named` hosts may turn out to be at an address that is not public.
    """
    connector = aiohttp.TCPConnector(
        limit=2 * calls.REGISTRY_AT_ONCE,
        limit_per_host=calls.REGISTRY_AT_ONCE,
        keepalive_timeout=_IDLE_S,
        resolver=PublicResolver(named),
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


class Exchange:
    """Asks over one session; a request waits `patience_s` in all for hosts that limit how often they are asked."""

    def __init__(self, session: aiohttp.ClientSession, patience_s: float = calls.REGISTRY_PATIENCE_S) -> None:
        self._session = session
        self._patience_s = patience_s
        self._throttles: defaultdict[str, Throttle] = defaultdict(Throttle)

    async def ask(self, request: Request) -> Answer:
        """Ask, and ask again where that may help.

        Raises:
            Unavailable: no answer, a rate limit, an error of the registry's, or too large an answer.
        """
        throttle = self._throttles[_origin(request.url)]
        until_s = time.monotonic() + self._patience_s
        outcome = await self._in_turn(request, throttle, until_s)
        for pause_s in calls.REGISTRY_PAUSES_S:
            if isinstance(outcome, Answer):
                break
            await asyncio.sleep(pause_s)
            outcome = await self._in_turn(request, throttle, until_s)
        if isinstance(outcome, Unavailable):
            raise outcome
        throttle.answered()
        return outcome

    async def _in_turn(self, request: Request, throttle: Throttle, until_s: float) -> Answer | Unavailable:
        """Ask once, when it is this request's turn; after a rate limit, that is asking again."""
        began_s = await throttle.turn(request.host, until_s)
        while isinstance(outcome := await self._try(request), Limit):
            throttle.limited(outcome, began_s)
            try:
                began_s = await throttle.turn(request.host, until_s)
            except Unavailable:
                raise outcome.failure from None  # what the host said to this very request says more
        return outcome

    async def _try(self, request: Request) -> Answer | Limit | Unavailable:
        try:
            answer = await self._once(request)
        except (aiohttp.ClientError, TimeoutError) as error:
            what = f"{request.host} does not answer: {type(error).__name__} {shown(str(error))}"
            return Unavailable(Fault.UNREACHABLE, what)
        except ValueError as error:  # a URL that is none, or a name that the idna codec refuses (UnicodeError)
            why = f"{request.host} cannot be asked: {type(error).__name__} {shown(str(error))}"
            raise Unavailable(Fault.MISCONFIGURED, why) from None
        if answer.status in _RETRIED:
            return _setback(request, answer)
        return answer

    async def _once(self, request: Request) -> Answer:
        async with self._session.request(
            request.method,
            request.url,
            headers={**request.headers, "Accept-Encoding": "identity"},
            data=request.form,
            allow_redirects=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=calls.REGISTRY_TRY_S),
        ) as response:
            headers = {name: ", ".join(response.headers.getall(name)) for name in _READ if name in response.headers}
            wanted = response.status == HTTPStatus.OK and request.method != "HEAD"
            return Answer(response.status, headers, await _body(response, request, headers) if wanted else None)


async def _body(response: aiohttp.ClientResponse, request: Request, headers: Mapping[str, str]) -> bytes:
    if headers.get("Content-Encoding", "identity") != "identity":
        raise _wrong(request, f"sends {shown(headers['Content-Encoding'])} where nothing but identity was asked for")
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > request.most_bytes:
            raise _wrong(request, f"sends over {request.most_bytes:,} bytes for {request.url}")
    return bytes(body)


def _setback(request: Request, answer: Answer) -> Limit | Unavailable:
    limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    after = answer.headers.get("Retry-After")
    asks = "" if after is None else f", Retry-After {shown(after)}"
    fault = Fault.RATE_LIMITED if limited else Fault.UNREACHABLE
    failure = Unavailable(fault, f"{request.host} answers {answer.status}{asks} for {request.url}")
    return Limit(failure, _wait(after)) if limited or after is not None else failure


def _wait(after: str | None) -> float:
    """Read Retry-After, seconds or a date (RFC 9110, 10.2.3), as seconds; what cannot be read is long."""
    if after is None:
        return 0.0
    if after.isascii() and after.isdecimal():
        return float(after) if len(after) <= _RETRY_AFTER_DIGITS else math.inf
    try:
        return max(0.0, (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return math.inf


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _wrong(request: Request, what: str) -> Unavailable:
    return Unavailable(Fault.WRONG_ANSWER, f"{request.host} {what}")
