"""Lists in pages: https://google.aip.dev/158."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import grpc

from local.google.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the items, and the token that fetches the next ones (empty on the last page)."""

    items: Sequence[T]
    next_page_token: str


def page_of(items: Sequence[T], *, size: int, token: str, default: int, most: int) -> Page[T]:
    """Cut one page out of all items; a size of 0 means the default, a larger one than `most` means `most`.

    A token names the position in the list, so a deletion between two pages can hide an item: as AIP-158 allows.

    Raises:
        Refusal: INVALID_ARGUMENT, for a negative size or a token that this did not make.
    """
    if size < 0:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "page_size must not be negative.")
    start = _position(token) if token else 0
    end = start + min(size or default, most)
    return Page(items[start:end], _token(end) if end < len(items) else "")


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"from {position}".encode()).decode()


def _position(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(" ")
        if word == "from" and number.isdecimal():
            return int(number)
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "Invalid page token.")
