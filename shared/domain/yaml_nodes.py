"""YAML documents as libyaml reads them, in one pass: bounded, and refused where other readers may read otherwise.

Rules:
* A document is built out of events, not composed: libyaml's composer recurses, and too deep would end the process. What
  recurses here does so no deeper than MANIFEST_DEPTH.
* Duplicate keys, merges (`<<`), `%TAG` and explicit types such as `!!binary` are refused: kubectl and Argo CD may see
  others.
* A problem ends its own document at most: what does not parse is a document that is refused, and the next one begins at
  the next line that is `---`. Only what is too large ends the text.

Source: YAML 1.1 as libyaml reads it; k8s.io/apimachinery (yaml decoder).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat, starmap
from typing import Any, Final, Protocol

import yaml
from yaml import AliasEvent, MappingEndEvent, MappingStartEvent, SequenceStartEvent

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
# Always a document's begin for libyaml, and where kubectl and Argo CD split a file.
_MARKER: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_TEXT: Final = re.compile(r"[^\r\n\u0085\u2028\u2029]")  # all but what libyaml counts as the end of a line
_TEMPLATE: Final = "{{"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})

_MOST: Final = f"{limits.MANIFEST_EVENTS:,} YAML events in {limits.MANIFEST_DEPTH} levels"

Scalar = yaml.ScalarEvent


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping: all keys and values in order, the values of scalar keys by name, and the event that ends it."""

    event: yaml.CollectionStartEvent
    children: list[Node]
    fields: dict[str, Node]
    end: MappingEndEvent


@dataclass(slots=True, eq=False)
class Sequence:
    """A sequence and its items."""

    event: yaml.CollectionStartEvent
    children: list[Node]


Node = Scalar | Mapping | Sequence


class Mark(Protocol):
    """A place in a text, as libyaml counts it from 0: in characters, by line, and in characters on its line."""

    index: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be judged, and the line (from 1) that says it."""

    line: int
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its root, what was refused in it first, and the values of keys that are called like images.

    `repeated` are the places of what an alias repeats. Of what does not parse the root is null.
    """

    root: Node
    refusal: Refusal | None
    named_images: tuple[Node, ...]
    repeated: frozenset[int]


def mark_of(node: Node) -> Mark:
    """Say where a node begins; an alias begins where that does which it stands for."""
    # libyaml marks every event; the type allows for events that were made by hand.
    return node.start_mark if type(node) is Scalar else node.event.start_mark  # type: ignore[union-attr, return-value]


def line_of(node: Node) -> int:
    """Count the line on which a node begins, from 1."""
    return mark_of(node).line + 1


def column_of(node: Node) -> int:
    """Count the characters before a node on its line."""
    return mark_of(node).column


def place_of(node: Node) -> int:
    """Where a node begins, in characters; an alias has the place of what it stands for."""
    return mark_of(node).index


def end_of(event: yaml.Event) -> int:
    """Where an event ends, in characters."""
    mark: Mark = event.end_mark  # type: ignore[assignment] # libyaml marks every event
    return mark.index


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
        self._start = 0
        self._budget = repeat((), limits.MANIFEST_EVENTS)  # one for each event, however often libyaml begins anew
        self._events: Iterator[Any] = iter(())
        self._harmless: set[str] = set()
        self._begin_document()

    def read(self) -> Iterator[Document]:
        """Yield each document, and in the place of what does not parse one that is refused.

        Raises:
            Rejected: the text is too large to be judged.
        """
        text = self._text
        for _ in range(limits.MANIFEST_BROKEN_DOCUMENTS):
            try:
                yield from self._parsed(text)
            except yaml.YAMLError as error:
                # A character that is not allowed is met wherever libyaml has read ahead of the document.
                found = None if isinstance(error, yaml.reader.ReaderError) else _MARKER.search(text, self._start + 1)
                end = len(text) if found is None else found.start()
                yield self._broken(error, text[self._start : end])
                if found is None:
                    return
                # What is done becomes blank, so that every position stays what it is.
                text = _TEXT.sub(" ", text[:end]) + text[end:]
                self._start = end
                self._begin_document()
            else:
                return
        raise self._too_large(f"{limits.MANIFEST_BROKEN_DOCUMENTS} documents that are no YAML")

    def _parsed(self, text: str) -> Iterator[Document]:
        """Yield the documents of a text.

        Raises:
            YAMLError: one does not parse.
            Rejected: it is too large to be judged.
        """
        loader = yaml.CSafeLoader(text)
        self._events = starmap(loader.get_event, self._budget)
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    yield self._document(event)
                elif isinstance(event, yaml.StreamEndEvent):
                    return
        finally:
            loader.dispose()
        raise self._too_large()

    def _document(self, start: yaml.DocumentStartEvent) -> Document:
        self._begin_document(start)
        nodes, end = self._nodes(0)
        self._start = end_of(end)
        return Document(nodes[0], self._refusal, tuple(self._named), frozenset(self._repeated))

    def _nodes(self, level: int) -> tuple[list[Node], Any]:
        """Take nodes up to the event that ends what they are in; answer both.

        Raises:
            YAMLError: what follows does not parse.
            Rejected: it is too large to be judged.
        """
        if level > limits.MANIFEST_DEPTH:
            raise self._too_large()
        nodes: list[Node] = []
        # What an event is its type says; mypy cannot follow `type(event) is`, which is faster than isinstance.
        for event in self._events:
            kind = type(event)
            # Two events of three are scalars: they take the shortest way.
            if kind is Scalar:
                if event.tag is not None or event.anchor is not None:
                    self._properties(event, event)
                nodes.append(event)
            elif kind is MappingStartEvent:
                nodes.append(self._mapping(event, level + 1))
            elif kind is SequenceStartEvent:
                nodes.append(self._sequence(event, level + 1))
            elif kind is AliasEvent:
                nodes.append(self._alias(event))
            else:
                return nodes, event
        raise self._too_large()

    def _mapping(self, start: MappingStartEvent, level: int) -> Mapping:
        if start.tag is not None or start.anchor is not None:
            self._properties(start, None)
        children, end = self._nodes(level)
        mapping = Mapping(start, children, self._fields(start, children), end)
        if start.anchor is not None:
            self._anchors[start.anchor] = mapping
        return mapping

    def _sequence(self, start: SequenceStartEvent, level: int) -> Sequence:
        if start.tag is not None or start.anchor is not None:
            self._properties(start, None)
        sequence = Sequence(start, self._nodes(level)[0])
        if start.anchor is not None:
            self._anchors[start.anchor] = sequence
        return sequence

    def _broken(self, error: yaml.YAMLError, text: str) -> Document:
        """Make the document that stands for what does not parse; what it named before that is worth a look."""
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            place = int(getattr(error, "position", 0))
            mark = yaml.error.Mark("", place, self._text.count("\n", 0, place), 0, None, 0)
        why = "it is templated, and no YAML before it is rendered" if _TEMPLATE in text else _not_yaml(error)
        refusal = Refusal(mark.line + 1, Reason.MALFORMED_MANIFEST, why)
        return Document(_null(mark), refusal, tuple(self._named), frozenset())

    def _begin_document(self, event: yaml.DocumentStartEvent | None = None) -> None:
        self._anchors: dict[str, Node | None] = {}
        self._repeated: set[int] = set()
        self._refusal: Refusal | None = None
        self._named: list[Node] = []
        if event is not None:
            self._start = _start_of(event)
            if event.tags:
                self._refuse(event, Reason.NOT_UNDERSTOOD, "a directive (%TAG) is read differently by others")

    def _properties(self, event: Scalar | yaml.CollectionStartEvent, node: Node | None) -> None:
        """Look at a type, and name a node by its anchor, or one that is still open."""
        if event.anchor is not None:
            if event.anchor in self._anchors:
                self._refuse(event, Reason.MALFORMED_MANIFEST, f"the anchor {event.anchor} is there twice")
            self._anchors[event.anchor] = node
        if event.tag is not None and event.tag not in _PLAIN_TYPES:
            self._refuse(event, Reason.NOT_UNDERSTOOD, f"the type {shown(event.tag)} is read differently by others")

    def _alias(self, event: AliasEvent) -> Node:
        name = event.anchor or ""
        node = self._anchors.get(name)
        if node is None:
            what = "what it is in" if name in self._anchors else "nothing"
            self._refuse(event, Reason.MALFORMED_MANIFEST, f"the alias {name} stands for {what}")
            node = _null(event.start_mark)
        self._repeated.add(place_of(node))
        return node

    def _fields(self, start: MappingStartEvent, children: list[Node]) -> dict[str, Node]:
        """Name the values of a mapping; keys that were met before, and were of no interest, cost nothing more."""
        fields: dict[str, Node] = {}
        are_harmless, harmless, rest = True, self._harmless, iter(children)
        for key in rest:
            value = next(rest)
            if type(key) is Scalar:
                fields[key.value] = value
                are_harmless = are_harmless and key.value in harmless
        # Fewer names than keys: one is there twice, or is no scalar.
        if not are_harmless or 2 * len(fields) < len(children):
            self._look_at_keys(start, children, fields)
        return fields

    def _look_at_keys(self, start: yaml.CollectionStartEvent, children: list[Node], fields: dict[str, Node]) -> None:
        """Refuse keys that are there twice, merge or break glass, and keep what is called like an image."""
        names = [key.value for key in children[::2] if isinstance(key, Scalar)]
        if len(fields) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            self._refuse(start, Reason.MALFORMED_MANIFEST, f"the key {shown(twice)} appears twice")
        for key, value in fields.items():
            if key == "<<":
                self._refuse(start, Reason.NOT_UNDERSTOOD, "a YAML merge (<<) is read differently by different tools")
            elif key in BREAK_GLASS:
                why = "the break-glass label would admit any image; it is never released"
                self._refuse(start, Reason.BREAK_GLASS, why)
            elif key.endswith(_IMAGE_ENDS):
                self._named.append(value)
            else:
                self._harmless.add(key)

    def _refuse(self, event: yaml.Event, reason: Reason, why: str) -> None:
        if self._refusal is None:
            self._refusal = Refusal(_line_at(event), reason, why)

    def _too_large(self, most: str = _MOST) -> Rejected:
        self.is_too_large = True
        return Rejected(Reason.MALFORMED_MANIFEST, f"it is too large to be judged: at most {most}")


def _start_of(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    return int(mark.index)


def _line_at(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1


def _null(mark: Any) -> Scalar:
    """Make a null that stands at a mark."""
    return Scalar(None, None, (True, False), "", mark, mark)


def _not_yaml(error: yaml.YAMLError) -> str:
    return f"it is not YAML: {shown(getattr(error, 'problem', None) or str(error))}"
