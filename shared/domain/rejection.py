"""What lands in the topic `rejected`: the message as it came, and beside it who refused it, and why."""

from __future__ import annotations

import hashlib
from typing import Final

from shared.domain import limits
from shared.domain.envelope import Delivery
from shared.domain.errors import Rejected

_OWN: Final = "prodgate-"


def rejected_message(delivery: Delivery, error: Rejected, function: str) -> tuple[bytes, dict[str, str]]:
    """Make the data and attributes to publish.

    The original bytes and attributes stay untouched; of something larger than 64 KiB only the first KiB is kept, with
    the SHA-256 and the size of the whole. Where the attributes would be more than Pub/Sub takes, the last ones by name
    give way, and their number is said.
    """
    own = {
        f"{_OWN}function": function,
        f"{_OWN}reason": _bounded(error.reason),
        f"{_OWN}detail": _bounded(error.detail),
    }
    data = delivery.data
    if len(data) > limits.MESSAGE_BYTES:
        own |= {f"{_OWN}sha256": hashlib.sha256(data).hexdigest(), f"{_OWN}size": str(len(data))}
        data = data[: limits.KEPT_BYTES_OF_OVERSIZE]
    return data, _kept(delivery, own) | own


def _kept(delivery: Delivery, own: dict[str, str]) -> dict[str, str]:
    # A message that was replayed from `rejected` carries our attributes of last time; those of this time replace them.
    original = {name: value for name, value in delivery.attributes.items() if not name.startswith(_OWN)}
    room = limits.ATTRIBUTES - len(own)
    if len(original) <= room:
        return original
    own[f"{_OWN}attributes-left-out"] = str(len(original) - room + 1)
    return {name: original[name] for name in sorted(original)[: room - 1]}


def _bounded(text: str) -> str:
    return text.encode(errors="replace")[: limits.ATTRIBUTE_BYTES].decode(errors="ignore")
