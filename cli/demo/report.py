"""The story as one JSON document, for machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from cli.demo.ledger import Ledger
from cli.demo.story import Outcome
from local.world.names import ATTESTOR


def document(outcome: Outcome, ledger: Ledger, calls: dict[str, int], wall_s: float) -> dict[str, Any]:
    """Put together events, pull request, attestations, verdicts, rejected events, replay and totals."""
    pull = outcome.pull_requests[0] if outcome.pull_requests else None
    return {
        "events": _events(ledger),
        "pull_request": None if pull is None else asdict(pull),
        "attestations": [
            {"image": a.image, "digest": a.digest, "attestor": ATTESTOR, "occurrence": a.occurrence}
            for a in outcome.attestations
        ],
        "verdicts": [asdict(verdict) for verdict in outcome.verdicts],
        "rejected": [{"function": m.function, "reason": m.reason, "detail": m.detail} for m in outcome.rejected],
        "replay": {"events": outcome.replayed, "changed": outcome.changed_by_replay},
        "totals": {
            "wall_seconds": round(wall_s, 3),
            "push_to_pull_request_seconds": round(outcome.push_to_pr_s, 3),
            "rpcs": _per_service(calls),
        },
    }


def _events(ledger: Ledger) -> list[dict[str, Any]]:
    published = {(d.topic, d.message_id): d for d in ledger.deliveries}
    rows = []
    for heard in ledger.outcomes:
        delivered = published.get((heard.topic, heard.message_id))
        rows.append(
            {
                "topic": heard.topic,
                "id": heard.event_id,
                "message_id": heard.message_id,
                "function": heard.function,
                "published": delivered.published if delivered else None,
                "settled": heard.logged_at,
                "elapsed_ms": heard.elapsed_ms,
                "outcome": heard.outcome,
                "changed": heard.changed,
                "detail": heard.sentence,
            }
        )
    return rows


def _per_service(calls: dict[str, int]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for method, count in calls.items():
        totals[method.partition(".")[0]] += count
    return dict(sorted(totals.items()))
