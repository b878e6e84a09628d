"""Pinning: put digests into manifests, and change not one byte that need not be changed.

Rules:
* A line follows a tag if it names that tag, or carries it in its comment: `image: HOST/NAME@sha256:… # tag: v1`.
* Only the reference is replaced, and the comment added where it was missing; quotes, blanks, line ends stay.
* A line that cannot carry the comment (flow style, JSON) is left alone and said so: it would lose its tag.
* Every edit is verified by reading the result again: exactly the intended scalars may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from shared.domain.errors import Fault, Unavailable
from shared.domain.image import Digest, ImageName
from shared.domain.manifests import ImageField, Manifest

TagDigests = Mapping[tuple[ImageName, str], Digest]
"""What each tag of each image names now."""


@dataclass(frozen=True, slots=True)
class Move:
    """One image field that changes: where, which tag, and to which digest."""

    field: ImageField
    tag: str
    digest: Digest

    @property
    def written(self) -> str:
        """The reference as it will stand, in the name's own spelling."""
        spelled = self.field.reference.written.partition("@")[0]
        return f"{spelled.removesuffix(f':{self.tag}')}@{self.digest}"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A manifest after pinning: its text, its images as they were, the moves made, and the places left alone."""

    path: str
    text: str
    images: tuple[ImageField, ...]
    moves: tuple[Move, ...]
    left_alone: tuple[str, ...]


def pin(manifest: Manifest, digests: TagDigests) -> PinnedFile:
    """Move every line of a manifest that follows one of these tags and does not name its digest yet.

    Raises:
        Unavailable: the edited text did not read back as intended. Nothing was written; this is a defect of prodgate.
    """
    wanted = tuple(_moves(manifest, digests))
    moves = tuple(move for move in wanted if _keeps_its_tag(manifest.text, move.field))
    left = tuple(move.field.place for move in wanted if not _keeps_its_tag(manifest.text, move.field))
    text = _spliced(manifest.text, moves)
    _verify(manifest, text, moves)
    return PinnedFile(manifest.path, manifest.bom + text, manifest.images, moves, left)


def _moves(manifest: Manifest, digests: TagDigests) -> Iterator[Move]:
    for field in manifest.images:
        if field.follows is None:
            continue
        digest = digests.get((field.reference.name, field.follows))
        if digest is not None and digest != field.reference.digest:
            yield Move(field, field.follows, digest)


def _keeps_its_tag(text: str, field: ImageField) -> bool:
    """Whether the tag stays visible: it is in the comment already, or nothing but a comment follows on the line."""
    if field.reference.tag is None:
        return True
    if text.lstrip().startswith("{"):
        return False  # kubectl and Argo CD read such a file as JSON, which has no comments
    after = field.end + len(_closing_quote(text, field.end))
    end_of_line = text.find("\n", after)
    rest = text[after:] if end_of_line < 0 else text[after:end_of_line]
    return not rest.strip() or (rest[0] in " \t" and rest.lstrip().startswith("#"))


def _spliced(text: str, moves: tuple[Move, ...]) -> str:
    pieces, position = [], 0
    for move in moves:
        pieces += [text[position : move.field.start], move.written]
        position = move.field.end
        if move.field.reference.tag is not None:
            quote = _closing_quote(text, position)
            pieces.append(f"{quote} # tag: {move.tag}")
            position += len(quote)
    return "".join([*pieces, text[position:]])


def _closing_quote(text: str, end: int) -> str:
    return text[end] if text[end : end + 1] in ("'", '"') else ""


def _verify(manifest: Manifest, text: str, moves: tuple[Move, ...]) -> None:
    if list(_events(text, ())) != list(_events(manifest.text, moves)):
        raise Unavailable(Fault.INTERNAL, f"{manifest.path}: the pinned text does not read back as it should")


def _events(text: str, moves: tuple[Move, ...]) -> Iterator[tuple[str, str]]:
    """Yield what a YAML reader sees, up to where it can read, with each moved reference as it is meant to read."""
    waiting = list(reversed(moves))
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if waiting and value and _spans(event, waiting[-1].field.start):
                value = waiting.pop().written
            yield type(event).__name__, value
    except yaml.YAMLError:
        yield "YAMLError", ""


def _spans(event: yaml.Event, position: int) -> bool:
    end = event.end_mark
    return end is not None and position < end.index
