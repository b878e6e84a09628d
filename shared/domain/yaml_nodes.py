"""YAML documents as libyaml reads them, in one pass: bounded, and refused where other readers may read otherwise.

Rules:
* A document is built out of events, not composed: libyaml's composer recurses, and too deep would end the process.
* Duplicate keys, merges (`<<`) and explicit types such as `!!binary` are refused: kubectl and Argo CD may see others.
* A problem ends its own document at most; only what does not parse, or is too large, ends the file.

Source: YAML 1.1 as libyaml reads it; k8s.io/apimachinery (yaml decoder).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

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
Seen = str | type[yaml.Event] | None
"""An event as pinning verifies it: a scalar's value, another event's type, or None for the end of what parses."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping: the values of its scalar keys by name, and all keys and values in order."""

    event: yaml.MappingStartEvent
    children: list[Node] = field(default_factory=list)
    fields: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence and its items."""

    event: yaml.CollectionStartEvent
    children: list[Node] = field(default_factory=list)


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be judged, and the line (from 1) that says it."""

    line: int
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its root, what was refused in it first, and the values of keys that are called like images."""

    root: Node
    refusal: Refusal | None
    named_images: tuple[Scalar, ...]


def line_of(node: Node) -> int:
    """Count the line on which a node begins, from 1."""
    return _mark(node).line + 1


def place_of(node: Node) -> int:
    """Where a node begins, in characters; an alias has the place of what it stands for."""
    return _mark(node).index


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
    """The documents of one text; `seen` and `is_too_large` are filled while they are read."""

    def __init__(self, text: str) -> None:
        self.seen: list[Seen] = []
        self.is_too_large = False
        self._text = text
        self._nodes = 0
        self._open: list[Mapping | Sequence] = []
        self._anchors: dict[str, Node] = {}
        self._refusal: Refusal | None = None
        self._named: list[Scalar] = []

    def read(self) -> Iterator[Document]:
        """Yield each document, until one does not parse.

        Raises:
            Rejected: the rest is not YAML, or the text is too large to be judged.
        """
        loader = yaml.CSafeLoader(self._text)
        try:
            for event in iter(loader.get_event, None):
                # Two events of three are scalars: they take the shortest way.
                if type(event) is Scalar:
                    self.seen.append(event.value)
                    if event.tag is not None or event.anchor is not None:
                        self._properties(event, event)
                    root = self._add(event)
                else:
                    root = self._read(event)
                if root is not None:
                    yield Document(root, self._refusal, tuple(self._named))
        except yaml.YAMLError as error:
            self.seen.append(None)
            raise _not_yaml(str(error)) from None
        finally:
            loader.dispose()

    def _read(self, event: yaml.Event) -> Node | None:
        """Take one event; answer the root of a document that ends with it."""
        self.seen.append(type(event))
        if isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            node = self._open.pop()
            if isinstance(node, Mapping):
                self._keys(node)
            return self._add(node)
        elif isinstance(event, yaml.AliasEvent):
            return self._add(self._anchored(event))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors, self._refusal, self._named = {}, None, []
            self._nodes += 1
        return None

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        node = Mapping(event) if isinstance(event, yaml.MappingStartEvent) else Sequence(event)
        if event.tag is not None or event.anchor is not None:
            self._properties(event, node)
        self._open.append(node)
        if len(self._open) > limits.MANIFEST_DEPTH:
            raise self._too_large()

    def _add(self, node: Node) -> Node | None:
        self._nodes += 1
        if self._nodes > limits.MANIFEST_NODES:
            raise self._too_large()
        if not self._open:
            return node
        self._open[-1].children.append(node)
        return None

    def _properties(self, event: Scalar | yaml.CollectionStartEvent, node: Node) -> None:
        if event.anchor is not None:
            if event.anchor in self._anchors:
                raise _not_yaml(f"the anchor {event.anchor} in line {line_of(node)} is there twice")
            self._anchors[event.anchor] = node
        if event.tag is not None and event.tag not in _PLAIN_TYPES:
            self._refuse(node, Reason.NOT_UNDERSTOOD, f"the type {shown(event.tag)} is read differently by others")

    def _anchored(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise _not_yaml(f"the alias {event.anchor} stands for nothing")
        return node

    def _keys(self, node: Mapping) -> None:
        """Name the values of a mapping; a key that repeats, merges or breaks glass refuses the document."""
        keys = node.children[::2]
        named = {k.value: value for k, value in zip(keys, node.children[1::2], strict=True) if type(k) is Scalar}
        node.fields.update(named)
        self._named += [v for k, v in named.items() if k.endswith(_IMAGE_ENDS) and type(v) is Scalar]
        names = [key.value for key in keys if type(key) is Scalar] if len(named) < len(keys) else named
        if len(named) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            self._refuse(node, Reason.MALFORMED_MANIFEST, f"the key {shown(twice)} appears twice")
        elif "<<" in node.fields:
            self._refuse(node, Reason.NOT_UNDERSTOOD, "a YAML merge (<<) is read differently by different tools")
        elif not BREAK_GLASS.isdisjoint(node.fields):
            why = "the break-glass label would admit any image; it is never released"
            self._refuse(node, Reason.BREAK_GLASS, why)

    def _refuse(self, node: Node, reason: Reason, why: str) -> None:
        if self._refusal is None:
            self._refusal = Refusal(line_of(node), reason, why)

    def _too_large(self) -> Rejected:
        self.is_too_large = True
        most = f"{limits.MANIFEST_NODES:,} YAML nodes in {limits.MANIFEST_DEPTH} levels"
        return Rejected(Reason.MALFORMED_MANIFEST, f"it is too large to be judged: at most {most}")


def differences(text: str, expected: Iterable[Seen]) -> Iterator[tuple[Seen, Seen, tuple[int, int]]]:
    """Read a text, and yield each event that is not as expected: what was, what is, and from where to where."""
    loader = yaml.CSafeLoader(text)
    wanted: Seen = None
    try:
        for wanted in expected:
            event = cast("yaml.Event", loader.get_event())
            found: Seen = event.value if type(event) is Scalar else type(event)
            if found != wanted:
                yield wanted, found, span_of(event)
    except yaml.YAMLError:
        if wanted is not None:
            yield wanted, None, (0, 0)
    finally:
        loader.dispose()


def _mark(node: Node) -> yaml.error.Mark:
    # libyaml marks every event; the type allows for events that were made by hand.
    return cast("yaml.error.Mark", (node if isinstance(node, Scalar) else node.event).start_mark)


def _not_yaml(why: str) -> Rejected:
    return Rejected(Reason.MALFORMED_MANIFEST, f"it is not YAML: {shown(why)}")
