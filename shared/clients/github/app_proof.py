"""How a GitHub App proves itself: a JWT that its private key signs.

Source: docs.github.com/apps, "Generating a JSON Web Token (JWT) for a GitHub App".
"""

from __future__ import annotations

from typing import Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_ALGORITHM: Final = "RS256"
_PAST_S: Final = 60  # GitHub refuses a JWT from the future, and its clock need not be ours
_LASTS_S: Final = 300  # GitHub takes no more than 600 s, again by its own clock


class NoKey(ValueError):  # noqa: N818 - of a secret version, not of the program
    """What should be an RSA private key in PEM is none; what the libraries say about it is nothing for a log."""


def signed_proof(client_id: str, key: str, now: float) -> str:
    """Sign that somebody has the key (PEM) of an App, for five minutes from `now`, in seconds since the epoch.

    Whether the primes of the key are such is not tested at each event, since that takes 60 ms. The public half verifies
    the signature instead: one of a damaged key, from which the key could be computed, goes nowhere.

    Raises:
        NoKey: it is none that can sign.
    """
    claims = {"iat": int(now) - _PAST_S, "exp": int(now) + _LASTS_S, "iss": client_id}
    try:
        private = _read(key)
        proof = jwt.encode(claims, private, algorithm=_ALGORITHM)
        jwt.PyJWS().decode(proof, private.public_key(), algorithms=[_ALGORITHM])
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError):
        raise NoKey from None
    return proof


def _read(key: str) -> RSAPrivateKey:
    private = load_pem_private_key(key.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError(type(private).__name__)
    return private
