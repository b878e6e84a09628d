"""A person's own registry logins, as `docker login` keeps them.

`auths` holds them in base64, or as an identity token; `credHelpers` and `credsStore` name a program that is asked for
them, as in `docker-credential-NAME get`: the host on its standard input, JSON on its standard output
(docker-credential-helpers). A helper that fails is named, and the registry asked as nobody: the image may be public.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.clients.registry import IDENTITY_TOKEN, Credentials
from shared.domain.errors import shown
from shared.domain.image import DOCKER_HUB
from shared.domain.secret import SecretText

_DOCKER_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)
_HELPER_S: Final = 20  # a helper may open a keyring, and wait for its owner
_NOTHING_KEPT: Final = b"credentials not found"  # as every helper begins to say where it has none


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and its password, kept in memory."""

    username: str
    secret: SecretText

    @property
    def at_once(self) -> bool:
        """No registry takes a password before it asks for it."""
        return False

    async def password(self) -> SecretText | None:
        """The password."""
        return self.secret


@dataclass(slots=True)
class HelperLogin:
    """What a helper keeps for a key of Docker's; it is asked once, when a registry wants it, on a thread."""

    program: str
    key: str
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _answered: list[Login | None] = field(default_factory=list)

    @property
    def username(self) -> str:
        """The name that goes before the password, once that was fetched."""
        login = self._answered[0] if self._answered else None
        return login.username if login else ""

    @property
    def at_once(self) -> bool:
        """No registry takes a password before it asks for it."""
        return False

    async def password(self) -> SecretText | None:
        """Ask the helper; None where it keeps nothing, or fails, which is said."""
        async with self._lock:
            if not self._answered:
                self._answered.append(await asyncio.to_thread(self._ask))
        login = self._answered[0]
        return login.secret if login else None

    def _ask(self) -> Login | None:
        try:
            return _asked(self.program, self.key)
        except ValueError as error:
            why = f"docker-credential-{self.program}: {error}; it is asked as nobody"
            print(f"warning: no login for {self.key} from {why}", file=sys.stderr)
            return None


class DockerLogins:
    """Chooses a login by registry host out of a Docker configuration file."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._auths = _table(document, "auths")
        self._helpers = _table(document, "credHelpers")
        self._store = document.get("credsStore")
        self._known: dict[str, Credentials | None] = {}

    @classmethod
    def read(cls, file: Path | None) -> DockerLogins:
        """Read a file, or the one that `docker login` writes, where there is one.

        Raises:
            ValueError: the file is not what `docker login` writes.
            OSError: a file that was named cannot be read.
        """
        usual = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
        if file is None and not usual.is_file():
            return cls({})
        try:
            document = json.loads((file or usual).read_bytes())
            if not isinstance(document, dict):
                raise ValueError("it must be a JSON object")  # noqa: TRY004, TRY301 - the file's text is wrong
            return cls(document)
        except ValueError as error:
            message = f"{file or usual} is not what docker login writes: {error}"
            raise ValueError(message) from None

    def for_host(self, host: str) -> Credentials | None:
        """The login for a registry, or None where there is none."""
        if host not in self._known:
            self._known[host] = self._look_up(host)
        return self._known[host]

    def _look_up(self, host: str) -> Credentials | None:
        keys = _DOCKER_HUB_KEYS if host == DOCKER_HUB else (host, f"https://{host}")
        for key in keys:
            helper = self._helpers.get(key) or (self._store if key in self._auths else None)
            login = HelperLogin(str(helper), key) if helper else _from_auth(self._auths.get(key))
            if login is not None:
                return login
        return None


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name) or {}
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be an object")  # noqa: TRY004 - the file's text is wrong, not an argument's type
    return table


def _from_auth(entry: Any) -> Login | None:
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("identitytoken"), str) and entry["identitytoken"]:  # as `az acr login` leaves it
        return Login(IDENTITY_TOKEN, SecretText(entry["identitytoken"]))
    if not isinstance(entry.get("auth"), str):
        return None
    try:
        username, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Login(username, SecretText(password)) if username and password else None


def _asked(program: str, key: str) -> Login | None:
    """Ask a helper; None where it keeps nothing.

    Raises:
        ValueError: it fails, or answers in another form.
    """
    command = [f"docker-credential-{program}", "get"]
    try:
        asked = subprocess.run(command, input=key.encode(), capture_output=True, timeout=_HELPER_S, check=False)
    except FileNotFoundError:
        raise ValueError("it is not installed") from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"it did not answer within {_HELPER_S} s") from None
    except OSError as error:
        raise ValueError(str(error)) from None
    said = asked.stdout.strip() or asked.stderr.strip()
    if asked.returncode == 0:
        return _read_answer(asked.stdout)
    if said.startswith(_NOTHING_KEPT):
        return None
    quoted = "" if said.startswith(b"{") else f" and says {shown(said.decode(errors='replace'))}"  # else a secret
    raise ValueError(f"it ends with status {asked.returncode}{quoted}")


def _read_answer(answer: bytes) -> Login:
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    fields = document if isinstance(document, dict) else {}
    username, secret = fields.get("Username"), fields.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str) or not username or not secret:
        raise ValueError("its answer holds no user name and secret")
    return Login(username, SecretText(secret))
