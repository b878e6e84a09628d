"""YAML documents as libyaml reads them, in one pass: bounded, and refused where other readers may read otherwise.

Rules:
* A document is built out of events, not composed: libyaml's composer recurses, and too deep would end the process.
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
from itertools import islice
from typing import Any, Final

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
# Always a document's begin for libyaml, and where kubectl and Argo CD split a file.
_MARKER: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_TEXT: Final = re.compile(r"[^\r\n\u0085\u2028\u2029]")  # all but what libyaml counts as the end of a line
_TEMPLATE: Final = "{{"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})

_MOST: Final = f"{limits.MANIFEST_EVENTS:,} YAML events in {limits.MANIFEST_DEPTH} levels"

Scalar = yaml.ScalarEvent


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping: all keys and values in order, and the event that ends it."""

    event: yaml.CollectionStartEvent
    children: list[Node]
    end: yaml.MappingEndEvent
    _fields: dict[str, Node] | None = None

    @property
    def fields(self) -> dict[str, Node]:
        """The values of its scalar keys, by name; most mappings are never asked for them."""
        if self._fields is None:
            pairs = zip(self.children[::2], self.children[1::2], strict=True)
            self._fields = {key.value: value for key, value in pairs if isinstance(key, Scalar)}
        return self._fields


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

    `repeated` are the places of what an alias repeats. Of what does not parse the root is null.
    """

    root: Node
    refusal: Refusal | None
    named_images: tuple[Node, ...]
    repeated: frozenset[int]


def line_of(node: Node) -> int:
    """Count the line on which a node begins, from 1."""
    return int(_mark(node).line) + 1


def column_of(node: Node) -> int:
    """Count the characters before a node on its line."""
    return int(_mark(node).column)


def place_of(node: Node) -> int:
    """Where a node begins, in characters; an alias has the place of what it stands for."""
    return int(_mark(node).index)


def end_of(event: yaml.Event) -> int:
    """Where an event ends, in characters."""
    mark: Any = event.end_mark
    return int(mark.index)


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
        self._events = 0
        self._start = 0
        self._open: list[tuple[yaml.CollectionStartEvent, list[Node]]] = []
        self._known: set[tuple[str | None, ...]] = set()
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
        # What an event is its type says; mypy cannot follow `type(event) is`, which is faster than isinstance.
        events: Iterator[Any] = islice(iter(loader.get_event, None), limits.MANIFEST_EVENTS - self._events)
        children: list[Node] = []
        nth, event = 0, None
        try:
            for nth, event in enumerate(events, 1):  # noqa: B007 - counted for the next attempt, below
                kind = type(event)
                # Two events of three are scalars: they take the shortest way.
                if kind is Scalar:
                    if event.tag is not None or event.anchor is not None:
                        self._properties(event, event)
                    children.append(event)
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    children = self._begin(event, children)
                elif kind is yaml.MappingEndEvent:
                    children = self._end_mapping(event, children)
                elif kind is yaml.SequenceEndEvent:
                    children = self._end_sequence(children)
                elif kind is yaml.DocumentEndEvent:
                    yield Document(children.pop(), self._refusal, tuple(self._named), frozenset(self._repeated))
                    self._start = end_of(event)
                else:
                    self._other(event, children)
        finally:
            self._events += nth
            loader.dispose()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._too_large()

    def _other(self, event: Any, children: list[Node]) -> None:
        """Take what is rare."""
        if isinstance(event, yaml.AliasEvent):
            children.append(self._alias(event))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._begin_document(event)

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
        self._open.clear()
        if event is not None:
            self._start = _start_of(event)
            if event.tags:
                self._refuse(event, Reason.NOT_UNDERSTOOD, "a directive (%TAG) is read differently by others")

    def _begin(self, event: yaml.CollectionStartEvent, outer: list[Node]) -> list[Node]:
        """Open a mapping or sequence; answer the list for its children, until its end answers the outer one again."""
        if event.tag is not None or event.anchor is not None:
            self._properties(event, None)
        self._open.append((event, outer))
        if len(self._open) > limits.MANIFEST_DEPTH:
            raise self._too_large()
        return []

    def _end_mapping(self, event: yaml.MappingEndEvent, children: list[Node]) -> list[Node]:
        """Close a mapping; one whose keys were met before, and were of no interest, costs nothing more."""
        start, outer = self._open.pop()
        mapping = Mapping(start, children, event)
        names = tuple([key.value if type(key) is Scalar else None for key in children[::2]])
        if names not in self._known:
            self._look_at_keys(mapping, names)
        if start.anchor is not None:
            self._anchors[start.anchor] = mapping
        outer.append(mapping)
        return outer

    def _end_sequence(self, children: list[Node]) -> list[Node]:
        start, outer = self._open.pop()
        sequence = Sequence(start, children)
        if start.anchor is not None:
            self._anchors[start.anchor] = sequence
        outer.append(sequence)
        return outer

    def _properties(self, event: Scalar | yaml.CollectionStartEvent, node: Node | None) -> None:
        """Look at a type, and name a node by its anchor, or one that is still open."""
        if event.anchor is not None:
            if event.anchor in self._anchors:
                self._refuse(event, Reason.MALFORMED_MANIFEST, f"the anchor {event.anchor} is there twice")
            self._anchors[event.anchor] = node
        if event.tag is not None and event.tag not in _PLAIN_TYPES:
            self._refuse(event, Reason.NOT_UNDERSTOOD, f"the type {shown(event.tag)} is read differently by others")

    def _alias(self, event: yaml.AliasEvent) -> Node:
        name = event.anchor or ""
        node = self._anchors.get(name)
        if node is None:
            what = "what it is in" if name in self._anchors else "nothing"
            self._refuse(event, Reason.MALFORMED_MANIFEST, f"the alias {name} stands for {what}")
            node = _null(event.start_mark)
        self._repeated.add(place_of(node))
        return node

    def _look_at_keys(self, mapping: Mapping, names: tuple[str | None, ...]) -> None:
        """Refuse keys that are there twice, merge or break glass, and keep what is called like an image."""
        start, fields, is_known = mapping.event, mapping.fields, True
        present = [name for name in names if name is not None]
        if len(fields) < len(present):
            twice = Counter(present).most_common(1)[0][0]
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
                continue
            is_known = False
        if is_known:
            self._known.add(names)

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


def _mark(node: Node) -> Any:
    # libyaml marks every event; the type allows for events that were made by hand.
    return node.start_mark if type(node) is Scalar else node.event.start_mark  # type: ignore[union-attr]


def _not_yaml(error: yaml.YAMLError) -> str:
    return f"it is not YAML: {shown(getattr(error, 'problem', None) or str(error))}"
