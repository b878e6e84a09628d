"""Image fields: one image in the text of a manifest, and what its line says about the tag."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.following import NO_COMMENT, FrozenLines, TagComment, TagPattern
from shared.domain.image import ImageReference
from shared.domain.yaml_nodes import Mapping, Scalar, column_of, end_of, line_of, mark_of, place_of


@dataclass(frozen=True, slots=True)
class Block:
    """The text around an image that can be read alone: from where to where, in characters, and in which column.

    `entry` is the key and the value that are all there is to read in it; None where it is a mapping, whole.
    """

    start: int
    end: int
    column: int
    entry: tuple[str, str] | None = None

    @classmethod
    def of(cls, holder: Mapping) -> Block:
        """Take a mapping whole."""
        return cls(place_of(holder), end_of(holder.end), column_of(holder))

    @classmethod
    def around(cls, value: Scalar, holder: Mapping) -> Block:
        """Take a key and its value, up to the next key of the mapping; or the mapping, where that is not plain to see.

        Every entry of a block mapping begins in the same column, and reads as if it stood there alone.
        """
        nth = holder.children.index(value)
        key = holder.children[nth - 1]
        begin, begin_value = mark_of(key), mark_of(value)
        is_plain = begin.line == begin_value.line and begin.column == column_of(holder)
        if holder.event.flow_style or not is_plain or not isinstance(key, Scalar):
            return cls.of(holder)
        end, column = end_of(holder.end), begin.column
        for after in holder.children[nth + 1 : nth + 2]:
            end, column = place_of(after), column_of(after)
        # A key by alias has the place of its anchor; one behind a question mark does not begin its entry.
        if end <= begin_value.index or column != begin.column:
            return cls.of(holder)
        return cls(begin.index, end, column, (key.value, value.value))


@dataclass(frozen=True, slots=True)
class NewKey:
    """Where a key `digest` goes into the text, and what stands around its value there."""

    at: int
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class TagKeys:
    """Where an entry of a kustomization that decides keeps its tag and its digest.

    `tag` is the value of `newTag`, from where to where, and None where there is none; `digest` is where that key goes
    in, and None where it is there already. `is_full` where it is not, and can go in nowhere. `tag_comment` is that of
    the tag where a digest decides.
    """

    tag: tuple[int, int] | None = None
    tag_comment: TagComment = NO_COMMENT
    digest: NewKey | None = None
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class PodPlace:
    """What a manifest says of where its pods run: their namespace, their service account's name; None says nothing."""

    namespace: str | None = None
    service_account: str | None = None


@dataclass(frozen=True, slots=True)
class ImageField:
    """One image in a manifest: where it stands (`start` and `end` in characters, `line` from 1) and what it says.

    `reference` is the image that runs, `source` what stands in the text, which a kustomization may override in part;
    `keys` is there where it is such an override itself. `follows` is the tag that the line names: its own, or the one
    in its `comment`; `pattern` says which others it moves to. A person froze a line that `is_frozen`. Of a container
    kustomize overrides the image; of anything else it depends on the version. `pods` are the places in which it runs,
    several where kustomizations bring it to several.
    """

    path: str
    line: int
    start: int
    end: int
    reference: ImageReference
    follows: str | None
    block: Block
    source: str
    comment: TagComment = NO_COMMENT
    pattern: TagPattern | None = None
    is_frozen: bool = False
    is_container: bool = False
    keys: TagKeys | None = None
    pods: tuple[PodPlace, ...] = (PodPlace(),)

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.path} line {self.line}"


def place_in(text: str, node: Scalar) -> tuple[int, int] | None:
    """From where to where a value stands in the text as it reads; None where it is folded, escaped or in a block."""
    # The value stands right before the end of its node; an anchor or a type before it may look the same.
    end = end_of(node) - (1 if node.style in ("'", '"') else 0)
    start = end - len(node.value)
    return None if text[start:end] != node.value or node.style in ("|", ">") else (start, end)


class ImageLines:
    """The lines of one text, of which some hold an image."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._frozen = FrozenLines(text)

    def field(self, node: Scalar, holder: Mapping, pod: PodPlace, *, is_container: bool) -> ImageField:
        """Read the image in a scalar, without its pattern.

        Raises:
            Rejected: it is no reference, or does not stand in the text as it reads.
        """
        place = place_in(self.text, node)
        if "{{" in node.value:
            raise Rejected(Reason.NOT_UNDERSTOOD, f"the image {shown(node.value)} is templated")
        if place is None:
            why = f"the image {shown(node.value)} is folded or escaped"
            raise Rejected(Reason.NOT_UNDERSTOOD, why)
        reference = ImageReference.parse(node.value)
        comment = TagComment.read(self.text, place[1])
        return ImageField(
            self.path,
            line_of(node),
            *place,
            reference=reference,
            follows=reference.tag or comment.tag,
            block=Block.around(node, holder),
            source=node.value,
            comment=comment,
            is_frozen=self.is_frozen(place[1]),
            is_container=is_container,
            pods=(pod,),
        )

    def is_frozen(self, end: int) -> bool:
        """Whether a person froze the line on which something ends."""
        return self._frozen.hold(end)
