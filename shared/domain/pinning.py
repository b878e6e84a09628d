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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Fault, Unavailable
from shared.domain.following import TagComment, latest
from shared.domain.image import Digest, ImageName, is_tag
from shared.domain.image_fields import ImageField
from shared.domain.manifests import Manifest, Mention
from shared.domain.reading_back import Edit, NotAsIntendedError, edited

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
        if self.field.keys is not None:
            return self.digest
        spelled = self.field.source.partition("@")[0]
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
    agreed = _agreed(manifest, free)
    moves = tuple(move for move in agreed if _keeps_its_tag(manifest.text, move.field, is_json=is_json))
    moved = {move.field.start for move in moves}
    text = _pinned_text(manifest, moves) if moves else manifest.text
    return PinnedFile(
        manifest.path,
        manifest.bom + text,
        manifest.images,
        moves,
        frozen=tuple(move for move in wanted if move.field.is_frozen),
        left_alone=tuple(dict.fromkeys(move.field.place for move in free if move.field.start not in moved)),
        mentions=manifest.mentions,
    )


def _agreed(manifest: Manifest, moves: Sequence[Move]) -> list[Move]:
    """Keep one move of each place, where every image that it decides moves alike.

    Kustomizations may make images of several names out of one tag, and a digest of one name may be unknown to another.
    """
    images = Counter(field.start for field in manifest.images)
    alike = Counter((move.field.start, move.tag, move.digest) for move in moves)
    kept = {m.field.start: m for m in moves if alike[m.field.start, m.tag, m.digest] == images[m.field.start]}
    return list(kept.values())


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
    if (field.reference.tag is None and field.follows is not None) or _beside(field) is not None:
        return True
    return not is_json and _ROOM_FOR_COMMENT.match(text, field.end) is not None


def _pinned_text(manifest: Manifest, moves: tuple[Move, ...]) -> str:
    """Edit, and read the result again: the moved references and their tags may differ, and nothing else."""
    try:
        return edited(manifest.text, ((move.field.block, edit) for move in moves for edit in _edits(manifest, move)))
    except NotAsIntendedError:
        why = f"{manifest.path}: the pinned text does not read back as it should"
        raise Unavailable(Fault.INTERNAL, why) from None


def _edits(manifest: Manifest, move: Move) -> Iterator[Edit]:
    """Yield what is replaced for a move."""
    field = move.field
    if move.written != field.source:
        yield Edit(field.start, field.end, move.written, (field.source, move.written))
    if field.keys is not None and field.keys.becomes_digest is not None:
        yield Edit(*field.keys.becomes_digest, "digest", ("newTag", "digest"))
    beside = _beside(field)
    if beside is not None and move.tag != field.follows:
        yield Edit(*beside, move.tag, (field.follows or "", move.tag))
    yield from _comment(manifest.text, move)


def _comment(text: str, move: Move) -> Iterator[Edit]:
    """Yield what keeps the tag visible behind the digest, where it does not stand beside it."""
    if not is_tag(move.tag):
        raise NotAsIntendedError
    field, comment = move.field, TagComment.read(text, move.field.end)
    if _beside(field) is None and (field.reference.tag is not None or comment.tag is None):
        after = field.end + (text[field.end : field.end + 1] in ("'", '"'))
        yield Edit(after, after, f" # tag: {move.tag}", None)
    elif comment.tag is not None and comment.tag != move.tag:
        yield Edit(comment.start, comment.start + len(comment.tag), move.tag, None)


def _beside(field: ImageField) -> tuple[int, int] | None:
    return None if field.keys is None else field.keys.beside
