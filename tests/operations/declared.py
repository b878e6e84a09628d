"""What infra/modules declares in YAML for Terraform to make, read as Terraform reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from local.world.names import FUNCTIONS, GATE_PROJECT

ROOT: Final = Path(__file__).parents[2]
OPERATIONS: Final = ROOT / "infra" / "modules" / "operations"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
OURS: Final = 'resource.type="cloud_run_revision" AND log_id("run.googleapis.com/stdout")'
ATTESTER: Final = f"prodgate-attest-images@{GATE_PROJECT}.iam.gserviceaccount.com"
_QUERY: Final = re.compile(
    r"\(sum\(increase\(logging_googleapis_com:user_(?P<metric>\w+)"
    r'\{monitored_resource="(?P<resource>\w+)"\}\[[1-9][0-9]*s\]\)\) or vector\(0\)\) [<>] [0-9]+'
)
_PLACE: Final = re.compile(r"\$\{(\w+)\}")


def rendered(path: Path, values: Mapping[str, str]) -> Any:
    """Fill a template's places in, each of which must be known, as templatefile() does, and read the YAML."""
    return yaml.safe_load(_PLACE.sub(lambda place: values[place.group(1)], path.read_text()))


def metrics() -> dict[str, dict[str, Any]]:
    """Every log-based metric of the functions."""
    found: dict[str, dict[str, Any]] = rendered(OPERATIONS / "metrics.yaml", {})
    return {name: {**metric, "filter": f"{OURS} AND {metric['filter']}"} for name, metric in found.items()}


def read_query(query: str) -> tuple[str, str]:
    """Read a query in PromQL, of the one form that ours have; answer its metric's name and resource.

    A metric's first slash is a colon there, and every other sign an underscore
    (cloud.google.com/monitoring/promql/promql-mapping).
    """
    found = _QUERY.fullmatch(query)
    assert found, query
    return found["metric"], found["resource"]


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert on a log or a metric."""
    values = {
        "ours": OURS,
        "attester": ATTESTER,
        "dead_letter_subscription": "dead-letter-pull",
        "subscriptions": ", ".join(f'"{function.topic}-push"' for function in FUNCTIONS),
        "rejected_per_hour": "5",
        "refused_per_hour": "20",
    }
    found: dict[str, dict[str, Any]] = rendered(OPERATIONS / "alerts.yaml", values)
    return found
