"""What Terraform makes of alerts, objectives, probe and federation, out of its state."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from infra.staging.stage import stage
from shared.domain.events import TestPassed
from shared.domain.pushes import Pushes
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, Terraform
from tests.operations.declared import RUNBOOKS, read_query
from tests.operations.runbook import Page

LONGEST_FILTER: Final = 2048  # Unicode characters of a monitoring filter (AlertPolicy, REST reference)
PROBES_AN_HOUR: Final = 24  # two jobs, every five minutes


State = list[dict[str, Any]]


@pytest.fixture(scope="module")
def state(gate: Terraform) -> State:
    """Everything that was made."""
    return gate.resources()


def made(state: State, kind: str) -> list[dict[str, Any]]:
    """The values of every resource of a type."""
    return [resource["values"] for resource in state if resource["type"] == kind]


def test_every_alert_links_a_runbook_that_exists(state: State) -> None:
    """As the person reads it who was woken: the link in the alert itself."""
    alerts = made(state, "google_monitoring_alert_policy")

    assert len(alerts) > 25
    for alert in alerts:
        [text] = [documentation["content"] for documentation in alert["documentation"]]
        page, section = re.findall(r"Runbook: https://\S+/docs/runbooks/([a-z-]+\.md)#([a-z-]+)$", text)[0]
        assert section in Page(RUNBOOKS / page).anchors(), alert["display_name"]


def test_every_alert_tells_somebody_of_its_own_project(state: State) -> None:
    """A channel of another project is refused by the API; an alert without any is a light in an empty room."""
    channels = {c["name"]: c["project"] for c in made(state, "google_monitoring_notification_channel")}

    assert set(channels.values()) == {"mdo-gate", "mdo-prod", "mdo-dev"}
    for alert in made(state, "google_monitoring_alert_policy"):
        assert {channels[name] for name in alert["notification_channels"]} == {alert["project"]}


def test_an_alert_on_a_project_that_there_is_not_is_not_made(provider: Provider, tmp_path: Path) -> None:
    """Where dev is a cluster of prod's project, there is nobody to tell of it."""
    stage(ROOT, tmp_path / "dist")
    terraform = Terraform(tmp_path, provider, variables=INFRA / "prodgate.tfvars.example")
    assert '"prodgate: dev-policy-changed"' in terraform.changes()
    terraform.set({"dev_project": None})

    planned = terraform.changes()

    assert '"prodgate: policy-changed"' in planned
    assert "dev-policy-changed" not in planned
    assert "mdo-dev" not in planned


def test_an_alert_on_a_log_has_the_limit_that_the_api_asks_for(state: State) -> None:
    """Without a rate limit it is refused; with other conditions beside it too."""
    for alert in made(state, "google_monitoring_alert_policy"):
        if any(condition["condition_matched_log"] for condition in alert["conditions"]):
            assert len(alert["conditions"]) == 1
            assert alert["alert_strategy"][0]["notification_rate_limit"][0]["period"] == "300s"


def _queries(state: State) -> dict[str, dict[str, Any]]:
    return {
        alert["display_name"].removeprefix("prodgate: "): condition["condition_prometheus_query_language"][0]
        for alert in made(state, "google_monitoring_alert_policy")
        for condition in alert["conditions"]
        if condition["condition_prometheus_query_language"]
    }


def test_nothing_that_is_made_at_the_first_apply_is_refused_for_a_metric_that_is_not_known_yet(
    gate: Terraform, state: State
) -> None:
    """Cloud Monitoring knows a log-based metric minutes after it was made: alerts do not ask it, objectives wait."""
    queries = _queries(state)
    own = {metric["name"].replace("/", "_") for metric in made(state, "google_logging_metric")}
    thresholds = [
        condition["condition_threshold"][0]["filter"]
        for alert in made(state, "google_monitoring_alert_policy")
        for condition in alert["conditions"]
        if condition["condition_threshold"] or condition["condition_absent"]
    ]

    assert queries.keys() == {"rejected", "strangers", "silent"}
    assert all(query["disable_metric_validation"] for query in queries.values())
    assert {read_query(query["query"])[0] for query in queries.values()} <= own
    assert not [text for text in thresholds if "logging.googleapis.com/user" in text]
    for objective in ("fresh", "available"):
        before = gate.waits_for(f"module.operations.google_monitoring_slo.{objective}")
        assert {
            "module.operations.terraform_data.known",
            "module.operations.google_logging_metric.functions",
            "module.probe.google_logging_metric.this",
        } <= before


def test_a_silence_is_told_after_twenty_minutes_and_not_before_the_first_probe(state: State) -> None:
    """Half of it is looked back, and for the other half it must hold."""
    silent = _queries(state)["silent"]
    [window] = re.findall(r"\[(\d+)s\]", silent["query"])

    assert silent["query"].endswith(" < 1")
    assert (int(window), silent["duration"]) == (600, "600s")


def test_filters_are_as_long_as_the_api_takes_them(state: State) -> None:
    """A subscription more, and the alert could no longer be made."""
    for alert in made(state, "google_monitoring_alert_policy"):
        for condition in alert["conditions"]:
            [kind] = [name for name, value in condition.items() if name.startswith("condition_") and value]
            text = condition[kind][0].get("filter") or condition[kind][0]["query"]
            assert len(text) <= LONGEST_FILTER


def test_goals_are_as_high_as_the_api_takes_them_and_thresholds_are_bounds_of_the_metric(state: State) -> None:
    """0 < goal ≤ 0.999; a threshold within a bucket would be guessed at by interpolation."""
    [age] = [m for m in made(state, "google_logging_metric") if m["name"] == "prodgate/age"]
    bounds = age["bucket_options"][0]["explicit_buckets"][0]["bounds"]
    objectives = made(state, "google_monitoring_slo")

    assert {objective["slo_id"] for objective in objectives} == {"attested", "proposed", "available"}
    for objective in objectives:
        assert 0 < objective["goal"] <= 0.999
        for cut in objective["request_based_sli"][0]["distribution_cut"]:
            assert cut["range"][0]["max"] in bounds


def _burns(state: State) -> list[tuple[float, float, int]]:
    """Of every burn alert: its objective's goal, its rate, and its long window in hours."""
    goals = {objective["slo_id"]: objective["goal"] for objective in made(state, "google_monitoring_slo")}
    burns = []
    for alert in made(state, "google_monitoring_alert_policy"):
        if alert["display_name"].endswith("-burn"):
            long, short = (condition["condition_threshold"][0] for condition in alert["conditions"])
            windows = [int(re.findall(r'"(\d+)s"', each["filter"])[0]) for each in (long, short)]
            assert windows[0] == 12 * windows[1]
            assert alert["combiner"] == "AND"
            objective = alert["display_name"].removeprefix("prodgate: ").split("-")[0]
            burns.append((goals[objective], long["threshold_value"], windows[0] // 3600))
    return burns


def test_every_burn_alert_can_fire_and_none_fires_on_one_event(state: State) -> None:
    """All events bad is a rate of 1/(1 - goal); one bad event among the probe's own must stay below the threshold."""
    burns = _burns(state)

    assert len(burns) == 9
    for goal, rate, hours in burns:
        assert hours <= 24  # the API takes no longer window
        assert 1 / (1 - goal) > rate
        assert 1 / (PROBES_AN_HOUR / 2 * hours) / (1 - goal) < rate


def test_metrics_take_their_labels_and_values_from_the_labels_of_entries(state: State) -> None:
    """An extractor for each label, as the API asks, and a value exactly where there are buckets for it."""
    for metric in made(state, "google_logging_metric"):
        [descriptor] = metric["metric_descriptor"]
        assert set(metric["label_extractors"] or {}) == {label["key"] for label in descriptor["labels"]}
        assert (
            bool(metric["value_extractor"])
            == bool(metric["bucket_options"])
            == (descriptor["value_type"] == "DISTRIBUTION")
        )


def test_the_probe_publishes_what_the_functions_read(state: State) -> None:
    """The very bytes of both jobs, read by the contracts, with one trace that the metric looks for."""
    jobs = {job["name"]: job["pubsub_target"][0] for job in made(state, "google_cloud_scheduler_job")}
    image, release = jobs["prodgate-probe-image"], jobs["prodgate-probe-release"]
    [through] = [m["filter"] for m in made(state, "google_logging_metric") if m["name"] == "prodgate/probe/through"]

    assert Pushes.parse(base64.b64decode(image["data"])).pushed
    assert TestPassed.parse(base64.b64decode(release["data"])).suite == "probe"
    traces = {job["attributes"]["traceparent"].split("-")[1] for job in (image, release)}
    assert [f"traces/{trace}" in through for trace in traces] == [True]


def test_what_the_probe_signs_is_worth_nothing_to_prod(state: State) -> None:
    """Its attestor is in no policy, and its key is no other attestor's."""
    asked = {
        attestor
        for policy in made(state, "google_binary_authorization_policy")
        for rule in (*policy["default_admission_rule"], *policy["cluster_admission_rules"])
        for attestor in rule["require_attestations_by"]
    }

    assert asked == {"projects/mdo-prod/attestors/quality-assurance-attestor"}
    functions = {
        f["name"]: f["service_config"][0]["environment_variables"]
        for f in made(state, "google_cloudfunctions2_function")
    }
    suites = json.loads(functions["attest-images"]["PRODGATE_SUITES"])
    assert set(suites) == {"qa", "probe"}
    assert suites["qa"]["key_version"] != suites["probe"]["key_version"]
    assert suites["probe"]["attestor"] == "projects/mdo-prod/attestors/probe-attestor"
    assert set(json.loads(functions["open-prod-pr"]["PRODGATE_REQUIRED_SUITES"])) == {"qa"}


def test_each_workflow_becomes_an_identity_of_its_own_that_says_one_thing(provider: Provider, tmp_path: Path) -> None:
    """Repository by number, branch, event and reusable workflow must hold, all of them; and it may do nothing else.

    A pool for each: a binding names pool and repository, so in one pool each workflow could become the other's account.
    """
    stage(ROOT, tmp_path / "dist")
    terraform = Terraform(tmp_path, provider, variables=INFRA / "prodgate.tfvars.example")
    workflow = "mdo/release-ci/.github/workflows/{}.yml@refs/heads/main"
    terraform.set(
        {
            "github_tests": {
                "qa": {"repository_id": "1234567890", "job_workflow_ref": workflow.format("qa")},
                "smoke": {
                    "repository_id": "1234567890",
                    "job_workflow_ref": workflow.format("smoke"),
                    "topic": "prod-tests-finished",
                },
            }
        }
    )
    terraform.apply()
    state = terraform.resources()
    conditions = {
        p["workload_identity_pool_id"]: p["attribute_condition"]
        for p in made(state, "google_iam_workload_identity_pool_provider")
    }

    for name, branch, topic in (("qa", "dev", "test-passed"), ("smoke", "prod", "prod-tests-finished")):
        [tester] = [a for a in made(state, "google_service_account") if a["account_id"] == f"prodgate-tester-{name}"]
        become = [
            b for b in made(state, "google_service_account_iam_member") if b["service_account_id"] == tester["name"]
        ]
        rights = [
            r for r in state if r["type"].endswith("_iam_member") and r["values"].get("member") == tester["member"]
        ]
        assert conditions[f"prodgate-github-{name}"] == (
            f'assertion.repository_id == "1234567890" && assertion.ref == "refs/heads/{branch}" && '
            f'assertion.event_name == "push" && assertion.job_workflow_ref == "{workflow.format(name)}"'
        )
        assert [(b["role"], b["member"].partition("/workloadIdentityPools/")[2]) for b in become] == [
            ("roles/iam.workloadIdentityUser", f"prodgate-github-{name}/attribute.repository_id/1234567890")
        ]
        assert [(r["type"], r["values"]["role"], r["values"]["topic"].rpartition("/")[2]) for r in rights] == [
            ("google_pubsub_topic_iam_member", "roles/pubsub.publisher", topic)
        ]


def test_probe_and_federation_can_be_left_out(provider: Provider, tmp_path: Path) -> None:
    """Then nothing of them is made, and no alert waits for a probe that never comes."""
    stage(ROOT, tmp_path / "dist")
    terraform = Terraform(tmp_path, provider, variables=INFRA / "prodgate.tfvars.example")
    terraform.set({"probe": None, "github_tests": {}})

    planned = terraform.changes()

    assert "prodgate: attested-fast-burn" in planned
    assert [name for name in ("probe-attestor", "prodgate-probe", "silent", "identity_pool") if name in planned] == []
