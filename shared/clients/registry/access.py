"""Getting past a registry's 401: what to show, where to get it, and for how long it is kept.

A grant belongs to one repository of one host and is shown to no other. The scope that is asked for is always pulling
from that repository: never the challenge's, which could ask for more and have the token abused elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from shared.clients.registry.challenge import Challenge, choose_challenge, token_endpoint
from shared.clients.registry.credentials import CredentialSource, basic, bearer
from shared.clients.registry.exchange import Answer, Exchange, Request
from shared.clients.registry.token import TOKEN_ANSWER_BYTES, read_token
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import ImageName
from shared.domain.secret import SecretText

_BEFORE_EXPIRY_S: Final = 10  # a token is not shown any more, so that it does not expire on the way
_BASIC_S: Final = 300  # a password that was rotated is read again after this
_DOORS: Final = 1000  # repositories whose grants are kept


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, and the origins (`https://HOST[:PORT]`) whose token endpoint its registry may name."""

    image: ImageName
    token_origins: tuple[str, ...]

    @property
    def host(self) -> str:
        """The registry."""
        return self.image.host


@dataclass(frozen=True, slots=True)
class Grant:
    """An Authorization header, and until when (monotonic clock, seconds) it is worth showing."""

    authorization: SecretText
    until_s: float


@dataclass(slots=True)
class _Door:
    """What was granted for one repository last; one negotiation at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    grant: Grant | None = None


class Access:
    """Negotiates with registries and remembers what they granted."""

    def __init__(self, exchange: Exchange, source: CredentialSource) -> None:
        self._exchange = exchange
        self._source = source
        self._doors: dict[ImageName, _Door] = {}

    async def before(self, place: Place) -> Grant | None:
        """What to show before being asked: what was granted before, or a credential that goes without asking."""
        grant = self._door(place).grant
        if grant is not None and grant.until_s > time.monotonic():
            return grant
        credentials = self._source.for_host(place.host)
        if credentials is None or not credentials.at_once:
            return None
        token = await credentials.password()
        return None if token is None else Grant(bearer(token), time.monotonic())

    async def after(self, place: Place, answer: Answer, shown: Grant | None) -> Grant:
        """Negotiate after a 401 to what was shown; many that were refused together share one negotiation.

        Raises:
            Unavailable: the registry wants what must not or cannot be given.
        """
        door = self._door(place)
        async with door.lock:
            if door.grant is None or door.grant is shown or door.grant.until_s <= time.monotonic():
                door.grant = await self._negotiate(place, answer)
            return door.grant

    async def _negotiate(self, place: Place, answer: Answer) -> Grant:
        try:
            challenge = choose_challenge(answer.headers.get("WWW-Authenticate", ""))
            url = token_endpoint(challenge.realm, place.token_origins) if challenge.scheme == "bearer" else None
        except ValueError as error:
            raise Unavailable(Fault.WRONG_ANSWER, f"{place.host} answers 401, but {error}") from None
        login = await self._login(place)
        if url is not None:
            return await self._token(place, challenge, url, login)
        if login is None:
            raise Unavailable(Fault.REFUSED, f"{place.host} wants a password for {place.image}; none is configured")
        return Grant(login, time.monotonic() + _BASIC_S)

    async def _login(self, place: Place) -> SecretText | None:
        credentials = self._source.for_host(place.host)
        password = await credentials.password() if credentials else None
        return basic(credentials.username, password) if credentials and password else None

    async def _token(self, place: Place, challenge: Challenge, url: str, login: SecretText | None) -> Grant:
        query = {"service": challenge.service} if challenge.service else {}
        query["scope"] = f"repository:{place.image.path}:pull"
        request = Request(
            "GET",
            f"{url}?{urlencode(query)}",
            f"the token endpoint of {place.host}",
            {} if login is None else {"Authorization": login.reveal()},
            most_bytes=TOKEN_ANSWER_BYTES,
        )
        answer = await self._exchange.ask(request)
        if answer.status != HTTPStatus.OK:
            who = "no credentials, which is all there is" if login is None else "the configured credentials"
            raise Unavailable(Fault.REFUSED, f"{request.host} answers {answer.status} for {place.image} to {who}")
        try:
            token = read_token(answer.body)
        except ValueError as error:
            raise Unavailable(Fault.WRONG_ANSWER, f"{request.host}: {error}") from None
        return Grant(bearer(token.text), time.monotonic() + token.lifetime_s - _BEFORE_EXPIRY_S)

    def _door(self, place: Place) -> _Door:
        door = self._doors.setdefault(place.image, _Door())
        if len(self._doors) > _DOORS:
            del self._doors[next(iter(self._doors))]
        return door
