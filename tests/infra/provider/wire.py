"""The two encodings of Terraform's plugin protocol 5: Protocol Buffers for messages, MessagePack for values.

Only the part that the protocol uses (https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.5.proto
and …/object-wire-format.md). A message is its fields by number; a value is what JSON would hold, or UNKNOWN.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

_LENGTH_DELIMITED: Final = 2


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()  # a value that is not known before apply


def message(fields: Mapping[int, Any]) -> bytes:
    """Encode a message: each field a number, a text, bytes, or a list of those."""
    parts = []
    for number, content in fields.items():
        for value in content if isinstance(content, list) else [content]:
            if isinstance(value, int):
                parts.append(_varint(number << 3) + _varint(int(value)))
            else:
                encoded = value.encode() if isinstance(value, str) else value
                parts.append(_varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(encoded)) + encoded)
    return b"".join(parts)


def fields_of(encoded: bytes) -> dict[int, list[Any]]:
    """Decode a message that holds numbers and length-delimited fields only."""
    found: dict[int, list[Any]] = defaultdict(list)
    at = 0
    while at < len(encoded):
        key, at = _read_varint(encoded, at)
        value, at = _read_varint(encoded, at)
        if key & 7 == _LENGTH_DELIMITED:
            found[key >> 3].append(encoded[at : at + value])
            at += value
        else:
            found[key >> 3].append(value)
    return found


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _read_varint(encoded: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = encoded[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def pack(value: Any) -> bytes:
    """Encode a value as MessagePack."""
    if value is UNKNOWN:
        return b"\xd4\x00\x00"
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int | float):
        return struct.pack(">Bq" if isinstance(value, int) else ">Bd", 0xD3 if isinstance(value, int) else 0xCB, value)
    if isinstance(value, str):
        encoded = value.encode()
        return b"\xdb" + struct.pack(">I", len(encoded)) + encoded
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    pairs = b"".join(pack(key) + pack(item) for key, item in sorted(value.items()))
    return b"\xdf" + struct.pack(">I", len(value)) + pairs


def unpack(encoded: bytes) -> Any:
    """Decode a MessagePack value."""
    return _Unpacker(encoded).value()


class _Unpacker:
    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._at = 0

    def value(self) -> Any:
        head = self._take(1)[0]
        if head < 0x80 or head >= 0xE0:
            return head if head < 0x80 else head - 0x100
        if head in _CONSTANTS:
            return _CONSTANTS[head]
        if head in _NUMBERS:
            form = _NUMBERS[head]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return self._composed(*self._kind(head))

    def _kind(self, head: int) -> tuple[str, int]:
        for kind, base, room in (("map", 0x80, 16), ("list", 0x90, 16), ("text", 0xA0, 32)):
            if base <= head < base + room:
                return kind, head - base
        kind, width = _SIZED[head]
        return kind, int.from_bytes(self._take(width)) if width < 0x10 else width - 0x10

    def _composed(self, kind: str, size: int) -> Any:
        if kind == "map":
            return {self.value(): self.value() for _ in range(size)}
        if kind == "list":
            return [self.value() for _ in range(size)]
        if kind == "text":
            return self._take(size).decode()
        self._take(1 + size)  # the only extension is an unknown value, perhaps with what is known about it
        return UNKNOWN

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._encoded[self._at - size : self._at]


_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS: Final = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
# First byte → what follows, and in how many bytes its size stands; 16 and more: the size itself, plus 16.
_SIZED: Final = {
    0xD9: ("text", 1),
    0xDA: ("text", 2),
    0xDB: ("text", 4),
    0xDC: ("list", 2),
    0xDD: ("list", 4),
    0xDE: ("map", 2),
    0xDF: ("map", 4),
    0xC7: ("unknown", 1),
    0xC8: ("unknown", 2),
    0xC9: ("unknown", 4),
    0xD4: ("unknown", 17),
    0xD5: ("unknown", 18),
    0xD6: ("unknown", 20),
    0xD7: ("unknown", 24),
    0xD8: ("unknown", 32),
}
