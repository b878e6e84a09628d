"""Reading a YAML document that is all mappings, lists and texts: one meaning per text, or none.

Aliases, merges, explicit types and repeated keys are refused, and numbers stay the text that they are: another reader
could see something else there.
"""

from __future__ import annotations

from typing import Any, NoReturn

from shared.domain import limits
from shared.domain.errors import Reason, Rejected
from shared.domain.yaml_nodes import Document, Documents, Mapping, Node, Scalar, is_null, line_of, place_of


def read_yaml_object(what: str, data: bytes, reason: Reason) -> dict[str, Any]:
    """Read one YAML mapping, which of nothing is empty; `what` names it in sentences.

    Raises:
        Rejected: the bytes are anything else, or ambiguous.
    """
    if len(data) > limits.MANIFEST_BYTES:
        raise Rejected(reason, f"{what} has {len(data):,} bytes; at most {limits.MANIFEST_BYTES:,}")
    try:
        text = data.decode("utf-8")
        documents = list(Documents(text).read())
    except UnicodeDecodeError:
        raise Rejected(reason, f"{what} is not UTF-8") from None
    except Rejected as error:
        raise Rejected(reason, f"{what}: {error.detail}") from None
    if not documents:
        return {}
    if len(documents) != 1:
        raise Rejected(reason, f"{what} must be one YAML document, not {len(documents)}")
    return _Reader(what, reason).read(documents[0])


class _Reader:
    """Turns nodes into plain values; how deep they are is bounded by what parsed them."""

    def __init__(self, what: str, reason: Reason) -> None:
        self._what = what
        self._reason = reason
        self._places: set[int] = set()

    def read(self, document: Document) -> dict[str, Any]:
        root, refusal = document.root, document.refusal
        if refusal is not None:
            self._refuse(refusal.line, refusal.why)
        if isinstance(root, Scalar) and is_null(root):
            return {}
        if not isinstance(root, Mapping):
            self._refuse(line_of(root), "it must be a YAML mapping")
        return self._mapping(root)

    def _mapping(self, node: Mapping) -> dict[str, Any]:
        if not all(isinstance(key, Scalar) for key in node.children[::2]):
            self._refuse(line_of(node), "a key is no text")
        return {name: self._value(value) for name, value in node.fields.items()}

    def _value(self, node: Node) -> Any:
        if isinstance(node, Scalar) and is_null(node):
            return None
        if place_of(node) in self._places:
            self._refuse(line_of(node), "an alias repeats a value")
        self._places.add(place_of(node))
        if isinstance(node, Scalar):
            return node.value
        return self._mapping(node) if isinstance(node, Mapping) else [self._value(child) for child in node.children]

    def _refuse(self, line: int, why: str) -> NoReturn:
        raise Rejected(self._reason, f"{self._what} line {line}: {why}")
