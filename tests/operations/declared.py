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
_PLACE: Final = re.compile(r"\$\{(\w+)\}")


def rendered(path: Path, values: Mapping[str, str]) -> Any:
    """Fill a template's places in, each of which must be known, as templatefile() does, and read the YAML."""
    return yaml.safe_load(_PLACE.sub(lambda place: values[place.group(1)], path.read_text()))


def metrics() -> dict[str, dict[str, Any]]:
    """Every log-based metric of the functions."""
    found: dict[str, dict[str, Any]] = rendered(OPERATIONS / "metrics.yaml", {})
    return {name: {**metric, "filter": f"{OURS} AND {metric['filter']}"} for name, metric in found.items()}


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
