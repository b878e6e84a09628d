"""Image fields: one image in the text of a manifest, and what its line says about the tag."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.following import FrozenLines, TagComment, TagPattern, read_pattern
from shared.domain.image import ImageReference
from shared.domain.yaml_nodes import Scalar, line_of, span_of


@dataclass(frozen=True, slots=True)
class ImageField:
    """One image in a manifest: where it stands (`start` and `end` in characters, `line` from 1) and what it says.

    `follows` is the tag that the line names: its own, or the one in its `# tag:` comment; `pattern` says which others
    it moves to. A person froze a line that `is_frozen`.
    """

    path: str
    line: int
    start: int
    end: int
    reference: ImageReference
    follows: str | None
    pattern: TagPattern | None = None
    is_frozen: bool = False

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.path} line {self.line}"


def followed_tag(text: str, end: int, reference: ImageReference) -> str | None:
    """Which tag an image field names: its own, or the one in the comment right after it."""
    return reference.tag or TagComment.read(text, end).tag


class ImageLines:
    """The lines of one text, of which some hold an image."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._frozen = FrozenLines(text)

    def field(self, node: Scalar) -> ImageField:
        """Read the image in a scalar, without its pattern.

        Raises:
            Rejected: it is no reference, or does not stand in the text as it reads.
        """
        # The value stands right before the end of its node; an anchor or a type before it may look the same.
        end = span_of(node)[1] - (1 if node.style in ("'", '"') else 0)
        start = end - len(node.value)
        if self._text[start:end] != node.value or node.style in ("|", ">"):
            why = f"the image {shown(node.value)} is folded, escaped or templated"
            raise Rejected(Reason.NOT_UNDERSTOOD, why)
        reference = ImageReference.parse(node.value)
        follows = followed_tag(self._text, end, reference)
        return ImageField(
            self._path,
            line_of(node),
            start,
            end,
            reference=reference,
            follows=follows,
            is_frozen=self._frozen.hold(end),
        )

    def pattern(self, field: ImageField) -> TagPattern | None:
        """Read which other tags a line follows.

        Raises:
            Rejected: that is not understood.
        """
        follow = TagComment.read(self._text, field.end).follow
        return None if follow is None else read_pattern(follow)
