"""Which hosts a registry may be at when nobody named it."""

from __future__ import annotations

import pytest

from shared.domain.addresses import host_alone, is_public, require_host, require_public_host
from shared.domain.errors import Reason, Rejected
from shared.domain.image import ImageName

PRIVATE = (
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104 - an address, nothing listens
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_this_network_is_not_public(address: str) -> None:
    """This machine, a private network, a cloud's metadata, everybody at once, and any of these inside of IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.74.82", "2a00:1450:4001:81b::2010", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is(address: str) -> None:
    """Google's, and anybody's."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["10.0.0.1", "10.0.0.1:5000", "[::1]:5000", "[fe80::1]"])
def test_a_host_that_is_a_private_address_is_refused(host: str) -> None:
    """With a port and without one."""
    with pytest.raises(Rejected) as refused:
        require_public_host(ImageName(host, "team/x"))
    assert refused.value.reason is Reason.UNKNOWN_REGISTRY


@pytest.mark.parametrize("host", ["docker.io", "localhost:5000", "8.8.8.8", "[2a00:1450:4001:81b::2010]:443", "a.b"])
def test_a_name_or_a_public_address_is_left_to_the_resolver(host: str) -> None:
    """What a name leads to is not known before it is looked up."""
    require_public_host(ImageName(host, "team/x"))


@pytest.mark.parametrize("host", [f"{'a' * 63}.com", f"{'a.' * 126}c", "[::1]:5000"])
def test_a_host_may_be_as_long_as_names_are(host: str) -> None:
    """63 between dots, 253 in all."""
    require_host(ImageName(host, "x"))


@pytest.mark.parametrize("host", [f"{'a' * 64}.com", f"{'a.' * 127}com", f"x.{'a' * 70}:5000"])
def test_a_longer_host_is_none(host: str) -> None:
    """No resolver takes it, and some raise an error of their own."""
    with pytest.raises(Rejected, match="is no host") as refused:
        require_host(ImageName(host, "x"))
    assert refused.value.reason is Reason.MALFORMED_IMAGE


def test_a_host_stands_without_its_port() -> None:
    """As a resolver is asked for it."""
    hosts = ("Docker.IO", "docker.io:443", "[::1]:5000", "[::1]")
    assert [host_alone(host) for host in hosts] == ["docker.io", "docker.io", "::1", "::1"]
