"""The functions' GitHub Apps: their keys, their registration, and tokens for whoever stole such a key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from local.github.auth import Installation
from local.github.server import GitHubStandIn
from local.world.names import FUNCTIONS, REPOSITORY, FunctionName

_TIMEOUT_S = 30


def register_apps(github: GitHubStandIn) -> None:
    """Register the App of each function, and install it on the environments repository with what it needs."""
    for function in FUNCTIONS:
        if function.app:
            installed = Installation(function.installation, dict(function.permissions), (REPOSITORY,))
            github.add_app(function.app, function.client_id, public_key(private_key(function.app)), installed)


@cache
def private_key(app: str) -> str:  # noqa: ARG001 - each App has its own, made once in a process
    """Give an App's private key in the form of the file that GitHub offers for download: PKCS #1, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def mint(url: str, function: FunctionName, permissions: Mapping[str, str] | None = None) -> str:
    """Mint an installation token of a function's App, for all that it was granted or less, with its own key."""
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 60, "iss": function.client_id}
    proof = jwt.encode(claims, private_key(function.app), algorithm="RS256")
    answer = requests.post(
        f"{url}/app/installations/{function.installation}/access_tokens",
        json={"permissions": dict(permissions)} if permissions else {},
        headers={"Authorization": f"Bearer {proof}"},
        timeout=_TIMEOUT_S,
    )
    answer.raise_for_status()
    return str(answer.json()["token"])


@cache
def public_key(private: str) -> str:
    """Give the public half of a private key, as GitHub keeps it; to read an RSA key takes 55 ms, for it is checked."""
    public = load_pem_private_key(private.encode(), None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
