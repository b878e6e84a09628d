"""Who posted a webhook: proven before a byte of it is parsed, and refused where there is nothing to prove it by.

A comparison takes the same time wherever two texts differ. What a stranger is told is that they are one, and no more.
There is no default: a secret that is missing or short is a fault to be mended, never a door. (A receiver that compared
the header with the algorithm's prefix and an empty digest let `sha1=` in while its secret store was down.)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.secret import SecretText

_SIGNATURE_HEADER: Final = "x-hub-signature-256"
_ALGORITHM: Final = "sha256="
# RFC 3986, unreserved: characters that every sender and proxy leaves as they are in a path.
_URL_SECRET: Final = re.compile(rf"[A-Za-z0-9._~-]{{{limits.WEBHOOK_SECRET_CHARACTERS},}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request as it came; header names in lower case, `credential` is the path behind the source's name."""

    headers: Mapping[str, str]
    credential: str
    body: bytes


def require_url_secret(webhook: Webhook, secret: SecretText) -> None:
    """Demand that the URL ends in the secret, for senders that sign nothing.

    Raises:
        Rejected: it does not.
        Unavailable: the secret is too short, or holds what a URL does not carry as it is.
    """
    if not _URL_SECRET.fullmatch(secret.reveal()):
        raise _unfit(f"of {limits.WEBHOOK_SECRET_CHARACTERS} or more letters, digits and . _ ~ -")
    _require_equal(secret.reveal(), webhook.credential)


def require_github_signature(webhook: Webhook, secret: SecretText) -> None:
    """Demand HMAC-SHA256 of the very bytes of the body (docs.github.com, "Validating webhook deliveries").

    Raises:
        Rejected: the signature is missing, of another algorithm, or over other bytes, or the path has more to say.
        Unavailable: the secret is too short to be one.
    """
    key = secret.reveal().encode()
    if len(key) < limits.WEBHOOK_SECRET_CHARACTERS:
        raise _unfit(f"of {limits.WEBHOOK_SECRET_CHARACTERS} or more characters")
    expected = _ALGORITHM + hmac.new(key, webhook.body, hashlib.sha256).hexdigest()
    _require_equal(expected, webhook.headers.get(_SIGNATURE_HEADER, ""))
    _require_equal("", webhook.credential)


def _require_equal(expected: str, given: str) -> None:
    # compare_digest takes ASCII text only, and what a stranger sends need not be; bytes it always takes.
    if not hmac.compare_digest(expected.encode(), given.encode(errors="backslashreplace")):
        raise Rejected(Reason.UNAUTHENTICATED, "the webhook does not prove who sent it")


def _unfit(wanted: str) -> Unavailable:
    return Unavailable(Fault.MISCONFIGURED, f"the webhook's secret must be one {wanted}; this one guards nothing")
