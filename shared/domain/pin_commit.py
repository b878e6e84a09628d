"""What the commit of a pinning says: which image moved from where to where, who asked for it, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.domain.events import ImageResolved, event_id
from shared.domain.pinning import Move
from shared.domain.push_times import Push, pin_trailers


def commit_message(
    moves: Sequence[Move], events: Iterable[ImageResolved], times: Iterable[tuple[ImageResolved, datetime]] = ()
) -> str:
    """Write the message: every move once, the id of each event of which a line moved, and when what it moved to came.

    `times` are the pushes' own. What an event says of another digest than what was written is no time of that one.
    """
    images = sorted({f"{move.field.reference.name.short}:{move.tag}" for move in moves})
    subject = f"Pin {images[0]}" if len(images) == 1 else f"Pin {len(images)} images"
    lines = sorted({f"- {m.field.reference.name}:{m.tag} {_before(m)} -> {m.digest}" for m in moves})
    moved = {(move.field.reference.name, move.tag) for move in moves}
    ids = [
        f"Prodgate-Event: {event_id(event.topic, event.data())}"
        for event in events
        if (event.image, event.tag) in moved
    ]
    written = {(move.field.reference.name, move.tag, move.digest) for move in moves}
    pushes = [Push(at, e.image, e.tag) for e, at in times if (e.image, e.tag, e.digest) in written]
    return "\n".join([subject, "", *lines, "", *dict.fromkeys(ids), *pin_trailers(pushes)]) + "\n"


def _before(move: Move) -> str:
    """What the line named: its digest, and its tag where that was another or stood alone."""
    digest, tag = move.field.reference.digest, move.field.follows
    if digest is None:
        return f"tag {tag}"
    return digest if tag in {None, move.tag} else f"{tag}@{digest}"
