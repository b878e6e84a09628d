"""What the commit of a pinning says: which image moved from where to where, and which events asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.domain.events import ImageResolved, event_id
from shared.domain.pinning import Move


def commit_message(moves: Sequence[Move], events: Iterable[ImageResolved]) -> str:
    """Write the message: every move once, and the id of each event of which a line moved."""
    images = sorted({f"{move.field.reference.name.short}:{move.tag}" for move in moves})
    subject = f"Pin {images[0]}" if len(images) == 1 else f"Pin {len(images)} images"
    lines = sorted({f"- {m.field.reference.name}:{m.tag} {_before(m)} -> {m.digest}" for m in moves})
    moved = {(move.field.reference.name, move.tag) for move in moves}
    ids = [
        f"Prodgate-Event: {event_id(event.topic, event.data())}"
        for event in events
        if (event.image, event.tag) in moved
    ]
    return "\n".join([subject, "", *lines, "", *dict.fromkeys(ids)]) + "\n"


def _before(move: Move) -> str:
    """What the line named: its digest, and its tag where that was another or stood alone."""
    digest, tag = move.field.reference.digest, move.field.follows
    if digest is None:
        return f"tag {tag}"
    return digest if tag in {None, move.tag} else f"{tag}@{digest}"
