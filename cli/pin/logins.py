"""A person's own registry logins, as `docker login` keeps them.

`auths` holds them in base64; `credHelpers` and `credsStore` name a program that is asked for them, as in
`docker-credential-NAME get`: the host on its standard input, JSON on its standard output (docker-credential-helpers).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.domain.image import DOCKER_HUB
from shared.domain.secret import SecretText

_DOCKER_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)
_HELPER_S: Final = 20  # a helper may open a keyring, and wait for its owner
_TOKEN_USER: Final = "<token>"  # noqa: S105 - a helper's word for "the secret is an identity token", no secret


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and its password, kept in memory."""

    username: str
    secret: SecretText

    @property
    def at_once(self) -> bool:
        """No registry takes a password before it asks for it."""
        return False

    async def password(self) -> SecretText:
        """The password."""
        return self.secret


class DockerLogins:
    """Chooses a login by registry host out of a Docker configuration file."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._auths = document.get("auths") or {}
        self._helpers = document.get("credHelpers") or {}
        self._store = document.get("credsStore")
        self._known: dict[str, Login | None] = {}

    @classmethod
    def read(cls, file: Path | None) -> DockerLogins:
        """Read a file, or the one that `docker login` writes, where there is one.

        Raises:
            ValueError: the file is not JSON.
            OSError: a file that was named cannot be read.
        """
        usual = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
        if file is None and not usual.is_file():
            return cls({})
        document = json.loads((file or usual).read_bytes())
        if not isinstance(document, dict):
            message = f"{file or usual}: it must be a JSON object, as docker login writes it"
            raise ValueError(message)  # noqa: TRY004 - what is wrong is the file's text, not an argument's type
        return cls(document)

    def for_host(self, host: str) -> Login | None:
        """The login for a registry, or None where there is none; a helper program is asked once."""
        if host not in self._known:
            self._known[host] = self._look_up(host)
        return self._known[host]

    def _look_up(self, host: str) -> Login | None:
        keys = _DOCKER_HUB_KEYS if host == DOCKER_HUB else (host, f"https://{host}")
        for key in keys:
            helper = self._helpers.get(key) or (self._store if key in self._auths else None)
            login = _from_helper(str(helper), key) if helper else _from_auth(self._auths.get(key))
            if login is not None:
                return login
        return None


def _from_auth(entry: Any) -> Login | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("auth"), str):
        return None
    try:
        username, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Login(username, SecretText(password)) if colon else None


def _from_helper(name: str, key: str) -> Login | None:
    command = [f"docker-credential-{name}", "get"]
    try:
        asked = subprocess.run(command, input=key.encode(), capture_output=True, timeout=_HELPER_S, check=True)
        answer = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if not isinstance(answer, dict):
        return None
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str) or username == _TOKEN_USER:
        return None
    return Login(username, SecretText(secret))
