"""YAML documents as libyaml reads them, in one pass: bounded, and refused where other readers may read otherwise.

Rules:
* A document is built out of events, not composed: libyaml's composer recurses, and too deep would end the process.
* Duplicate keys, merges (`<<`) and explicit types such as `!!binary` are refused: kubectl and Argo CD may see others.
* A problem ends its own document at most; only what does not parse, or is too large, ends the file.

Source: YAML 1.1 as libyaml reads it; k8s.io/apimachinery (yaml decoder).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

import yaml

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown

BREAK_GLASS: Final = frozenset({"image-policy.k8s.io/break-glass", "alpha.image-policy.k8s.io/break-glass"})
_TYPE: Final = "tag:yaml.org,2002:"
_NULL: Final = f"{_TYPE}null"
# Types of the YAML core schema. Not `!!binary`: others decode `!!binary aW1hZ2U=` to `image`.
_PLAIN_TYPES: Final = frozenset(
    {f"{_TYPE}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")}
    | {"!"}
)
_IMAGE_ENDS: Final = ("image", "Image")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})

Scalar = yaml.ScalarEvent


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping: all keys and values in order, the values of its scalar keys by name, and the event that ends it."""

    event: yaml.CollectionStartEvent
    children: list[Node]
    fields: dict[str, Node]
    end: yaml.MappingEndEvent


@dataclass(slots=True, eq=False)
class Sequence:
    """A sequence and its items."""

    event: yaml.CollectionStartEvent
    children: list[Node]


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be judged, and the line (from 1) that says it."""

    line: int
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its root, what was refused in it first, and the values of keys that are called like images.

    `repeated` are the places of what an alias repeats.
    """

    root: Node
    refusal: Refusal | None
    named_images: tuple[Scalar, ...]
    repeated: frozenset[int]


def line_of(node: Node) -> int:
    """Count the line on which a node begins, from 1."""
    return line_at(_event(node))


def column_of(node: Node) -> int:
    """Count the characters before a node on its line."""
    return _mark(_event(node)).column


def place_of(node: Node) -> int:
    """Where a node begins, in characters; an alias has the place of what it stands for."""
    return _mark(_event(node)).index


def line_at(event: yaml.Event) -> int:
    """Count the line on which an event begins, from 1."""
    return _mark(event).line + 1


def span_of(event: yaml.Event) -> tuple[int, int]:
    """From where to where an event stands, in characters."""
    return cast("yaml.error.Mark", event.start_mark).index, cast("yaml.error.Mark", event.end_mark).index


def value_of(node: Node | None, key: str) -> Node | None:
    """Look a key up; None where there is no mapping, or no such key in it."""
    return node.fields.get(key) if isinstance(node, Mapping) else None


def text_of(node: Node | None, key: str) -> str:
    """Look a scalar up; empty where there is none."""
    value = value_of(node, key)
    return value.value if isinstance(value, Scalar) else ""


def is_null(node: Node) -> bool:
    """Whether a YAML reader sees null there."""
    return isinstance(node, Scalar) and (node.tag == _NULL or (bool(node.implicit[0]) and node.value in _NULLS))


class Documents:
    """The documents of one text; `is_too_large` is set while they are read."""

    def __init__(self, text: str) -> None:
        self.is_too_large = False
        self._text = text
        self._open: list[tuple[yaml.CollectionStartEvent, list[Node]]] = []
        self._harmless: set[str] = set()
        self._begin_document()

    def read(self) -> Iterator[Document]:
        """Yield each document, until one does not parse.

        Raises:
            Rejected: the rest is not YAML, or the text is too large to be judged.
        """
        loader = yaml.CSafeLoader(self._text)
        steps = self._steps()
        event: yaml.Event | None = None
        try:
            for event in islice(iter(loader.get_event, None), limits.MANIFEST_EVENTS):
                # Two events of three are scalars: they take the shortest way.
                if type(event) is Scalar:
                    if event.tag is not None or event.anchor is not None:
                        self._scalar_properties(event)
                    self._children.append(event)
                elif type(event) is yaml.DocumentEndEvent:
                    yield self._document()
                else:
                    steps[type(event)](event)
        except yaml.YAMLError as error:
            raise _not_yaml(str(error)) from None
        finally:
            loader.dispose()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._too_large()

    def _steps(self) -> dict[type[yaml.Event], Callable[[Any], None]]:
        """What is done with an event that is neither a scalar nor the end of a document."""
        return {
            yaml.StreamStartEvent: self._nothing,
            yaml.StreamEndEvent: self._nothing,
            yaml.DocumentStartEvent: self._begin_document,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end_sequence,
            yaml.AliasEvent: self._alias,
        }

    def _nothing(self, _: yaml.Event) -> None:
        """Begin or end the text."""

    def _begin_document(self, _: yaml.Event | None = None) -> None:
        self._children: list[Node] = []
        self._anchors: dict[str, Node | None] = {}
        self._repeated: set[int] = set()
        self._refusal: Refusal | None = None
        self._named: list[Scalar] = []

    def _document(self) -> Document:
        return Document(self._children[0], self._refusal, tuple(self._named), frozenset(self._repeated))

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._anchor(event, None)
        if event.tag is not None:
            self._type(event)
        self._open.append((event, self._children))
        self._children = []
        if len(self._open) > limits.MANIFEST_DEPTH:
            raise self._too_large()

    def _end_mapping(self, event: yaml.MappingEndEvent) -> None:
        """Name the values of a mapping; keys that were met before and are of no interest cost nothing more."""
        children = self._children
        keys, values = children[::2], children[1::2]
        names = [key.value for key in keys if type(key) is Scalar]
        if len(names) < len(keys):
            values = [value for key, value in zip(keys, values, strict=True) if type(key) is Scalar]
        fields = dict(zip(names, values, strict=True))
        start, self._children = self._open.pop()
        if len(fields) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            self._refuse(start, Reason.MALFORMED_MANIFEST, f"the key {shown(twice)} appears twice")
        if not self._harmless.issuperset(fields):
            self._look_at_keys(start, fields)
        self._close(start, Mapping(start, children, fields, event))

    def _end_sequence(self, _: yaml.SequenceEndEvent) -> None:
        children = self._children
        start, self._children = self._open.pop()
        self._close(start, Sequence(start, children))

    def _close(self, start: yaml.CollectionStartEvent, node: Node) -> None:
        self._children.append(node)
        if start.anchor is not None:
            self._anchors[start.anchor] = node

    def _scalar_properties(self, event: Scalar) -> None:
        if event.anchor is not None:
            self._anchor(event, event)
        if event.tag is not None:
            self._type(event)

    def _anchor(self, event: yaml.NodeEvent, node: Node | None) -> None:
        """Name a node, or one that is still open."""
        if event.anchor in self._anchors:
            raise _not_yaml(f"the anchor {event.anchor} in line {line_at(event)} is there twice")
        self._anchors[event.anchor or ""] = node

    def _type(self, event: Scalar | yaml.CollectionStartEvent) -> None:
        if event.tag not in _PLAIN_TYPES:
            self._refuse(event, Reason.NOT_UNDERSTOOD, f"the type {shown(event.tag)} is read differently by others")

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        if name not in self._anchors:
            raise _not_yaml(f"the alias {name} stands for nothing")
        node = self._anchors[name]
        if node is None:
            raise _not_yaml(f"the alias {name} in line {line_at(event)} stands for what it is in")
        self._repeated.add(place_of(node))
        self._children.append(node)

    def _look_at_keys(self, start: yaml.CollectionStartEvent, fields: dict[str, Node]) -> None:
        """Refuse keys that merge or break glass, and keep what is called like an image."""
        for key, value in fields.items():
            if key == "<<":
                self._refuse(start, Reason.NOT_UNDERSTOOD, "a YAML merge (<<) is read differently by different tools")
            elif key in BREAK_GLASS:
                why = "the break-glass label would admit any image; it is never released"
                self._refuse(start, Reason.BREAK_GLASS, why)
            elif not key.endswith(_IMAGE_ENDS):
                self._harmless.add(key)
            elif type(value) is Scalar:
                self._named.append(value)

    def _refuse(self, event: yaml.Event, reason: Reason, why: str) -> None:
        if self._refusal is None:
            self._refusal = Refusal(line_at(event), reason, why)

    def _too_large(self) -> Rejected:
        self.is_too_large = True
        most = f"{limits.MANIFEST_EVENTS:,} YAML events in {limits.MANIFEST_DEPTH} levels"
        return Rejected(Reason.MALFORMED_MANIFEST, f"it is too large to be judged: at most {most}")


def _event(node: Node) -> yaml.Event:
    return node if isinstance(node, Scalar) else node.event


def _mark(event: yaml.Event) -> yaml.error.Mark:
    # libyaml marks every event; the type allows for events that were made by hand.
    return cast("yaml.error.Mark", event.start_mark)


def _not_yaml(why: str) -> Rejected:
    return Rejected(Reason.MALFORMED_MANIFEST, f"it is not YAML: {shown(why)}")
