"""The token that GitHub is used with: one that people made and stored, or one that a GitHub App mints for itself.

For an App's proof of itself GitHub gives an installation token that ends after an hour (docs.github.com/rest/apps,
"Create an installation access token"). It is asked for one repository and the permissions of one function, for each
event; or kept in memory until shortly before its end, where configuration says so.

PyGithub is not used here: it cannot narrow a token to a repository (PyGithub #3539), and its debug log prints answers,
this one with the token in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from requests import Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.util import Retry

from shared.clients import calls
from shared.clients.github.app_proof import NoKey, signed_proof
from shared.domain.errors import Fault, Unavailable
from shared.domain.permissions import Permissions
from shared.domain.secret import SecretText

_CREATED: Final = 201
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_RENEWED_BEFORE_S: Final = 300  # longer than any event may take
_RETRY: Final = Retry(
    total=calls.GITHUB_RETRIES,
    allowed_methods=("POST",),  # a token whose answer was lost is one that nobody has
    status_forcelist=(500, 502, 503, 504),
    backoff_factor=calls.GITHUB_BACKOFF_S,
    respect_retry_after_header=False,
    raise_on_status=False,
)


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token that somebody made, such as a fine-grained personal access token: the secret version that holds it."""

    secret: str


@dataclass(frozen=True, slots=True)
class AppInstallation:
    """A GitHub App where it is installed: its client id, the installation, the secret version of its private key.

    Each event has a token of its own, unless it `keeps_tokens`.
    """

    client_id: str
    installation: int
    key_secret: str
    keeps_tokens: bool = False


Credentials = StoredToken | AppInstallation


class Tokens(Protocol):
    """Gives the token of an event."""

    async def current(self) -> SecretText:
        """Give a token that is good for the length of an event.

        Raises:
            Unavailable: there is none to be had.
        """

    def forget(self) -> None:
        """Ask anew next time: GitHub did not take this one."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Secret Manager, as far as a token needs it: what reads a version, and what takes a new secret out of logs."""

    read: Callable[[str], Awaitable[SecretText]]
    hide: Callable[[str], None]


class StoredTokens:
    """Reads a stored token each time, so that a new version counts at once."""

    def __init__(self, stored: StoredToken, vault: Vault) -> None:
        self._stored = stored
        self._vault = vault

    async def current(self) -> SecretText:
        """Read the token."""
        return await self._vault.read(self._stored.secret)

    def forget(self) -> None:
        """Do nothing; it is not kept."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is to be good for: one repository (`owner/name`), and permissions on it."""

    repository: str
    permissions: Permissions

    def request(self) -> dict[str, Any]:
        """Write it as the body of GitHub's request."""
        return {"repositories": [self.repository.partition("/")[2]], "permissions": dict(self.permissions)}


@dataclass(frozen=True, slots=True)
class _Minted:
    token: SecretText
    ends: float  # seconds since the epoch


class InstallationTokens:
    """Mints installation tokens of an App: for each event, or one at a time, kept until shortly before its end."""

    def __init__(
        self,
        app: AppInstallation,
        grant: Grant,
        vault: Vault,
        *,
        api_url: str,
        executor: Executor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._grant = grant
        self._vault = vault
        self._url = f"{api_url}/app/installations/{app.installation}/access_tokens"
        self._executor = executor
        self._clock = clock
        self._minting = asyncio.Lock()
        self._kept: _Minted | None = None

    async def current(self) -> SecretText:
        """Give the token that is kept, or mint one.

        Raises:
            Unavailable: the key cannot be read or is none, or GitHub gives no token for it.
        """
        if not self._app.keeps_tokens:
            return (await self._mint()).token
        async with self._minting:
            kept = self._kept
            if kept is None or self._clock() >= kept.ends - _RENEWED_BEFORE_S:
                kept = self._kept = await self._mint()
            return kept.token

    def forget(self) -> None:
        """Mint another next time."""
        self._kept = None

    async def _mint(self) -> _Minted:
        proof = self._signed(await self._vault.read(self._app.key_secret))
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._executor, self._asked, proof)
        if isinstance(answer, Unavailable):
            raise answer
        minted = _minted(answer)
        self._vault.hide(minted.token.reveal())
        return minted

    def _signed(self, key: SecretText) -> SecretText:
        try:
            text = signed_proof(self._app.client_id, key.reveal(), self._clock())
        except NoKey:
            raise Unavailable(Fault.MISCONFIGURED, f"{self._app.key_secret} is no RSA private key in PEM") from None
        self._vault.hide(text)
        return SecretText(text)

    def _asked(self, proof: SecretText) -> Any:
        """Ask for a token, on a thread; what goes wrong is returned, see `Connection._on_thread`."""
        headers = {"Authorization": f"Bearer {proof.reveal()}", "Accept": "application/vnd.github+json"}
        try:
            with Session() as session:
                session.trust_env = False  # a .netrc would replace the header
                session.mount(self._url, HTTPAdapter(max_retries=_RETRY))
                body = self._grant.request()
                answer = session.post(
                    self._url, json=body, headers=headers, timeout=calls.GITHUB_TRY_S, allow_redirects=False
                )
                return answer.json() if answer.status_code == _CREATED else self._refused(answer)
        except (RequestException, ValueError) as error:
            return Unavailable(Fault.UNREACHABLE, f"GitHub, minting a token: {error}")

    def _refused(self, answer: Response) -> Unavailable:
        said = f"{answer.status_code} {_message(answer)}"
        limited = answer.status_code == _FORBIDDEN and "rate limit" in said
        if limited or answer.status_code == _TOO_MANY:
            return Unavailable(Fault.RATE_LIMITED, f"GitHub, minting a token: {said}")
        if answer.status_code >= _SERVER_ERROR:
            return Unavailable(Fault.UNREACHABLE, f"GitHub, minting a token: {said}")
        app = self._app
        asked = ", ".join(f"{name}: {access}" for name, access in sorted(self._grant.permissions.items()))
        return Unavailable(
            Fault.MISCONFIGURED,
            f"GitHub gives the App {app.client_id} no token for {self._grant.repository} ({asked}) in its installation "
            f"{app.installation}: {said}{self._mend(said)}",
        )

    def _mend(self, said: str) -> str:
        """What to do where GitHub, under any status, says something about the repository."""
        if "repository" not in said:
            return ""
        return f" If {self._grant.repository} was renamed or moved, set PRODGATE_REPOSITORY to its new name"


def _minted(answer: Any) -> _Minted:
    try:
        return _Minted(SecretText(answer["token"]), datetime.fromisoformat(answer["expires_at"]).timestamp())
    except (KeyError, TypeError, ValueError):
        raise Unavailable(
            Fault.WRONG_ANSWER, "GitHub minted a token, and its answer has none that can be used"
        ) from None


def _message(answer: Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason or "without a message"
