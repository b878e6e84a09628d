"""WWW-Authenticate, read as RFC 9110 writes it, and realms held against a registry's own origins."""

from __future__ import annotations

import time

import pytest

from shared.clients.registry.challenge import Challenge, choose_challenge, token_endpoint


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a/t",service="s",scope="x"', Challenge("bearer", "https://a/t", "s")),
        ('bearer realm="https://a/t"', Challenge("bearer", "https://a/t", "")),
        ("BEARER  realm=https://a/t , service=s", Challenge("bearer", "https://a/t", "s")),
        ('Basic realm="R", Bearer realm="https://a/t"', Challenge("bearer", "https://a/t", "")),
        ('Basic realm="Registry \\"Realm\\", the best"', Challenge("basic", 'Registry "Realm", the best', "")),
        ('Negotiate x="y", Basic realm="R",', Challenge("basic", "R", "")),
        ('Bearer error="insufficient_scope"', Challenge("bearer", "", "")),
    ],
)
def test_bearer_is_chosen_before_basic(header: str, expected: Challenge) -> None:
    """Whatever stands around it, in whatever case and order."""
    assert choose_challenge(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        'realm="https://a/t"',
        'Negotiate x="y"',
        'Bearer realm="https://a/t',
        'Bearer realm="https://a/t",realm="https://b/t"',
        'Bearer realm="https://a/t", Bearer realm="https://b/t"',
        'Bearer realm="https://a/t" nonsense',
        'Bearer realm=""https://a/t""',
    ],
)
def test_what_has_no_one_meaning_is_no_challenge(header: str) -> None:
    """Two realms are two readings; the attacker's is the one that somebody else checks."""
    with pytest.raises(ValueError, match="is no challenge that is understood"):
        choose_challenge(header)


@pytest.mark.parametrize("hostile", [" " * 8_000, '"' * 8_000, "a" * 8_000, 'a="' + "\\" * 8_000, "a=b," * 2_000 + '"'])
def test_a_hostile_header_is_read_in_no_time(hostile: str) -> None:
    """A pattern that backtracks would stop the event loop, and with it every other event."""
    began = time.perf_counter()

    with pytest.raises(ValueError, match="is no challenge"):
        choose_challenge(f"Bearer {hostile}")

    assert time.perf_counter() - began < 0.2


@pytest.mark.parametrize(
    ("realm", "origin"),
    [
        ("https://ghcr.io/token", "https://ghcr.io"),
        ("https://quay.io/v2/auth", "https://quay.io"),
        ("https://auth.docker.io/token", "https://auth.docker.io"),
        ("https://AUTH.docker.io/token", "https://auth.docker.io"),
        ("https://ghcr.io:443/token", "https://ghcr.io"),
        ("https://ghcr.io/token", "https://ghcr.io:443"),
        ("https://[2001:db8::1]:5000/auth", "https://[2001:DB8::1]:5000"),
        ("http://127.0.0.1:5000/token", "http://127.0.0.1:5000"),
    ],
)
def test_a_realm_on_the_registrys_own_origin_is_taken_as_it_is(realm: str, origin: str) -> None:
    """Host, port and scheme are the same, whether a default port is written out or not."""
    assert token_endpoint(realm, ["https://elsewhere.example", origin]) == realm
