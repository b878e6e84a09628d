"""Each alert fires on what it is for, stays quiet on its neighbour, and says what to do."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml

from tests.operations.declared import OPERATIONS, OURS, ROOT, RUNBOOKS, alerts
from tests.operations.log_filter import Entry, compiled
from tests.operations.runbook import Page

AUDIT: Final[dict[str, dict[str, list[Entry]]]] = yaml.safe_load(
    (ROOT / "tests/operations/audit_entries.yaml").read_text()
)
OWN: Final = {name for name, alert in alerts().items() if alert.get("log", {}).get("filter", "").startswith(OURS)}
_FILLED: Final[Entry] = {"resource": {"type": ""}, "labels": {}, "protoPayload": {}}


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_alert_fires_on_what_the_functions_log(name: str, told: list[Entry]) -> None:
    """The story holds a false attestation, a missing right, a stranger's event and the break-glass label."""
    fires = compiled(alerts()[name]["log"]["filter"])
    raised = [entry for entry in told if fires(entry)]

    wanted = set(alerts()[name]["log"].get("labels", []))
    assert raised
    assert {entry["labels"]["event"] for entry in raised}.isdisjoint({"event.done"})
    assert any(wanted <= entry["labels"].keys() for entry in raised)


@pytest.mark.parametrize("name", AUDIT)
def test_an_alert_fires_on_what_google_cloud_logs(name: str) -> None:
    """And not on attest_images itself, on Google's scanner, or on somebody who only looks."""
    fires = compiled(alerts()[name]["log"]["filter"])

    assert [entry for entry in AUDIT[name]["raised"] if not fires({**_FILLED, **entry})] == []
    assert [entry for entry in AUDIT[name]["quiet"] if fires({**_FILLED, **entry})] == []


def test_every_alert_on_a_log_is_held() -> None:
    """By one of the two tests above."""
    assert {name for name, alert in alerts().items() if "log" in alert} == OWN | AUDIT.keys()


def test_each_log_is_looked_at_where_it_is_written() -> None:
    """An alert sees the log of its own project only: admission and policy are prod's, keys and functions the gate's."""
    projects = {name: alert["log"]["project"] for name, alert in alerts().items() if "log" in alert}
    samples = {name: entry["logName"].split("/")[1] for name in AUDIT for entry in AUDIT[name]["raised"]}

    assert {projects[name] for name in OWN} == {"gate"}
    assert {name: f"mdo-{projects[name]}" for name in samples} == samples


def _wanted() -> dict[str, str]:
    """Every runbook that Terraform writes into an alert: the ones of alerts.yaml, and of objectives.tf."""
    wanted = {name: alert["runbook"] for name, alert in alerts().items()}
    for name in ("attested", "proposed", "available"):
        wanted[f"{name}-burn"] = f"objectives.md#{name}"
    return wanted


@pytest.mark.parametrize(("name", "link"), _wanted().items())
def test_every_alert_has_a_runbook(name: str, link: str) -> None:
    """A link that leads nowhere is found out at 3 a.m."""
    page, _, section = link.partition("#")

    assert section in Page(RUNBOOKS / page).anchors()


def test_objectives_link_runbooks_that_exist() -> None:
    """objectives.tf writes its own link; each objective is a heading of the page."""
    text = (OPERATIONS / "objectives.tf").read_text()
    links = re.findall(r"runbooks_url\}/([^\"]+)\"", text)

    assert links == ["objectives.md#${each.value.objective}"]


def test_every_alert_stands_in_the_index() -> None:
    """Who has only the alert's name finds its page."""
    index = (RUNBOOKS / "README.md").read_text()

    assert [name for name in alerts() if name not in index] == []


def test_every_alert_says_what_it_means_and_how_urgent_it_is() -> None:
    """One sentence, and one of two words: somebody is woken, or it waits for the morning."""
    for name, alert in alerts().items():
        assert alert["means"].endswith("."), name
        assert alert["severity"] in {"page", "ticket"}, name
        assert len({"log", "metric", "query"} & alert.keys()) == 1, name


def _rows(metric: str) -> list[dict[str, Any]]:
    return [alert["metric"] for alert in alerts().values() if metric in alert.get("metric", {}).get("filter", "")]


def test_an_event_cannot_wait_for_an_hour_unseen() -> None:
    """Completeness has no budget: whatever is not done or rejected waits, or is a dead letter."""
    assert sorted(row["above"] for row in _rows("oldest_unacked_message_age")) == [600, 3600]
    assert [row["above"] for row in _rows('subscription_id="dead-letter-pull"')] == [0]
