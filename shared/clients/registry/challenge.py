"""What a registry's 401 asks for, and whether its token endpoint may be asked.

The realm is the registry's own word, so a malicious one can name 169.254.169.254 or somebody else's host: it is held,
as a whole and by pattern, against the origins that belong to that registry, and nothing of it is repaired.

Source: RFC 9110, 11.6.1; CNCF Distribution, "Token Authentication Specification"; go-containerregistry, bearer.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import shown

_PARAMETER: Final = re.compile(
    r'[ \t,]*(?:([A-Za-z][A-Za-z0-9-]*)[ \t]+)?([A-Za-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^ \t,"]+))', re.ASCII
)
_REALM: Final = re.compile(r"(https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?)(?:/[\w.~/-]*)?", re.ASCII)
_DEFAULT_PORTS: Final = {"http:": ":80", "https:": ":443"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in: `scheme` in lower case, the realm and the service as they were sent."""

    scheme: str
    realm: str
    service: str


def choose_challenge(header: str) -> Challenge:
    """Choose Bearer before Basic out of WWW-Authenticate, several of which are joined by commas.

    Raises:
        ValueError: the header is malformed, or offers neither; the sentence quotes it.
    """
    offered: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for scheme, name, value in _parameters(header):
        if scheme:
            current = offered.setdefault(scheme, {})
        if current is None or name in current:  # said twice, it has two meanings
            raise _malformed(header)
        current[name] = value
    for scheme in ("bearer", "basic"):
        if scheme in offered:
            return Challenge(scheme, offered[scheme].get("realm", ""), offered[scheme].get("service", ""))
    raise _malformed(header)


def token_endpoint(realm: str, origins: Iterable[str]) -> str:
    """Take a realm for the URL to ask, if it is on one of these origins, `https://HOST[:PORT]`.

    Raises:
        ValueError: it is elsewhere, or no plain URL: user info, a query, escapes, another scheme.
    """
    matched = _REALM.fullmatch(realm)
    if matched is None or _origin(matched[1]) not in {_origin(origin) for origin in origins}:
        raise ValueError(f"its realm {shown(realm)} is on no host that may give its tokens")
    return realm


def _parameters(header: str) -> Iterable[tuple[str, str, str]]:
    end = len(header.rstrip(" \t,"))
    at = 0
    while at < end:
        found = _PARAMETER.match(header, at)
        if found is None:
            raise _malformed(header)
        scheme, name, quoted, plain = found.groups()
        yield (scheme or "").lower(), name.lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = found.end()


def _origin(url: str) -> str:
    scheme, slashes, authority = url.lower().partition("//")
    return f"{scheme}{slashes}{authority.removesuffix(_DEFAULT_PORTS[scheme])}"


def _malformed(header: str) -> ValueError:
    return ValueError(f"its WWW-Authenticate {shown(header)} is no challenge that is understood")
