"""Getting past a registry's 401: what to show, where to get it, and for how long it is kept.

A grant belongs to one repository of one host and is shown to no other. The scope that is asked for is always pulling
from that repository: never the challenge's, which could ask for more and have the token abused elsewhere.

Source: CNCF Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication".
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from shared.clients.registry.challenge import Challenge, choose_challenge, token_endpoint
from shared.clients.registry.credentials import IDENTITY_TOKEN, CredentialSource, basic, bearer
from shared.clients.registry.exchange import Answer, Exchange, Request
from shared.clients.registry.token import TOKEN_ANSWER_BYTES, read_token
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import ImageName
from shared.domain.secret import SecretText

_BEFORE_EXPIRY_S: Final = 10  # a token is not shown any more, so that it does not expire on the way
_BASIC_S: Final = 300  # a password that was rotated is read again after this
_DOORS: Final = 1000  # repositories whose grants are kept
_CLIENT: Final = "prodgate"  # OAuth's client_id, which registries want and do not check


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
class Login:
    """A user name, and its password or, under Docker's name for that, its identity token."""

    username: str
    password: SecretText

    @property
    def is_identity_token(self) -> bool:
        """Whether the password is one for the token endpoint only."""
        return self.username == IDENTITY_TOKEN


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
        credentials = self._source.for_host(place.host)
        password = await credentials.password() if credentials else None
        login = Login(credentials.username, password) if credentials and password else None
        if url is not None:
            return await self._token(place, challenge, url, login)
        if login is None or login.is_identity_token:
            raise Unavailable(Fault.REFUSED, f"{place.host} wants a password for {place.image}; none is configured")
        return Grant(basic(login.username, login.password), time.monotonic() + _BASIC_S)

    async def _token(self, place: Place, challenge: Challenge, url: str, login: Login | None) -> Grant:
        request = _token_request(place, challenge, url, login)
        answer = await self._exchange.ask(request)
        if answer.is_redirect:
            raise answer.redirects(request.host, "where no credentials are taken to")
        if answer.status != HTTPStatus.OK:
            who = "no credentials, which is all there is" if login is None else "the configured credentials"
            raise Unavailable(Fault.REFUSED, f"{request.host} answers {answer.status} for {place.image} to {who}")
        try:
            token = read_token(answer.body or b"")
        except ValueError as error:
            raise Unavailable(Fault.WRONG_ANSWER, f"{request.host}: {error}") from None
        return Grant(bearer(token.text), time.monotonic() + token.lifetime_s - _BEFORE_EXPIRY_S)

    def _door(self, place: Place) -> _Door:
        door = self._doors.setdefault(place.image, _Door())
        if len(self._doors) > _DOORS:
            del self._doors[next(iter(self._doors))]
        return door


def _token_request(place: Place, challenge: Challenge, url: str, login: Login | None) -> Request:
    """Ask for a token to pull from this repository, as whoever logged in; a refresh token is posted, and in no URL."""
    host, most = f"the token endpoint of {place.host}", TOKEN_ANSWER_BYTES
    query = {"service": challenge.service} if challenge.service else {}
    query["scope"] = f"repository:{place.image.path}:pull"
    if login is not None and login.is_identity_token:
        grant = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": login.password.reveal()}
        return Request("POST", url, host, {}, most_bytes=most, form=query | grant)
    headers = {} if login is None else {"Authorization": basic(login.username, login.password).reveal()}
    return Request("GET", f"{url}?{urlencode(query)}", host, headers, most_bytes=most)
