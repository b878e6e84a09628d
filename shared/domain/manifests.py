"""Kubernetes manifests: which images they run, where each one stands in the text, and what cannot be judged.

Rules:
* Images are read from the pod spec of every workload kind: containers, init and ephemeral containers, image volumes.
* A document of a kind that is neither a workload nor known to run nothing is a problem: it may run an image that
  nobody sees here (Helm values, an Argo CD Application, a custom resource). So is whatever other readers may read
  otherwise: duplicate keys, YAML merges, explicit types, `items` outside of a List, a line that begins with `---` and
  goes on. And so is the break-glass label, which would switch admission off.
* Problems are collected, not raised, with file and line: a release refuses them all, pinning edits around them.

Source: Kubernetes API reference (PodSpec); YAML 1.1 as libyaml reads it; k8s.io/apimachinery (yaml decoder,
unstructured) for what kubectl and Argo CD read; cloud.google.com/binary-authorization/docs/using-breakglass.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import yaml

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image import ImageReference
from shared.domain.kinds import POD_SPECS, Kind, runs_nothing

MANIFEST_SUFFIXES: Final = (".yaml", ".yml", ".json")
BREAK_GLASS: Final = frozenset({"image-policy.k8s.io/break-glass", "alpha.image-policy.k8s.io/break-glass"})
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_TAG_COMMENT: Final = re.compile(r"[ \t]+# tag: ([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?=[ \t\r\n]|$)", re.ASCII)
_BOM: Final = "\ufeff"
# kubectl and Argo CD split a file at lines that begin so, before any YAML parser; libyaml reads `---x: …` as a key.
_FALSE_MARKER: Final = re.compile(r"^---(?![ \t\r]|$)", re.MULTILINE)
_TYPE: Final = "tag:yaml.org,2002:"
_NULL: Final = f"{_TYPE}null"
# Types of the YAML core schema, explicit or resolved. Not `!!binary`: others decode `!!binary aW1hZ2U=` to `image`.
_PLAIN_TYPES: Final = frozenset(
    f"{_TYPE}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)


@dataclass(frozen=True, slots=True)
class ImageField:
    """One image in a manifest: where it stands (`start` and `end` in characters, `line` from 1) and what it says.

    `follows` is the tag that the line follows: its own, or the one in its `# tag:` comment.
    """

    path: str
    line: int
    start: int
    end: int
    reference: ImageReference
    follows: str | None

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.path} line {self.line}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file as read: its text without byte order mark, its images, and its problems."""

    path: str
    bom: str
    text: str
    images: tuple[ImageField, ...]
    problems: tuple[Rejected, ...]


def read_manifest(path: str, data: bytes, exempt_kinds: frozenset[str] = frozenset()) -> Manifest:
    """Read one file; what is wrong with it is in its problems."""
    reading = _Reading(path, exempt_kinds)
    text = reading.decode(data)
    for document in reading.documents(text):
        reading.document(document)
    images = tuple(sorted(reading.images, key=lambda image: image.start))
    return Manifest(path, reading.bom, text, images, tuple(reading.problems))


def followed_tag(text: str, end: int, reference: ImageReference) -> str | None:
    """Which tag an image field follows: its own, or the one in the comment right after it."""
    if reference.tag is not None:
        return reference.tag
    quote = 1 if text[end : end + 1] in ('"', "'") else 0
    found = _TAG_COMMENT.match(text, end + quote)
    return found.group(1) if found else None


class _Reading:
    """The state of reading one file."""

    def __init__(self, path: str, exempt_kinds: frozenset[str]) -> None:
        self.path = path
        self.images: list[ImageField] = []
        self.problems: list[Rejected] = []
        self.bom = ""
        self._exempt_kinds = exempt_kinds
        self._text = ""
        self._seen: set[int] = set()

    def decode(self, data: bytes) -> str:
        if len(data) > limits.MANIFEST_BYTES:
            self._problem(None, Reason.MALFORMED_MANIFEST, f"it has {len(data):,} bytes, too many to be judged")
            return ""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self._problem(None, Reason.MALFORMED_MANIFEST, "it is not UTF-8")
            return ""
        # A byte order mark would shift every position that libyaml reports.
        self.bom = _BOM if text.startswith(_BOM) else ""
        self._text = text.removeprefix(_BOM)
        return self._text

    def documents(self, text: str) -> Iterator[yaml.Node | None]:
        """Yield each document's root, until one does not parse."""
        marker = _FALSE_MARKER.search(text)
        if marker is not None:
            line = text.count("\n", 0, marker.start()) + 1
            why = f"line {line} begins with --- and goes on, where other readers begin a document"
            self._problem(None, Reason.NOT_UNDERSTOOD, why)
            return
        if not self._is_bounded(text):
            return
        loader = yaml.CSafeLoader(text)
        try:
            while loader.check_node():
                yield loader.get_node()
        except yaml.YAMLError as error:
            self._problem(None, Reason.MALFORMED_MANIFEST, f"it is not YAML: {shown(str(error))}")
        finally:
            loader.dispose()

    def document(self, root: yaml.Node | None) -> None:
        """Take one document's images, or say why they cannot be known."""
        if isinstance(root, yaml.ScalarNode) and not root.value:
            return
        if not isinstance(root, yaml.MappingNode):
            self._problem(root, Reason.NOT_UNDERSTOOD, "this document is no Kubernetes object")
            return
        if self._is_unambiguous(root):
            self._object(root)

    def _is_bounded(self, text: str) -> bool:
        """Count events before nodes are made of them: too deep would end the process inside libyaml's composer."""
        depth = nodes = 0
        # What does not parse is a problem too, but of its own document: those before it are read all the same.
        with suppress(yaml.YAMLError):
            for event in yaml.parse(text, Loader=yaml.CSafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                nodes += isinstance(event, (yaml.NodeEvent, yaml.DocumentStartEvent))
                if depth > limits.MANIFEST_DEPTH or nodes > limits.MANIFEST_NODES:
                    most = f"{limits.MANIFEST_NODES:,} YAML nodes in {limits.MANIFEST_DEPTH} levels"
                    self._problem(None, Reason.MALFORMED_MANIFEST, f"it is too large to be judged: at most {most}")
                    return False
        return True

    def _object(self, root: yaml.MappingNode) -> None:
        kind = Kind(_scalar(root, "apiVersion"), _scalar(root, "kind"))
        if kind.is_list:
            for item in self._items(root, "items"):
                self._member(item)
        elif _value(root, "items") is not None:
            # kubectl and Argo CD deploy the `items` of any object, whatever its kind says.
            self._problem(root, Reason.NOT_UNDERSTOOD, f"{shown(str(kind))} has items, which others read as a list")
        elif kind in POD_SPECS:
            self._pod_spec(root, POD_SPECS[kind])
        elif not runs_nothing(kind) and str(kind) not in self._exempt_kinds:
            what = str(kind) if kind.name else "a document without apiVersion and kind"
            self._problem(root, Reason.NOT_UNDERSTOOD, f"{what} may run images that cannot be seen here")

    def _member(self, item: yaml.Node) -> None:
        """Take one object of a List; one that an alias repeats could hold itself, or grow without bound."""
        if not isinstance(item, yaml.MappingNode):
            self._problem(item, Reason.NOT_UNDERSTOOD, "this item is no Kubernetes object")
        elif self._is_new(item):
            self._object(item)
        else:
            self._problem(item, Reason.NOT_UNDERSTOOD, "an alias repeats this object")

    def _pod_spec(self, root: yaml.MappingNode, path: tuple[str, ...]) -> None:
        spec: yaml.Node | None = root
        for key in path:
            spec = _value(spec, key)
        if not isinstance(spec, yaml.MappingNode):
            self._problem(root, Reason.MALFORMED_MANIFEST, f"it has no {'.'.join(path)}")
            return
        for holder in (container for field in _CONTAINERS for container in self._items(spec, field)):
            self._image(holder, "image")
        for volume in self._items(spec, "volumes"):
            source = _value(volume, "image")
            if source is not None:
                self._image(source, "reference")

    def _image(self, holder: yaml.Node, key: str) -> None:
        node = _value(holder, key)
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            self._problem(holder, Reason.MALFORMED_MANIFEST, f"a container or volume has no {key}")
        elif self._is_new(node):
            self._field(node)
        else:
            self._problem(node, Reason.NOT_UNDERSTOOD, "an alias shares this image, so it cannot be judged alone")

    def _items(self, node: yaml.Node, key: str) -> list[yaml.Node]:
        value = _value(node, key)
        if isinstance(value, yaml.SequenceNode):
            return list(value.value)
        if value is not None and value.tag != _NULL:
            self._problem(value, Reason.MALFORMED_MANIFEST, f"{key} is no list")
        return []

    def _is_new(self, node: yaml.Node) -> bool:
        """Whether a node is met for the first time; by its place, since nodes of documents that are done are gone."""
        place = node.start_mark.index
        known = place in self._seen
        self._seen.add(place)
        return not known

    def _field(self, node: yaml.ScalarNode) -> None:
        # The value stands right before the end of its node; an anchor or a type before it may look the same.
        end = node.end_mark.index - (1 if node.style in ("'", '"') else 0)
        start = end - len(node.value)
        if self._text[start:end] != node.value or node.style in ("|", ">"):
            self._problem(node, Reason.NOT_UNDERSTOOD, f"the image {shown(node.value)} is folded, escaped or templated")
            return
        try:
            reference = ImageReference.parse(node.value)
        except Rejected as error:
            self._problem(node, error.reason, error.detail)
            return
        follows = followed_tag(self._text, end, reference)
        self.images.append(ImageField(self.path, node.start_mark.line + 1, start, end, reference, follows))

    def _is_unambiguous(self, root: yaml.MappingNode) -> bool:
        """Look at every node once: explicit types, and keys that repeat, merge or break glass."""
        before = len(self.problems)
        waiting: list[yaml.Node] = [root]
        known: set[int] = {id(root)}
        while waiting and len(self.problems) == before:
            node = waiting.pop()
            if node.tag not in _PLAIN_TYPES:
                self._problem(node, Reason.NOT_UNDERSTOOD, f"the type {shown(node.tag)} is read differently by others")
            elif isinstance(node, yaml.MappingNode):
                self._keys(node)
            for child in _children(node):
                if id(child) not in known:
                    known.add(id(child))
                    waiting.append(child)
        return len(self.problems) == before

    def _keys(self, node: yaml.MappingNode) -> None:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) < len(keys):
            twice = Counter(keys).most_common(1)[0][0]
            self._problem(node, Reason.MALFORMED_MANIFEST, f"the key {shown(twice)} appears twice")
        elif "<<" in keys:
            self._problem(node, Reason.NOT_UNDERSTOOD, "a YAML merge (<<) is read differently by different tools")
        elif not BREAK_GLASS.isdisjoint(keys):
            self._problem(node, Reason.BREAK_GLASS, "the break-glass label would admit any image; it is never released")

    def _problem(self, node: yaml.Node | None, reason: Reason, why: str) -> None:
        place = self.path if node is None else f"{self.path} line {node.start_mark.line + 1}"
        self.problems.append(Rejected(reason, f"{place}: {why}"))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found: yaml.Node | None = next((value for name, value in node.value if name.value == key), None)
    return found


def _scalar(node: yaml.Node, key: str) -> str:
    value = _value(node, key)
    return value.value if isinstance(value, yaml.ScalarNode) else ""
