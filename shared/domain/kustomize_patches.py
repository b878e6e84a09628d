"""Patches of a kustomization: whether one certainly leaves every image as it is.

Rules:
* A patch that names `image` anywhere, as a key or in a path, is a problem: there is no image without that key.
* So is one that moves or copies, or changes what kind of object something is, or may reach a custom resource whose
  images are configured: without its image such a resource runs one by default.
* Whatever cannot be read is a problem as well.

Source: RFC 6901 and 6902; kubernetes-sigs/kustomize (patches); strategic-merge-patch.md of sig-api-machinery.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.domain.errors import Rejected, shown
from shared.domain.image_paths import ImagePaths
from shared.domain.kinds import is_known_name
from shared.domain.kustomization import Patch
from shared.domain.yaml_nodes import (
    BREAK_GLASS,
    Document,
    Documents,
    Mapping,
    Node,
    Scalar,
    Sequence,
    place_of,
    text_of,
    value_of,
)

_IMAGE: Final = "image"
_OPERATIONS: Final = frozenset({"add", "remove", "replace", "test"})
_WHAT_IT_IS: Final = frozenset({"apiVersion", "kind", "items", ""})


def problem_of(patch: Patch, text: str, image_paths: ImagePaths) -> str | None:
    """Say why a patch with this text may change an image; None where it cannot."""
    try:
        documents = list(Documents(text).read())
    except Rejected as error:
        return error.detail
    found = [why for document in documents if (why := _of_document(document, patch.kind, image_paths)) is not None]
    return found[0] if found else None if documents else "it is empty"


def _of_document(document: Document, target: str, image_paths: ImagePaths) -> str | None:
    root = document.root
    if document.refusal is not None:
        return document.refusal.why
    if isinstance(root, Scalar):
        return "it is neither a patch nor a list of operations"
    kind = text_of(root, "kind")
    if target and kind not in {"", target}:
        return f"it is for a {shown(target)}, and is a {shown(kind)}"
    if image_paths and not _is_surely_built_in(target or kind, image_paths):
        return "it names no built-in kind, and may reach a custom resource whose images are configured"
    if _IMAGE in _keys(root):
        return "it touches an image"
    return _of_operations(root) if isinstance(root, Sequence) else None


def _is_surely_built_in(kind: str, image_paths: ImagePaths) -> bool:
    return is_known_name(kind) and all(kind != configured.name for configured in image_paths)


def _of_operations(root: Sequence) -> str | None:
    for operation in root.children:
        name, path = text_of(operation, "op"), value_of(operation, "path")
        if name not in _OPERATIONS or not isinstance(path, Scalar):
            return f"the operation {shown(name)} is not understood"
        parts = [part.replace("~1", "/").replace("~0", "~") for part in path.value.split("/")]
        if len(parts) == 1 or parts[1] in _WHAT_IT_IS:
            return f"the path {shown(path.value)} changes what the object is"
        if _IMAGE in parts or not BREAK_GLASS.isdisjoint(parts):
            return f"the path {shown(path.value)} touches an image, or breaks glass"
    return None


def _keys(root: Node) -> set[str]:
    return {key for node in _mappings(root) for key in node.fields}


def _mappings(root: Node) -> Iterator[Mapping]:
    """Yield every mapping below a node once, however often an alias repeats it."""
    waiting, met = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar) or place_of(node) in met:
            continue
        met.add(place_of(node))
        waiting += node.children
        if isinstance(node, Mapping):
            yield node
