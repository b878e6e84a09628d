"""Kubernetes manifests: which images they run, where each one stands in the text, and what cannot be judged.

Rules:
* Images are read from the pod spec of every workload kind: containers, init and ephemeral containers, image volumes.
* A document of a kind that is neither a workload nor known to run nothing is a problem: it may run an image that
  nobody sees here (Helm values, an Argo CD Application, a custom resource). So is whatever other readers may read
  otherwise: duplicate keys, YAML merges, explicit types, `items` outside of a List, a line that begins with `---` and
  goes on. And so is the break-glass label, which would switch admission off.
* Problems are collected, not raised, with file and line: a release refuses them all, pinning edits around them.

Source: Kubernetes API reference (PodSpec); k8s.io/apimachinery (unstructured) for what kubectl and Argo CD read;
cloud.google.com/binary-authorization/docs/using-breakglass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image_fields import ImageField, ImageLines, PodPlace
from shared.domain.image_paths import NO_PATHS, ImagePath, ImagePaths
from shared.domain.kinds import POD_SPECS, Kind, runs_nothing
from shared.domain.kustomization import KUSTOMIZATION_NAMES, Kustomization, KustomizationReader
from shared.domain.yaml_nodes import (
    Document,
    Documents,
    Mapping,
    Node,
    Scalar,
    Sequence,
    is_null,
    line_of,
    place_of,
    text_of,
    value_of,
)

__all__ = ["MANIFEST_SUFFIXES", "ImageField", "Manifest", "Mention", "read_manifest"]

MANIFEST_SUFFIXES: Final = (".yaml", ".yml", ".json")
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_OVERRIDDEN: Final = frozenset({"containers", "initContainers"})  # by kustomize (api/filters/imagetag/legacy.go)
_ANYWHERE: Final = PodPlace()
_BOM: Final = "\ufeff"
# kubectl and Argo CD split a file at lines that begin so, before any YAML parser; libyaml reads `---x: …` as a key.
# What a pattern begins with, re looks for fastest: so it does with the hyphens, and then whether they begin a line.
_FALSE_MARKER: Final = re.compile(r"---(?<=^---)(?![ \t\r\n]|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mention:
    """A value under a key that is called like an image, where nothing is known to run it: `place` for people."""

    place: str
    value: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file as read: its text without byte order mark, its images, its mentions of others, and its problems.

    A `kustomization` has no images before it is applied (see kustomize.py).
    """

    path: str
    bom: str
    text: str
    images: tuple[ImageField, ...]
    problems: tuple[Rejected, ...]
    mentions: tuple[Mention, ...]
    kustomization: Kustomization | None = None


def read_manifest(
    path: str, data: bytes, exempt_kinds: frozenset[str] = frozenset(), image_paths: ImagePaths = NO_PATHS
) -> Manifest:
    """Read one file; what is wrong with it is in its problems."""
    reading = _Reading(path, exempt_kinds, image_paths)
    text = reading.decode(data)
    reading.read(text)
    images = tuple(sorted(reading.images, key=lambda image: image.start))
    return Manifest(
        path,
        reading.bom,
        text,
        images,
        tuple(reading.problems),
        mentions=tuple(reading.mentions),
        kustomization=reading.kustomization or (Kustomization() if reading.is_kustomization else None),
    )


class _Reading:
    """The state of reading one file."""

    def __init__(self, path: str, exempt_kinds: frozenset[str], image_paths: ImagePaths) -> None:
        self.path = path
        self.images: list[ImageField] = []
        self.problems: list[Rejected] = []
        self.mentions: list[Mention] = []
        self.bom = ""
        self.is_kustomization = path.rpartition("/")[2] in KUSTOMIZATION_NAMES
        self.kustomization: Kustomization | None = None
        self._exempt_kinds = exempt_kinds
        self._image_paths = image_paths
        self._places: set[int] = set()
        self._repeated: frozenset[int] = frozenset()
        self._lines = ImageLines(path, "")

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
        text = text.removeprefix(_BOM)
        self._lines = ImageLines(self.path, text)
        return text

    def read(self, text: str) -> None:
        """Take the images of every document, until one does not parse."""
        marker = _FALSE_MARKER.search(text)
        if marker is not None:
            line = text.count("\n", 0, marker.start()) + 1
            why = "it begins with --- and goes on, where other readers begin a document"
            self._problem(line, Reason.NOT_UNDERSTOOD, why)
            return
        documents = Documents(text)
        try:
            for document in documents.read():
                self._document(document)
        except Rejected as error:
            # A file that is too large is judged by nobody.
            self.images, self.problems, self.mentions = [], [], []
            self._problem(None, error.reason, error.detail)

    def _document(self, document: Document) -> None:
        """Take one document's images, or say why they cannot be known."""
        root, refusal = document.root, document.refusal
        self._repeated = document.repeated
        if refusal is not None:
            self._problem(refusal.line, refusal.reason, refusal.why)
        elif isinstance(root, Mapping):
            if self.is_kustomization:
                self._kustomization(root)
            else:
                self._object(root)
        elif not isinstance(root, Scalar) or root.value:
            self._problem(line_of(root), Reason.NOT_UNDERSTOOD, "this document is no Kubernetes object")
        self._mention(document)

    def _kustomization(self, root: Mapping) -> None:
        if self.kustomization is not None:
            self._problem(line_of(root), Reason.NOT_UNDERSTOOD, "a kustomization is one document, and this is another")
            return
        reader = KustomizationReader(self._lines, self._repeated)
        self.kustomization = reader.read(root)
        for problem in reader.problems:
            self._problem(problem.line, problem.reason, problem.why)

    def _mention(self, document: Document) -> None:
        """Keep what is called an image and was not read as one; only people can know whether it is run."""
        for node in document.named_images:
            value = _reference(node)
            if value and self._is_new(node):
                self.mentions.append(Mention(f"{self.path} line {line_of(node)}", value))

    def _object(self, root: Mapping, unnamed: Kind | None = None) -> None:
        """Judge an object by its kind; one that says none, in a list of some kind, is of that (`unnamed`)."""
        api_version, name = text_of(root, "apiVersion"), text_of(root, "kind")
        kind = Kind(api_version, name) if api_version or name or unnamed is None else unnamed
        of_items = kind.of_items
        if kind.is_list or (of_items is not None and self._is_known(of_items)):
            for item in self._items(root, "items"):
                self._member(item, of_items)
        elif value_of(root, "items") is not None:
            # kubectl and Argo CD deploy the `items` of any object, whatever its kind says.
            why = f"{shown(str(kind))} has items, which others read as a list"
            self._problem(line_of(root), Reason.NOT_UNDERSTOOD, why)
        elif (path := POD_SPECS.get(kind)) is not None:
            self._pod_spec(root, path, is_built_in=True)
        elif kind in self._image_paths:
            self._configured(root, kind)
        elif not self._is_known(kind):
            what = str(kind) if kind.name else "a document without apiVersion and kind"
            self._problem(line_of(root), Reason.NOT_UNDERSTOOD, f"{what} may run images that cannot be seen here")

    def _is_known(self, kind: Kind) -> bool:
        """Whether it is known what objects of this kind run."""
        if kind in POD_SPECS or kind in self._image_paths:
            return True
        return runs_nothing(kind) or str(kind) in self._exempt_kinds

    def _member(self, item: Node, unnamed: Kind | None) -> None:
        """Take one object of a List; one that an alias repeats could hold itself, or grow without bound."""
        if not isinstance(item, Mapping):
            self._problem(line_of(item), Reason.NOT_UNDERSTOOD, "this item is no Kubernetes object")
        elif self._is_new(item):
            self._object(item, unnamed)
        else:
            self._problem(line_of(item), Reason.NOT_UNDERSTOOD, "an alias repeats this object")

    def _configured(self, root: Mapping, kind: Kind) -> None:
        """Read a custom resource along its configured paths; without any image it would run one by default, unseen."""
        before = len(self.images), len(self.problems)
        for path in self._image_paths[kind]:
            if path.is_pod_spec:
                self._pod_spec(root, path.keys)
            else:
                for holder in self._holders(root, path):
                    self._image(holder, path.keys[-1], f"it has no {path}")
        if before == (len(self.images), len(self.problems)):
            self._problem(line_of(root), Reason.NOT_UNDERSTOOD, f"no configured path of {kind} leads to an image")

    def _holders(self, root: Mapping, path: ImagePath) -> list[Node]:
        """Walk to what holds the image; a key that is missing on the way is a problem, an empty list is not."""
        found: list[Node] = [root]
        for key in path.keys[:-1]:
            if key.endswith("[]"):
                found = [item for node in found for item in self._items(node, key.removesuffix("[]"))]
                continue
            values = [value_of(node, key) for node in found]
            found = [value for value in values if isinstance(value, Mapping)]
            if len(found) < len(values):
                self._problem(line_of(root), Reason.MALFORMED_MANIFEST, f"it has no {path}")
        return found

    def _pod_spec(self, root: Mapping, path: tuple[str, ...], *, is_built_in: bool = False) -> None:
        """Take the images of a pod spec; where the pods of a custom resource run, only its controller knows."""
        spec: Node | None = root
        for key in path:
            spec = value_of(spec, key)
        if not isinstance(spec, Mapping):
            self._problem(line_of(root), Reason.MALFORMED_MANIFEST, f"it has no {'.'.join(path)}")
            return
        pod = _pod_place(root, spec) if is_built_in else _ANYWHERE
        for field in _CONTAINERS:
            for holder in self._items(spec, field):
                why = "a container or volume has no image"
                self._image(holder, "image", why, pod, is_container=field in _OVERRIDDEN)
        for volume in self._items(spec, "volumes"):
            source = value_of(volume, "image")
            if source is not None:
                self._image(source, "reference", "a container or volume has no reference", pod)

    def _image(
        self, holder: Node, key: str, absent: str, pod: PodPlace = _ANYWHERE, *, is_container: bool = False
    ) -> None:
        node = value_of(holder, key)
        if isinstance(node, Mapping) and self._lines.text.startswith("{{", place_of(node)):
            self._problem(line_of(node), Reason.NOT_UNDERSTOOD, f"the {key} is templated")
        elif not isinstance(holder, Mapping) or not isinstance(node, Scalar) or not node.value:
            self._problem(line_of(holder), Reason.MALFORMED_MANIFEST, absent)
        elif place_of(node) not in self._repeated and self._is_new(node):
            self._field(node, holder, pod, is_container=is_container)
        else:
            why = "an alias shares this image, so it cannot be judged alone"
            self._problem(line_of(node), Reason.NOT_UNDERSTOOD, why)

    def _items(self, node: Node, key: str) -> list[Node]:
        value = value_of(node, key)
        if isinstance(value, Sequence):
            return value.children
        if value is not None and not is_null(value):
            self._problem(line_of(value), Reason.MALFORMED_MANIFEST, f"{key} is no list")
        return []

    def _is_new(self, node: Node) -> bool:
        """Whether a node is met for the first time; by its place, since nodes of documents that are done are gone."""
        place = place_of(node)
        known = place in self._places
        self._places.add(place)
        return not known

    def _field(self, node: Scalar, holder: Mapping, pod: PodPlace, *, is_container: bool) -> None:
        try:
            field = self._lines.field(node, holder, pod, is_container=is_container)
            self.images.append(field)
            pattern = field.comment.pattern()
        except Rejected as error:
            # A comment that is not understood leaves the image, which then follows its own tag alone.
            self._problem(line_of(node), error.reason, error.detail)
            return
        if pattern is not None:
            self.images[-1] = replace(field, pattern=pattern)

    def _problem(self, line: int | None, reason: Reason, why: str) -> None:
        place = self.path if line is None else f"{self.path} line {line}"
        self.problems.append(Rejected(reason, f"{place}: {why}"))


def _pod_place(root: Mapping, spec: Mapping) -> PodPlace:
    """Read where a workload says that its pods run; they run in its own namespace, whatever their template says."""
    account = _said(spec, "serviceAccountName") or _said(spec, "serviceAccount")  # its old name (PodSpec)
    return PodPlace(_said(value_of(root, "metadata"), "namespace"), account)


def _said(node: Node | None, key: str) -> str | None:
    value = value_of(node, key)
    return value.value if isinstance(value, Scalar) and not is_null(value) and value.value else None


def _reference(node: Node) -> str:
    """Read what is called an image: a text, or the parts that Helm charts put together."""
    if isinstance(node, Scalar):
        return node.value
    repository, tag, digest = (text_of(node, key) for key in ("repository", "tag", "digest"))
    return repository and f"{repository}{tag and f':{tag}'}{digest and f'@{digest}'}"
