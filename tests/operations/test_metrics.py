"""Each metric counts entries that the functions really write, and no others."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from shared.domain.errors import Fault, Reason
from shared.domain.vocabulary import LogEvent
from tests.operations.declared import OPERATIONS, alerts, metrics, read_query
from tests.operations.log_filter import Entry, compiled

ENDED: Final = {LogEvent.DONE, LogEvent.REJECTED, LogEvent.UNAVAILABLE}
COUNTED: Final[dict[str, set[str]]] = {
    "events": set(ENDED),
    "changes": {LogEvent.DONE},
    "rejected": {LogEvent.REJECTED},
    "unavailable": {LogEvent.UNAVAILABLE},
    "refused_requests": {LogEvent.REFUSED_REQUEST},
    "age": {LogEvent.DONE},
    "duration": set(ENDED),
}
GOOGLES: Final = {
    # cloud.google.com/monitoring/api/metrics_gcp_p_z and metrics_gcp_i_o (run): type → the resource it is written for
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age": "pubsub_subscription",
    "pubsub.googleapis.com/subscription/num_undelivered_messages": "pubsub_subscription",
    "pubsub.googleapis.com/subscription/dead_letter_message_count": "pubsub_subscription",
    "run.googleapis.com/container/instance_count": "cloud_run_revision",
    "run.googleapis.com/container/memory/utilizations": "cloud_run_revision",
}
PROBES: Final = {"prodgate/probe/started": "cloud_scheduler_job", "prodgate/probe/through": "cloud_run_revision"}


@pytest.mark.parametrize("name", COUNTED)
def test_a_metric_counts_what_the_functions_log(name: str, told: list[Entry]) -> None:
    """A renamed event, label or log leaves a metric at zero for ever, and an alert on it silent."""
    metric = metrics()[name]
    counted = [entry for entry in told if compiled(metric["filter"])(entry)]

    assert {entry["labels"]["event"] for entry in counted} == COUNTED[name]
    for entry in counted:
        assert set(metric["labels"]) <= entry["labels"].keys()
        assert "value" not in metric or float(entry["labels"][metric["value"]]) >= 0


def test_every_metric_is_held(told: list[Entry]) -> None:
    """The table above names all of them, and the story has entries that none of them counts."""
    assert metrics().keys() == COUNTED.keys()
    assert any("event" not in entry["labels"] or entry["labels"]["event"] not in ENDED for entry in told)


def test_the_age_of_an_event_is_counted_from_its_publishing(told: list[Entry]) -> None:
    """The delivery that succeeded after another had failed is older than its own work took."""
    done = [entry["labels"] for entry in told if entry["labels"].get("event") == LogEvent.DONE]
    unavailable = {e["labels"]["message_id"] for e in told if e["labels"].get("event") == LogEvent.UNAVAILABLE}
    retried = [labels for labels in done if labels.get("message_id") in unavailable]

    assert retried
    assert all(float(labels["age_s"]) > float(labels["elapsed_ms"]) / 1000 for labels in retried)


def test_only_the_functions_own_output_is_counted(told: list[Entry]) -> None:
    """Whoever may write log entries of their own must not be able to make a dashboard green."""
    forged = [{**entry, "resource": {"type": "global"}} for entry in told]
    forged += [{**entry, "logName": "projects/mdo-gate/logs/mine"} for entry in told]

    assert [name for name, metric in metrics().items() if any(map(compiled(metric["filter"]), forged))] == []


def test_filters_name_events_reasons_and_faults_that_exist() -> None:
    """The vocabulary is closed; a filter with a name out of it is a slip."""
    texts = [metric["filter"] for metric in metrics().values()]
    texts += [alert["log"]["filter"] for alert in alerts().values() if "log" in alert]
    for label, known in (("event", set(LogEvent)), ("reason", set(Reason)), ("fault", set(Fault))):
        named = [
            re.findall(r'"([^"]+)"', found)
            for t in texts
            for found in re.findall(rf'labels\.{label}=(\([^)]*\)|"[^"]*")', t)
        ]

        assert named
        assert {name for names in named for name in names} <= known


def _dashboard_filters() -> list[str]:
    def filters(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["filter"]] if isinstance(node.get("filter"), str) else []
            return own + [found for value in node.values() for found in filters(value)]
        return [found for value in node for found in filters(value)] if isinstance(node, list) else []

    return filters(json.loads((OPERATIONS / "dashboard.json").read_text()))


def _kinds() -> dict[str, str]:
    own = {f"prodgate/{name}": "cloud_run_revision" for name in metrics()} | PROBES
    return GOOGLES | {f"logging.googleapis.com/user/{name}": resource for name, resource in own.items()}


def test_dashboard_and_alerts_look_at_metrics_that_exist() -> None:
    """Cloud Monitoring draws an empty chart for a metric that nobody writes, and says nothing."""
    texts = _dashboard_filters() + [alert["metric"]["filter"] for alert in alerts().values() if "metric" in alert]
    assert not [text for text in texts[len(_dashboard_filters()) :] if "logging.googleapis.com/user" in text]

    assert len(texts) > 10
    for text in texts:
        [kind] = re.findall(r'metric\.type="([^"]+)"', text)
        assert f'resource.type="{_kinds()[kind]}"' in text


def test_queries_are_on_metrics_of_ours_and_count_nothing_as_zero() -> None:
    """Without an entry there is no series: a comparison with nothing neither fires nor resolves."""
    queries = {name: alert["query"] for name, alert in alerts().items() if "query" in alert}

    assert queries.keys() == {"rejected", "strangers"}
    for query in queries.values():
        metric, resource = read_query(query)
        assert {metric.removeprefix("prodgate_"): resource}.items() <= dict.fromkeys(
            metrics(), "cloud_run_revision"
        ).items()


def test_charts_group_by_labels_that_their_metric_has() -> None:
    """Grouping by any other label is an error of the API."""
    for tile in json.loads((OPERATIONS / "dashboard.json").read_text())["mosaicLayout"]["tiles"]:
        for data in tile["widget"].get("xyChart", {}).get("dataSets", []):
            look = data["timeSeriesQuery"]["timeSeriesFilter"]
            grouped = [by.removeprefix("metric.label.") for by in look["aggregation"].get("groupByFields", [])]
            own = re.search(r"user/prodgate/([a-z_]+)\"", look["filter"])
            if own:
                assert set(grouped) <= set(metrics()[own.group(1)]["labels"])


def test_tiles_neither_overlap_nor_leave_the_board() -> None:
    """The API refuses a mosaic in which they do."""
    layout = json.loads((OPERATIONS / "dashboard.json").read_text())["mosaicLayout"]
    taken: set[tuple[int, int]] = set()
    for tile in layout["tiles"]:
        x, y = tile.get("xPos", 0), tile.get("yPos", 0)
        columns = range(x, x + tile["width"])
        cells = {(column, row) for column in columns for row in range(y, y + tile["height"])}
        assert columns.stop <= layout["columns"]
        assert not cells & taken
        taken |= cells


def test_the_board_says_nothing_that_the_api_would_leave_out() -> None:
    """It answers without zeros, empty texts and empty lists, and Terraform would see a difference at every plan."""

    def empty(node: Any) -> list[Any]:
        if isinstance(node, dict | list):
            inner = node.values() if isinstance(node, dict) else node
            return [found for value in inner for found in empty(value)] + ([] if node else [node])
        return [] if node else [node]

    assert empty(json.loads((OPERATIONS / "dashboard.json").read_text())) == []
