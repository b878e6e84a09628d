"""One way to treat both kinds of message: nearly all are proto-plus, a few (Empty, Operation) plain protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import proto  # type: ignore[import-untyped]  # proto-plus ships no types

if TYPE_CHECKING:
    from google.protobuf.message import Message


M = TypeVar("M")


def to_bytes(message: Any) -> bytes:
    """Return the wire form of a message of either kind."""
    return protobuf_of(message).SerializeToString()


def from_bytes(kind: Any, wire: bytes) -> Any:
    """Return a message of this class from its wire form."""
    return kind.deserialize(wire) if issubclass(kind, proto.Message) else kind.FromString(wire)


def protobuf_of(message: Any) -> Message:
    """Return the protobuf message itself; of a proto-plus one, that which it wraps (a change shows in both)."""
    wrapped: Message = type(message).pb(message) if isinstance(message, proto.Message) else message
    return wrapped


def set_fields(message: Any, **values: Any) -> None:
    """Set fields of a proto-plus message, which takes datetimes and enum members that its annotations do not know."""
    for name, value in values.items():
        setattr(message, name, value)


def copy_of(message: M) -> M:
    """Return an independent copy: what a caller is given must not change what the service has stored."""
    copied: M = from_bytes(type(message), to_bytes(message))
    return copied
