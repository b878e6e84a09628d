"""Which hosts of the network a registry may be at: by its name, and by the addresses that its name leads to."""

from __future__ import annotations

import ipaddress

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image import ImageName

_LABEL_CHARACTERS = 63  # RFC 1035, 2.3.4; the grammar of references knows no such limit, every resolver does
_HOST_CHARACTERS = 253


def is_public(address: str) -> bool:
    """Whether an IP address leads to the Internet: not to this machine, this network, or a cloud's metadata."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = (found.ipv4_mapped or found.sixtofour) if isinstance(found, ipaddress.IPv6Address) else None
    return all(each.is_global and not each.is_multicast for each in (found, inner) if each is not None)


def require_host(image: ImageName) -> None:
    """Refuse a host that no resolver can look up.

    Raises:
        Rejected: it is longer than a host's name may be, or one of its labels is.
    """
    name = host_alone(image.host)
    if len(name) > _HOST_CHARACTERS or any(len(label) > _LABEL_CHARACTERS for label in name.split(".")):
        most = f"a host has at most {_HOST_CHARACTERS} characters, and {_LABEL_CHARACTERS} between its dots"
        raise Rejected(Reason.MALFORMED_IMAGE, f"{shown(image.host)} is no host: {most}")


def require_public_host(image: ImageName) -> None:
    """Refuse a host that is an address, unless it is a public one; what a name leads to is seen when it is looked up.

    Raises:
        Rejected: the address is private, loopback or link-local.
    """
    try:
        public = is_public(host_alone(image.host))
    except ValueError:
        return
    if not public:
        raise Rejected(Reason.UNKNOWN_REGISTRY, f"{image} is at an address that is not public; it must be named")


def host_alone(host: str) -> str:
    """The name or address without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
