"""Pinning: put digests into manifests, and change not one byte that need not be changed.

Rules:
* A line follows a tag if it names that tag, or carries it in its comment: `image: HOST/NAME@sha256:… # tag: v1`; what
  else a comment may ask for is in following.py. A line that a person froze never moves.
* Only the reference and the tag in the comment are replaced, and the comment added where it was missing; quotes,
  blanks, line ends stay.
* A line that cannot carry the comment (flow style, JSON) is left alone and said so: it would lose its tag.
* Every edit is verified by reading the result again: exactly the intended scalars may differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Fault, Unavailable
from shared.domain.following import TagComment, latest
from shared.domain.image import Digest, ImageName
from shared.domain.image_fields import ImageField
from shared.domain.manifests import Manifest, Mention
from shared.domain.yaml_nodes import differences

TagDigests = Mapping[tuple[ImageName, str], Digest]
"""What each tag of each image names now, in the order in which it became known."""

_ROOM_FOR_COMMENT: Final = re.compile(r"""['"]?(?:[ \t]+#|[ \t]*(?:\r?\n|\r|$))""")


@dataclass(frozen=True, slots=True)
class Move:
    """One image field that changes: where, to which tag, and to which digest."""

    field: ImageField
    tag: str
    digest: Digest

    @property
    def written(self) -> str:
        """The reference as it will stand, in the name's own spelling."""
        spelled = self.field.reference.written.partition("@")[0]
        return f"{spelled.removesuffix(f':{self.field.follows}')}@{self.digest}"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A manifest after pinning: its text, its images as they were, and the moves made.

    `frozen` are the moves that a person forbade, `left_alone` the places that cannot carry their tag in a comment,
    `mentions` the manifest's own.
    """

    path: str
    text: str
    images: tuple[ImageField, ...]
    moves: tuple[Move, ...]
    frozen: tuple[Move, ...]
    left_alone: tuple[str, ...]
    mentions: tuple[Mention, ...]


def pin(manifest: Manifest, digests: TagDigests) -> PinnedFile:
    """Move every line of a manifest that follows one of these tags and does not name its digest yet.

    Raises:
        Unavailable: the edited text did not read back as intended. Nothing was written; this is a defect of prodgate.
    """
    wanted = tuple(_moves(manifest, digests))
    free = [move for move in wanted if not move.field.is_frozen]
    is_json = manifest.text.lstrip().startswith("{")  # kubectl and Argo CD read it so, and JSON has no comments
    moves = tuple(move for move in free if _keeps_its_tag(manifest.text, move.field, is_json=is_json))
    left = tuple(m.field.place for m in free if not _keeps_its_tag(manifest.text, m.field, is_json=is_json))
    text = _pinned_text(manifest, moves) if moves else manifest.text
    return PinnedFile(
        manifest.path,
        manifest.bom + text,
        manifest.images,
        moves,
        frozen=tuple(move for move in wanted if move.field.is_frozen),
        left_alone=left,
        mentions=manifest.mentions,
    )


def _moves(manifest: Manifest, digests: TagDigests) -> Iterator[Move]:
    tags: dict[ImageName, list[str]] = {}
    for image, tag in digests:
        tags.setdefault(image, []).append(tag)
    for field in manifest.images:
        name = field.reference.name
        moved = field.follows if field.pattern is None else latest(field.pattern, tags.get(name, ()), field.follows)
        digest = None if moved is None else digests.get((name, moved))
        if moved is not None and digest is not None and (digest, moved) != (field.reference.digest, field.follows):
            yield Move(field, moved, digest)


def _keeps_its_tag(text: str, field: ImageField, *, is_json: bool) -> bool:
    """Whether the tag stays visible: it is in the comment already, or nothing but a comment follows on the line."""
    if field.reference.tag is None and field.follows is not None:
        return True
    return not is_json and _ROOM_FOR_COMMENT.match(text, field.end) is not None


def _pinned_text(manifest: Manifest, moves: tuple[Move, ...]) -> str:
    """Edit, and read the result again: the moved references and their tags may differ, and nothing else."""
    pieces, starts, position, length = [], [], 0, 0
    for move in moves:
        for start, end, new in _edits(manifest.text, move):
            pieces += [manifest.text[position:start], new]
            length += start - position + len(new)
            if start == move.field.start:
                starts.append(length - len(new))
            position = end
    text = "".join([*pieces, manifest.text[position:]])
    if not _reads_back(manifest, text, dict(zip(starts, moves, strict=True))):
        raise Unavailable(Fault.INTERNAL, f"{manifest.path}: the pinned text does not read back as it should")
    return text


def _edits(text: str, move: Move) -> Iterator[tuple[int, int, str]]:
    """Yield what is replaced for a move: from, to, and by what; in the order of the text."""
    field = move.field
    yield field.start, field.end, move.written
    comment = TagComment.read(text, field.end)
    if field.reference.tag is not None or comment.tag is None:
        after = field.end + (text[field.end : field.end + 1] in ("'", '"'))
        yield after, after, f" # tag: {move.tag}"
    elif comment.tag != move.tag:
        yield comment.start, comment.start + len(comment.tag), move.tag


def _reads_back(manifest: Manifest, text: str, moves: Mapping[int, Move]) -> bool:
    waiting = [(at, move) for at, move in moves.items() if move.written != move.field.reference.written][::-1]
    for wanted, found, span in differences(text, manifest.seen):
        if not waiting:
            return False
        start, move = waiting.pop()
        is_meant = (wanted, found) == (move.field.reference.written, move.written)
        if not is_meant or not span[0] <= start < span[1]:
            return False
    tags = [TagComment.read(text, start + len(move.written)).tag == move.tag for start, move in moves.items()]
    return not waiting and all(tags)
