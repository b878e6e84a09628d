"""Pinning: put digests into manifests, and change not one byte that need not be changed.

Rules:
* A line follows a tag if it names that tag, or carries it in its comment: `image: HOST/NAME@sha256:… # tag: v1`; what
  else a comment may ask for is in following.py. A line that a person froze never moves.
* Only the reference and the tag in the comment are replaced, and the comment added where it was missing; quotes,
  blanks, line ends stay. An entry of a kustomization keeps its `newTag`, and its `digest` goes beside that.
* What should move and cannot is left alone and said so, with the reason: a line that cannot carry the comment would
  lose its tag.
* Every edit is verified by reading the result again: exactly the intended scalars may differ. A file that reads back
  otherwise is left as it was, whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.following import TagComment, latest, unordered
from shared.domain.image import Digest, ImageName, is_tag
from shared.domain.image_fields import ImageField, TagKeys
from shared.domain.manifests import Manifest, Mention
from shared.domain.reading_back import Edit, NotAsIntendedError, edited

TagDigests = Mapping[tuple[ImageName, str], Digest]
"""What each tag of each image names now, in the order in which it became known."""

_ROOM_FOR_COMMENT: Final = re.compile(r"""['"]?(?:[ \t]+#|[ \t]*(?:\r?\n|\r|$))""")


_DEFECT: Final = "the edited text does not read back as it should, which is a defect of prodgate"


@dataclass(frozen=True, slots=True)
class Move:
    """One image field that changes: where, to which tag, and to which digest."""

    field: ImageField
    tag: str
    digest: Digest

    @property
    def written(self) -> str:
        """The reference as it will stand, in the name's own spelling; of a kustomization's entry the digest."""
        if self.field.keys is not None:
            return self.digest
        spelled = self.field.source.partition("@")[0]
        return f"{spelled.removesuffix(f':{self.field.follows}')}@{self.digest}"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """One image field that news of a tag should move, and why it does not."""

    field: ImageField
    tag: str
    why: str

    def __str__(self) -> str:
        return f"{self.field.place}: {self.why}"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A manifest after pinning: its text, its images as they were, and the moves made.

    `frozen` are the moves that a person forbade, `left_alone` those that could not be made, `unordered` those of which
    nobody can tell whether they lead up, `mentions` the manifest's own. `is_defect`: the edited text did not read back
    as intended, so nothing moved; a defect of prodgate.
    """

    path: str
    text: str
    images: tuple[ImageField, ...]
    moves: tuple[Move, ...]
    frozen: tuple[Move, ...]
    left_alone: tuple[LeftAlone, ...]
    unordered: tuple[LeftAlone, ...]
    mentions: tuple[Mention, ...]
    is_defect: bool = False


def pin(manifest: Manifest, digests: TagDigests, may_move: Callable[[ImageField], bool] | None = None) -> PinnedFile:
    """Move every line of a manifest that follows one of these tags and does not name its digest yet.

    `may_move` says for a field as it is written whether it may be pinned at all.
    """
    fields = [field for field in manifest.images if may_move is None or may_move(field)]
    news = _News(digests)
    wanted = [move for field in fields if (move := news.move_of(field)) is not None]
    moves, left_alone = _possible(manifest, [move for move in wanted if not move.field.is_frozen])
    text, is_defect = manifest.text, False
    if moves:
        try:
            text = edited(text, ((move.field.block, edit) for move in moves for edit in _edits(text, move)))
        except NotAsIntendedError:
            is_defect = True
            left_alone += [LeftAlone(move.field, move.tag, _DEFECT) for move in moves]
            moves = []
    return PinnedFile(
        manifest.path,
        manifest.bom + text,
        manifest.images,
        tuple(moves),
        frozen=tuple(move for move in wanted if move.field.is_frozen),
        left_alone=tuple(left_alone),
        unordered=tuple(dict.fromkeys(filter(None, map(news.unordered, fields)))),
        mentions=manifest.mentions,
        is_defect=is_defect,
    )


class _News:
    """What tags name now, by image."""

    def __init__(self, digests: TagDigests) -> None:
        self._digests = digests
        self._tags: dict[ImageName, list[str]] = {}
        for image, tag in digests:
            self._tags.setdefault(image, []).append(tag)

    def move_of(self, field: ImageField) -> Move | None:
        """The move that a field needs; None where it names what it should already."""
        name, follows, pattern = field.reference.name, field.follows, field.pattern
        tag = follows if pattern is None else latest(pattern, self._tags.get(name, ()), follows)
        digest = None if tag is None else self._digests.get((name, tag))
        if tag is None or digest is None or (digest, tag) == (field.reference.digest, follows):
            return None
        return Move(field, tag, digest)

    def unordered(self, field: ImageField) -> LeftAlone | None:
        """Say where a field follows tags of a form, and nobody can tell whether one of them is above its own."""
        if field.pattern is None or field.is_frozen:
            return None
        tag = unordered(field.pattern, self._tags.get(field.reference.name, ()), field.follows)
        why = f"whether {tag} is above {field.follows} cannot be told: * stands for more than numbers in them"
        return None if tag is None else LeftAlone(field, tag, why)


def _possible(manifest: Manifest, moves: Sequence[Move]) -> tuple[list[Move], list[LeftAlone]]:
    """Keep one move of each place, where every image that it decides moves alike, and the tag stays visible.

    Kustomizations may make images of several names out of one tag, and a digest of one name may be unknown to another.
    """
    is_json = manifest.text.lstrip().startswith("{")  # kubectl and Argo CD read it so, and JSON has no comments
    images = Counter(field.start for field in manifest.images)
    alike = Counter((move.field.start, move.tag, move.digest) for move in moves)
    kept: dict[int, Move] = {}
    left_alone: dict[int, LeftAlone] = {}
    for move in moves:
        start = move.field.start
        if alike[start, move.tag, move.digest] < images[start]:
            why: str | None = "it decides several images, and they do not all move alike"
        else:
            why = _obstacle(manifest.text, move.field, is_json=is_json)
        if why is None:
            kept[start] = move
        else:
            left_alone[start] = LeftAlone(move.field, move.tag, why)
    return list(kept.values()), list(left_alone.values())


def _obstacle(text: str, field: ImageField, *, is_json: bool) -> str | None:
    """Say why the tag would be lost; None where it stays beside the digest, in the comment, or can go there."""
    keys = field.keys
    if keys is not None and keys.tag is not None:
        return "a digest can go in nowhere beside its newTag" if keys.is_full else None
    if field.comment.tag is not None:
        return None
    if is_json:
        return "JSON has no comment that could carry its tag"
    if _ROOM_FOR_COMMENT.match(text, field.end) is None:
        return "more follows on its line, which so cannot carry its tag in a comment"
    return None


def _edits(text: str, move: Move) -> Iterator[Edit]:
    """Yield what is replaced for a move.

    Raises:
        NotAsIntendedError: the tag is none, and could bring a line of its own in a comment.
    """
    if not is_tag(move.tag):
        raise NotAsIntendedError
    field = move.field
    if field.keys is None:
        yield from _changed(field.start, field.end, field.source, move.written)
    else:
        yield from _key_edits(move, field.keys)
    if field.comment.tag is not None:
        yield from _retagged(field.comment, move.tag)
    elif field.keys is None or field.keys.tag is None:
        after = field.end + (text[field.end : field.end + 1] in ("'", '"'))
        yield Edit(after, after, f" # tag: {move.tag}")


def _key_edits(move: Move, keys: TagKeys) -> Iterator[Edit]:
    """Yield what is replaced in an entry of a kustomization."""
    field, new = move.field, keys.digest
    if new is not None:
        yield Edit(new.at, new.at, f"{new.head}{move.digest}{new.tail}", read=("digest", move.digest))
        yield from _changed(field.start, field.end, field.source, move.tag)
        return
    yield from _changed(field.start, field.end, field.source, move.digest)
    if keys.tag is not None:
        yield from _changed(*keys.tag, field.follows or "", move.tag)
    yield from _retagged(keys.tag_comment, move.tag)


def _changed(start: int, end: int, old: str, new: str) -> Iterator[Edit]:
    if old != new:
        yield Edit(start, end, new, (old,), (new,))


def _retagged(comment: TagComment, tag: str) -> Iterator[Edit]:
    if comment.tag is not None and comment.tag != tag:
        yield Edit(comment.start, comment.start + len(comment.tag), tag)
