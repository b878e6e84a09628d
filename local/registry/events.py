"""What a registry says about a push, in the two formats that prodgate reads.

Sources: Artifact Registry, "Configure Pub/Sub notifications"; CNCF Distribution 2.8, "Notifications", whose envelope
here has the fields that a real `docker-registry` sent.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

DISTRIBUTION_EVENTS_TYPE: Final = "application/vnd.docker.distribution.events.v1+json"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One manifest or index that a registry has just stored; `tag` is absent where it was pushed by digest."""

    host: str
    repository: str
    tag: str | None
    digest: str
    media_type: str
    size: int


def artifact_registry_event(pushed: Pushed) -> bytes:
    """Render the message that Artifact Registry publishes on the topic `gcr`: both values are whole references."""
    name = f"{pushed.host}/{pushed.repository}"
    event = {"action": "INSERT", "digest": f"{name}@{pushed.digest}"}
    if pushed.tag is not None:
        event["tag"] = f"{name}:{pushed.tag}"
    return json.dumps(event).encode()


def distribution_event(pushed: Pushed, *, at: datetime | None = None, scheme: str = "https") -> bytes:
    """Render the envelope with one push event that CNCF Distribution posts to its endpoints; `at` defaults to now."""
    target: dict[str, object] = {
        "mediaType": pushed.media_type,
        "size": pushed.size,
        "length": pushed.size,
        "digest": pushed.digest,
        "repository": pushed.repository,
        "url": f"{scheme}://{pushed.host}/v2/{pushed.repository}/manifests/{pushed.digest}",
    }
    if pushed.tag is not None:
        target["tag"] = pushed.tag
    event = {
        "id": str(uuid.uuid4()),
        "timestamp": (at or datetime.now(UTC)).isoformat(),
        "action": "push",
        "target": target,
        "request": {
            "id": str(uuid.uuid4()),
            "addr": "127.0.0.1:52908",
            "host": pushed.host,
            "method": "PUT",
            "useragent": "prodgate-stand-in",
        },
        "actor": {},
        "source": {"addr": f"{pushed.host}:443", "instanceID": str(uuid.uuid4())},
    }
    return json.dumps({"events": [event]}).encode()
