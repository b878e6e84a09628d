"""What was applied keeps the rules that the pipeline rests on: times, retries, what is kept, who is let in."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml

from infra.staging.lock import RUNTIME_PYTHON
from shared.domain.policy.patterns import matches
from tests.infra.terraform import INFRA, ROOT, Terraform

EVENTS: Final = (ROOT / "docs" / "events.md").read_text()
# What the charts of Argo CD, External Secrets and Istio run: without one of them the cluster does not come up again.
PLATFORM: Final = (
    "quay.io/argoproj/argocd:v3.2.1",
    "ghcr.io/dexidp/dex:v2.44.0",
    "docker.io/library/redis:7.2.11-alpine",
    "public.ecr.aws/docker/library/redis:8.2.2-alpine",
    "oci.external-secrets.io/external-secrets/external-secrets:v1.1.0",
    "docker.io/istio/pilot:1.28.0-distroless",
    "docker.io/istio/proxyv2:1.28.0-distroless",
    "docker.io/istio/install-cni:1.28.0-distroless",
    "docker.io/istio/ztunnel:1.28.0-distroless",
)
MONTH: Final = "2678400s"
DEADLINE_S: Final = 45 + 10  # docs/operations.md: PRODGATE_DEADLINE_S, and then publishing what is rejected
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def made(gate: Terraform) -> list[Resource]:
    """Everything that was made."""
    return gate.resources()


def _all(made: list[Resource], kind: str) -> list[Resource]:
    found = [resource["values"] for resource in made if resource["type"] == f"google_{kind}"]
    assert found
    return found


def _pushes(made: list[Resource]) -> list[Resource]:
    return [subscription for subscription in _all(made, "pubsub_subscription") if subscription["push_config"]]


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def test_every_topic_keeps_its_messages_for_a_month(made: list[Resource]) -> None:
    """So that any subscription can be sent back in time."""
    assert {topic["message_retention_duration"] for topic in _all(made, "pubsub_topic")} == {MONTH}


def test_topics_that_google_publishes_to_are_adopted_and_left_alone(gate: Terraform, made: list[Resource]) -> None:
    """A project that has none yet sets `adopt_topics` to false; once they are in the state it does nothing."""
    adopted = {topic["name"] for topic in _all(made, "pubsub_topic") if topic["deletion_policy"] == "ABANDON"}
    assert adopted == {"gcr", "cloud-builds"}
    gate.set({"adopt_topics": False})
    try:
        assert gate.changes() == ""
    finally:
        gate.set({})


def test_every_topic_on_the_page_exists_and_wakes_what_the_page_says(made: list[Resource]) -> None:
    """docs/events.md is what people read."""
    told = dict(re.findall(r"^\| \[`([a-z-]+)`\]\([^)]*\) \| [^|]* \| (\w+)", EVENTS, re.MULTILINE))
    woken = {
        _short(push["topic"]): push["push_config"][0]["push_endpoint"].removeprefix("https://").split("-abc123")[0]
        for push in _pushes(made)
    }
    assert told.keys() <= {topic["name"] for topic in _all(made, "pubsub_topic")}
    assert {topic: name.replace("_", "-") for topic, name in told.items() if name != "nobody"}.items() <= woken.items()


def test_registries_of_other_projects_wake_resolve_image_too(made: list[Resource]) -> None:
    """Artifact Registry publishes in the repository's own project, which in the example is not the gate's."""
    [push] = [push for push in _pushes(made) if push["topic"] == "projects/mdo/topics/gcr"]
    assert (push["name"], push["project"]) == ("gcr-mdo-push", "mdo-gate")
    assert push["push_config"][0]["push_endpoint"].startswith("https://resolve-image-")


def test_builds_wake_attest_images_only_where_triggers_run_suites(gate: Terraform, made: list[Resource]) -> None:
    """Without any, each build in the project would be rejected as an event that nobody should have published."""
    assert not [push for push in _pushes(made) if "cloud-builds" in push["topic"]]
    gate.set({"build_triggers": {"7d3f1a52-0000-4000-8000-000000000001": "qa"}})
    try:
        assert '"cloud-builds-push"' in gate.changes()
    finally:
        gate.set({})


def test_an_event_that_waits_is_seen_on_every_push_subscription(made: list[Resource]) -> None:
    """Those on topics of other projects too."""
    names = {f'"{push["name"]}"' for push in _pushes(made)}
    filters = [
        condition["condition_threshold"][0]["filter"]
        for alert in _all(made, "monitoring_alert_policy")
        for condition in alert["conditions"]
        if condition["condition_threshold"] and "one_of" in condition["condition_threshold"][0]["filter"]
    ]
    assert len(filters) == 2
    for text in filters:
        assert set(re.findall(r'"[a-z-]+-push"', text)) == names


def test_what_nobody_listens_on_is_kept_by_a_pull_subscription(made: list[Resource]) -> None:
    """Pub/Sub drops what lands on a topic without a subscription."""
    kept = [subscription for subscription in _all(made, "pubsub_subscription") if not subscription["push_config"]]
    assert {_short(pull["topic"]) for pull in kept} == {"rejected", "dead-letter"}
    assert {pull["name"] for pull in kept} == {"rejected-pull", "dead-letter-pull"}
    assert {pull["message_retention_duration"] for pull in kept} == {MONTH}


def test_no_subscription_ever_expires(made: list[Resource]) -> None:
    """A gate that nobody walked through for 31 days must still open."""
    assert all(each["expiration_policy"] == [{"ttl": ""}] for each in _all(made, "pubsub_subscription"))


def test_every_push_proves_who_it_is_for_exactly_one_service(made: list[Resource]) -> None:
    """The token's audience is the service that is called, so it is of no use anywhere else."""
    for push in _pushes(made):
        config = push["push_config"][0]
        token = config["oidc_token"][0]
        service = config["push_endpoint"].removeprefix("https://").split("-abc123")[0]
        assert token["audience"] == config["push_endpoint"]
        assert token["service_account_email"].startswith(f"prodgate-wake-{service}@")


def test_every_push_is_patient_and_loses_nothing(made: list[Resource]) -> None:
    """Backoff, then the dead letters; for hours, so that an outage of GitHub passes."""
    for push in _pushes(made):
        assert push["retry_policy"] == [{"minimum_backoff": "10s", "maximum_backoff": "600s"}]
        assert _short(push["dead_letter_policy"][0]["dead_letter_topic"]) == "dead-letter"
        assert push["dead_letter_policy"][0]["max_delivery_attempts"] == 40


def test_a_deadline_ends_before_the_function_and_the_function_before_the_delivery(made: list[Resource]) -> None:
    """Otherwise an event is delivered again while it is still worked on."""
    timeouts = {function["service_config"][0]["timeout_seconds"] for function in _all(made, "cloudfunctions2_function")}
    ack_deadlines = {push["ack_deadline_seconds"] for push in _pushes(made)}
    assert DEADLINE_S < min(timeouts) <= max(timeouts) < min(ack_deadlines)


def test_functions_run_on_the_python_that_is_tested_and_are_woken_by_subscriptions_alone(made: list[Resource]) -> None:
    """No trigger of Eventarc's beside them, which would keep an event for 24 hours only."""
    for function in _all(made, "cloudfunctions2_function"):
        assert function["build_config"][0]["runtime"] == f"python{RUNTIME_PYTHON.replace('.', '')}"
        assert function["build_config"][0]["entry_point"].replace("_", "-") == function["name"]
        assert not function["event_trigger"]


def test_every_function_is_internal_but_the_public_one(made: list[Resource]) -> None:
    """Pub/Sub of the same project is internal."""
    ingress = {
        function["name"]: function["service_config"][0]["ingress_settings"]
        for function in _all(made, "cloudfunctions2_function")
    }
    assert ingress.pop("receive-push") == "ALLOW_ALL"
    assert set(ingress.values()) == {"ALLOW_INTERNAL_ONLY"}


def test_several_events_at_a_time_need_a_whole_cpu(made: list[Resource]) -> None:
    """Cloud Functions refuses a concurrency above 1 on less."""
    for function in _all(made, "cloudfunctions2_function"):
        assert function["service_config"][0]["max_instance_request_concurrency"] > 1
        assert float(function["service_config"][0]["available_cpu"]) >= 1


def test_what_must_see_all_events_runs_once(made: list[Resource]) -> None:
    """pin_manifests gathers into one commit, open_prod_pr keeps releases in order."""
    most = {
        function["name"]: function["service_config"][0]["max_instance_count"]
        for function in _all(made, "cloudfunctions2_function")
    }
    assert {most["pin-manifests"], most["open-prod-pr"]} == {1}


def test_every_function_is_an_identity_of_its_own(made: list[Resource]) -> None:
    """What one may do, no other may."""
    functions = _all(made, "cloudfunctions2_function")
    emails = {function["service_config"][0]["service_account_email"] for function in functions}
    assert emails == {f"prodgate-{function['name']}@mdo-gate.iam.gserviceaccount.com" for function in functions}


def test_prod_blocks_and_dev_only_watches(made: list[Resource]) -> None:
    """Both demand the same attestations; what the platform needs is admitted by name, as in the stand-in company."""
    company = yaml.safe_load((ROOT / "local/blog_app/policy.yaml").read_text())
    policies = {policy["project"]: policy for policy in _all(made, "binary_authorization_policy")}
    enforcement = {
        project: policy["default_admission_rule"][0]["enforcement_mode"] for project, policy in policies.items()
    }
    assert enforcement == {"mdo-prod": "ENFORCED_BLOCK_AND_AUDIT_LOG", "mdo-dev": "DRYRUN_AUDIT_LOG_ONLY"}
    for policy in policies.values():
        rule = policy["default_admission_rule"][0]
        assert rule["evaluation_mode"] == "REQUIRE_ATTESTATION"
        assert rule["require_attestations_by"] == company["defaultAdmissionRule"]["requireAttestationsBy"]
        assert policy["global_policy_evaluation_mode"] == "ENABLE"
        patterns = {pattern["name_pattern"] for pattern in policy["admission_whitelist_patterns"]}
        assert {each["namePattern"] for each in company["admissionWhitelistPatterns"]} <= patterns
        assert [image for image in PLATFORM if not any(matches(pattern, image) for pattern in patterns)] == []


def test_an_attestor_trusts_the_key_of_its_suite(made: list[Resource]) -> None:
    """By the id that every signature carries, in the algorithm that the key has."""
    keys = {key["id"]: key for key in _all(made, "kms_crypto_key")}
    versions = {version["crypto_key"]: version for version in _all(made, "kms_crypto_key_version")}
    for attestor, suite in (("quality-assurance-attestor", "qa"), ("probe-attestor", "probe")):
        [found] = [each for each in _all(made, "binary_authorization_attestor") if each["name"] == attestor]
        [public_key] = found["attestation_authority_note"][0]["public_keys"]
        [key] = [key for key in keys.values() if key["name"] == suite]
        assert key["purpose"] == "ASYMMETRIC_SIGN"
        assert public_key["id"] == versions[key["id"]]["id"]
        assert public_key["pkix_public_key"][0]["public_key_pem"] == versions[key["id"]]["public_key"][0]["pem"]


def test_keys_can_outlive_the_region(gate: Terraform, made: list[Resource]) -> None:
    """By default they are in it; a multi-region, or `global`, is chosen once and for all."""
    assert [ring["location"] for ring in _all(made, "kms_key_ring")] == ["us-central1"]
    gate.set({"key_location": "us"})
    try:
        told = gate.run("plan", "-input=false", "-no-color", "-refresh=false", expect=(0, 1))
    finally:
        gate.set({})
    assert re.search(r'~ location *= "us-central1" -> "us"', told)


def test_images_of_functions_do_not_pile_up(made: list[Resource]) -> None:
    """Each deployment adds one; the newest of each function, which is what runs, is never deleted."""
    [repository] = _all(made, "artifact_registry_repository")
    policies = {policy["action"]: policy for policy in repository["cleanup_policies"]}
    assert policies["KEEP"]["most_recent_versions"][0]["keep_count"] >= 1
    assert policies["DELETE"]["condition"][0] == {
        **policies["DELETE"]["condition"][0],
        "older_than": "2592000s",
        "tag_state": "ANY",
    }


def test_what_cannot_be_made_again_is_not_removed() -> None:
    """Keys, and policies, without which a project admits everything."""
    source = "\n".join(path.read_text() for path in sorted(INFRA.rglob("*.tf")))
    for kind in ("kms_key_ring", "kms_crypto_key", "binary_authorization_policy"):
        [block] = re.findall(rf'^resource "google_{kind}" .*?^\}}', source, re.MULTILINE | re.DOTALL)
        assert "prevent_destroy = true" in block


def test_the_request_log_with_url_secrets_is_not_stored(gate: Terraform, made: list[Resource]) -> None:
    """As docs/operations.md says; at the first apply only once Logging is enabled."""
    assert "module.services.google_project_service.this" in gate.waits_for(
        "google_logging_project_exclusion.webhook_urls"
    )
    [exclusion] = _all(made, "logging_project_exclusion")
    assert 'resource.labels.service_name="receive-push"' in exclusion["filter"]
    assert 'log_id("run.googleapis.com/requests")' in exclusion["filter"]


def test_the_example_module_makes_clusters_ask() -> None:
    """A policy that no cluster asks is a sheet of paper."""
    assert "PROJECT_SINGLETON_POLICY_ENFORCE" in (INFRA / "modules/gke-example/main.tf").read_text()
