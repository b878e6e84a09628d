"""Kustomizations: which resources one names, how it overrides images, and whatever else could change what runs.

Rules:
* Every field is known to change no image, or read, or a problem: what prodgate does not know may run anything.
* `labels` with `fields` is refused: it writes its pairs wherever it likes, into an image too.
* An entry that is not understood is kept, so that nobody judges or edits the images that it may override.

Source: sigs.k8s.io/kustomize api/types/kustomization.go and image.go, v5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.following import NO_COMMENT, TagComment, TagPattern
from shared.domain.image_fields import Block, ImageLines, NewKey, PodPlace, TagKeys, place_in
from shared.domain.yaml_nodes import (
    Mapping,
    Node,
    Refusal,
    Scalar,
    Sequence,
    column_of,
    end_of,
    is_null,
    line_of,
    place_of,
    text_of,
    value_of,
)

KUSTOMIZATION_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""How kustomize finds one in a folder."""

_VERSIONS: Final = frozenset({"", "kustomize.config.k8s.io/v1beta1"})
_KINDS: Final = frozenset({"", "Kustomization"})
_CHANGES_NO_IMAGE: Final = frozenset(
    {
        "apiVersion",
        "buildMetadata",
        "commonAnnotations",
        "commonLabels",
        "configMapGenerator",
        "generatorOptions",
        "kind",
        "labels",
        "metadata",
        "namePrefix",
        "nameSuffix",
        "namespace",
        "replicas",
        "secretGenerator",
        "sortOptions",
    }
)
_RENAMES: Final = ("namePrefix", "nameSuffix")
_READ: Final = frozenset({"bases", "images", "patches", "patchesJson6902", "patchesStrategicMerge", "resources"})
_QUOTES: Final = ("'", '"')
_LABEL_KEYS: Final = frozenset({"pairs", "includeSelectors", "includeTemplates"})
_IMAGE_KEYS: Final = frozenset({"name", "newName", "newTag", "digest"})
_PATCH_KEYS: Final = frozenset({"patch", "path", "target"})  # not `options`, by which a patch may change the kind
_TARGET_KEYS: Final = frozenset(
    {"group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"}
)
# kustomize puts a name into a regular expression as it is; of these characters only the dot means something there.
_NAME: Final = re.compile(r"(?:[A-Za-z0-9._:-]+/)*[A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder that a kustomization names, and the line on which it does."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch: in a file, or as text; the kind that it is for, where it says so; and its line."""

    line: int
    path: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class TagText:
    """Where an entry of `images` names a tag or a digest, and what its line says about it (see ImageField)."""

    line: int
    start: int
    end: int
    source: str
    comment: TagComment
    block: Block
    keys: TagKeys
    is_frozen: bool
    pattern: TagPattern | None


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One entry of `images`; empty is what it does not say. `decides` is there where it sets a tag or a digest.

    One that is not understood may do anything to the images of its name, or to all of them where that is empty.
    """

    line: int
    name: str
    new_name: str
    new_tag: str
    digest: str
    decides: TagText | None
    is_understood: bool = True


@dataclass(frozen=True, slots=True)
class Kustomization:
    """What one kustomization does, as far as images go, and the pods that run them.

    It brings every resource into its `namespace`, if it has one; where it `renames`, service accounts have other names.
    """

    resources: tuple[Named, ...] = ()
    images: tuple[ImageEntry, ...] = ()
    patches: tuple[Patch, ...] = ()
    namespace: str | None = None
    renames: bool = False

    def moved(self, pod: PodPlace) -> PodPlace:
        """Say what is known of a pod's place behind this kustomization, whose patches may say anything about it."""
        if self.patches:
            pod = PodPlace()
        return PodPlace(self.namespace or pod.namespace, None if self.renames else pod.service_account)


@dataclass(slots=True)
class KustomizationReader:
    """Reads a kustomization; what is wrong with it gathers in `problems`."""

    lines: ImageLines
    repeated: frozenset[int]
    problems: list[Refusal] = field(default_factory=list)
    _places: set[int] = field(default_factory=set)

    def read(self, root: Mapping) -> Kustomization:
        """Read one document."""
        if text_of(root, "kind") not in _KINDS or text_of(root, "apiVersion") not in _VERSIONS:
            self._problem(root, "it is no kustomize.config.k8s.io/v1beta1 Kustomization")
        for key, value in root.fields.items():
            if key not in _CHANGES_NO_IMAGE | _READ and not _is_empty(value):
                self._problem(value, f"{shown(key)} can change what runs, or bring in what cannot be seen here")
        for label in self._items(root, "labels"):
            self._only(label, _LABEL_KEYS, "labels")
        return Kustomization(
            tuple(self._named(root)),
            tuple(entry for item in self._items(root, "images") for entry in self._image(item)),
            tuple(self._patches(root)),
            namespace=None if (namespace := _scalar(root, "namespace")) is None else namespace.value,
            renames=any(_scalar(root, key) is not None for key in _RENAMES),
        )

    def _named(self, root: Mapping) -> Iterator[Named]:
        for item in [*self._items(root, "resources"), *self._items(root, "bases")]:
            if isinstance(item, Scalar):
                yield Named(item.value, line_of(item))
            else:
                self._problem(item, "this resource is no path")

    def _image(self, item: Node) -> Iterator[ImageEntry]:
        name, new_name = text_of(item, "name"), text_of(item, "newName")
        if not self._only(item, _IMAGE_KEYS, "images") or not isinstance(item, Mapping):
            yield _not_understood(item, name)
        elif place_of(item) in self._places | self.repeated:
            self._problem(item, "an alias repeats this entry")
            yield _not_understood(item, name)
        elif not _NAME.fullmatch(name) or (new_name and not _NAME.fullmatch(new_name)):
            self._problem(item, "the name of an image has a tag, or characters that kustomize reads as a pattern")
            yield _not_understood(item, name)
        else:
            self._places.add(place_of(item))
            yield self._entry(item, name, new_name)

    def _entry(self, item: Mapping, name: str, new_name: str) -> ImageEntry:
        tag, digest = _scalar(item, "newTag"), _scalar(item, "digest")
        decides = None
        if tag is not None or digest is not None:
            try:
                decides = self._tag_text(item, tag, digest)
            except Rejected as error:
                self.problems.append(Refusal(line_of(item), error.reason, error.detail))
                return _not_understood(item, name)
        new_tag, new_digest = (node.value if node else "" for node in (tag, digest))
        return ImageEntry(line_of(item), name, new_name, new_tag, new_digest, decides)

    def _tag_text(self, item: Mapping, tag: Scalar | None, digest: Scalar | None) -> TagText:
        """Find where the tag and the digest stand, and what their lines say.

        Raises:
            Rejected: one does not stand in the text as it reads, or they contradict each other.
        """
        lines = [node for node in (digest, tag) if node is not None]
        places = [self._place(node) for node in lines]
        comments = [TagComment.read(self.lines.text, end) for _, end in places]
        start, end = places[0]
        named = {comment.tag for comment in comments if comment.tag is not None} | ({tag.value} if tag else set())
        if digest is not None and len(named) > 1:
            raise Rejected(
                Reason.NOT_UNDERSTOOD, f"newTag and comments name two tags: {shown(' '.join(sorted(named)))}"
            )
        name = value_of(item, "name")
        ends = [end for _, end in places] + ([end_of(name)] if isinstance(name, Scalar) else [])
        return TagText(
            line_of(lines[0]),
            start,
            end,
            lines[0].value,
            comments[0],
            block=Block.of(item),
            keys=self._keys(item, tag, digest),
            is_frozen=any(map(self.lines.is_frozen, ends)),
            pattern=self._pattern(item, comments),
        )

    def _keys(self, item: Mapping, tag: Scalar | None, digest: Scalar | None) -> TagKeys:
        """Find the tag, and where the digest goes, if it is not there: before the tag, whose line stays as it is."""
        if tag is None:
            return TagKeys()
        if digest is not None:
            comment = TagComment.read(self.lines.text, self._place(tag)[1])
            return TagKeys(self._place(tag), tag_comment=comment)
        key = _key(item, "newTag")
        place = place_in(self.lines.text, key)
        is_plain = place is not None and place_of(key) not in self.repeated
        if not is_plain or not (item.event.flow_style or column_of(key) == column_of(item)):
            return TagKeys(self._place(tag), is_full=True)
        return TagKeys(self._place(tag), digest=self._new_key(key, tag, item))

    def _new_key(self, key: Scalar, tag: Scalar, item: Mapping) -> NewKey:
        """Write `digest` in the style of the key before which it goes: JSON stays JSON, CRLF stays CRLF."""
        text, at = self.lines.text, place_of(key)
        quote, value_quote = (node.style if node.style in _QUOTES else "" for node in (key, tag))
        head = f"{quote}digest{quote}: {value_quote}"
        if item.event.flow_style:
            return NewKey(at, head, f"{value_quote}, ")
        line_end = text.find("\n", at)
        line_break = "\r\n" if text[line_end - 1 : line_end] == "\r" else "\n"
        return NewKey(at, head, f"{value_quote}{line_break}{' ' * column_of(key)}")

    def _pattern(self, item: Mapping, comments: list[TagComment]) -> TagPattern | None:
        """Read which other tags the entry follows; where that is not understood, it follows its own alone."""
        name = value_of(item, "name")
        behind_name = TagComment.read(self.lines.text, end_of(name)) if isinstance(name, Scalar) else NO_COMMENT
        try:
            return _pattern_of(comments, behind_name)
        except Rejected as error:
            self.problems.append(Refusal(line_of(item), error.reason, error.detail))
            return None

    def _place(self, node: Scalar) -> tuple[int, int]:
        place = place_in(self.lines.text, node)
        if place is None or place_of(node) in self.repeated:
            raise Rejected(Reason.NOT_UNDERSTOOD, f"{shown(node.value)} is folded, escaped or by alias")
        return place

    def _patches(self, root: Mapping) -> Iterator[Patch]:
        for item in [*self._items(root, "patches"), *self._items(root, "patchesJson6902")]:
            target = value_of(item, "target")
            if self._only(item, _PATCH_KEYS, "patches") and (
                target is None or self._only(target, _TARGET_KEYS, "target")
            ):
                kind = text_of(target, "kind")
                yield Patch(line_of(item), text_of(item, "path"), text_of(item, "patch"), kind)
        for item in self._items(root, "patchesStrategicMerge"):
            if isinstance(item, Scalar):
                is_text = "\n" in item.value or ":" in item.value
                yield Patch(line_of(item), *(("", item.value) if is_text else (item.value, "")), kind="")
            else:
                self._problem(item, "this patch is neither a path nor text")

    def _only(self, item: Node, keys: frozenset[str], what: str) -> bool:
        """Whether an item is a mapping of these keys and no others."""
        unknown = None if not isinstance(item, Mapping) else next((k for k in item.fields if k not in keys), None)
        if isinstance(item, Mapping) and unknown is None:
            return True
        why = "an entry is no mapping" if unknown is None else f"{shown(unknown)} is not understood"
        self._problem(item, f"{what}: {why}")
        return False

    def _items(self, root: Mapping, key: str) -> list[Node]:
        value = root.fields.get(key)
        if isinstance(value, Sequence):
            return value.children
        if value is not None and not is_null(value):
            self._problem(value, f"{key} is no list")
        return []

    def _problem(self, node: Node, why: str) -> None:
        self.problems.append(Refusal(line_of(node), Reason.NOT_UNDERSTOOD, why))


def _pattern_of(comments: list[TagComment], behind_name: TagComment) -> TagPattern | None:
    """Read the one pattern of an entry, which may stand behind its digest or its tag.

    Raises:
        Rejected: it is not understood, or there are two, or it stands behind the name.
    """
    patterns = dict.fromkeys(pattern for c in comments if (pattern := c.pattern()) is not None)
    if len(patterns) > 1 or behind_name != NO_COMMENT:
        raise Rejected(Reason.NOT_UNDERSTOOD, "what it follows must stand once, behind newTag or digest")
    return next(iter(patterns), None)


def _not_understood(item: Node, name: str) -> ImageEntry:
    matches = name if _NAME.fullmatch(name) else ""
    return ImageEntry(line_of(item), matches, "", "", "", None, is_understood=False)


def _scalar(item: Mapping, key: str) -> Scalar | None:
    value = value_of(item, key)
    return value if isinstance(value, Scalar) and value.value and not is_null(value) else None


def _key(item: Mapping, name: str) -> Scalar:
    return next(key for key in item.children[::2] if isinstance(key, Scalar) and key.value == name)


def _is_empty(value: Node) -> bool:
    return is_null(value) if isinstance(value, Scalar) else not value.children
