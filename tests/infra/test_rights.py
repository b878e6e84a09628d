"""Least privilege: who may do what, as Terraform applied it."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.infra.deployer import idle
from tests.infra.matrix import PAGE, page
from tests.infra.rights import GATE, Right, rights
from tests.infra.terraform import INFRA, Terraform

OPERATORS: Final = "group:prodgate-operators@mdo.example"
CI: Final = "serviceAccount:ci-dev@mdo-ci.iam.gserviceaccount.com"
WIDE: Final = re.compile(r"admin|editor|owner|^roles/(viewer|browser)$", re.IGNORECASE)
# Rights on whole projects, beside the deployer's: the API has no smaller place for them.
ON_PROJECTS: Final = {
    ("attest-images", "roles/binaryauthorization.policyViewer"),
    ("attest-images", "roles/containeranalysis.occurrences.editor"),
    ("builder", "roles/logging.logWriter"),
    ("builder", "roles/storage.objectViewer"),
    ("open-prod-pr", "roles/binaryauthorization.policyViewer"),
}


@pytest.fixture(scope="module")
def given(gate: Terraform) -> list[Right]:
    """Every right that was given."""
    return rights(gate.resources())


def _holders(given: list[Right], role: str, place: str) -> set[str]:
    return {right.who for right in given if right.role == role and right.place == place}


def test_the_page_shows_exactly_what_terraform_gives(given: list[Right]) -> None:
    """`make iam` writes it anew."""
    assert PAGE.read_text() == page(given)


def test_nobody_but_the_deployer_holds_a_wide_role(given: list[Right]) -> None:
    """Occurrences are the one exception: Google's role that stores them is called an editor."""
    wide = {(right.who, right.role) for right in given if WIDE.search(right.role) and right.who != "deployer"}
    assert wide == {("attest-images", "roles/containeranalysis.occurrences.editor")}
    assert not {right.role for right in given} & {"roles/owner", "roles/editor", "roles/viewer"}


def test_rights_on_whole_projects_are_the_few_that_cannot_be_smaller(given: list[Right]) -> None:
    """All others hang on a topic, a secret, a key, a service."""
    on_projects = {(right.who, right.role) for right in given if right.kind == "project" and right.who != "deployer"}
    assert on_projects == ON_PROJECTS


def test_the_deployer_can_give_no_role_on_a_project_but_those_in_use(gate: Terraform, given: list[Right]) -> None:
    """Its own roles are not among them, so it cannot make itself mightier; and each only where it is in use."""
    grantable = {
        (role, resource["values"]["project"])
        for resource in gate.resources()
        if resource["values"].get("role") == "roles/resourcemanager.projectIamAdmin"
        for role in re.findall(r'"(roles/[^"]+)"', resource["values"]["condition"][0]["expression"])
    }
    on_projects = [right for right in given if right.kind == "project"]
    assert grantable == {(right.role, right.place) for right in on_projects if right.who != "deployer"}
    own = {(right.role, right.place) for right in on_projects if right.who == "deployer"}
    assert grantable & own == {("roles/logging.logWriter", GATE)}  # which its builds need for their own logs


def test_no_role_of_the_deployer_is_there_for_nothing(gate: Terraform) -> None:
    """On each project, something needs it; two are for what its builds do beside Terraform."""
    assert idle(gate.resources()) == {("roles/logging.logWriter", GATE), ("roles/logging.viewer", GATE)}


@pytest.mark.parametrize(
    ("made", "account"),
    [
        ("module.function.google_cloudfunctions2_function.this", "module.function"),
        ("module.function.google_cloudfunctions2_function.this", "module.artifacts"),
        ("module.subscription.google_pubsub_subscription.this", "module.function"),
    ],
)
def test_nothing_is_put_to_work_as_an_account_before_the_deployer_may_do_that(
    gate: Terraform, made: str, account: str
) -> None:
    """Google refuses it otherwise, and an apply that makes all at once would fail or not, as it happens."""
    assert f"{account}.google_service_account_iam_member.deployer" in gate.waits_for(made)


def test_the_deployer_makes_secrets_and_reads_none(given: list[Right]) -> None:
    """Google's `secretmanager.admin` would read them."""
    assert not [right for right in given if right.who == "deployer" and "secretmanager" in right.role]


def test_strangers_may_call_receive_push_and_nothing_else(given: list[Right]) -> None:
    """Everything else is called by Pub/Sub alone, each function as an identity of its own."""
    callers = {(right.who, right.place) for right in given if right.role == "roles/run.invoker"}
    functions = ("attest-images", "confirm-prod", "open-prod-pr", "pin-manifests", "resolve-image")
    assert callers == {("allUsers", "receive-push")} | {(f"wake-{name}", name) for name in functions}
    assert [right.place for right in given if right.who.startswith("all")] == ["receive-push"]


def test_only_ci_says_that_tests_passed(given: list[Right]) -> None:
    """By an account of its own, or as a federated workflow; operators replay the others, and read what was kept."""
    assert _holders(given, "roles/pubsub.publisher", "test-passed") == {CI, "tester-qa"}
    assert {right.who for right in given if right.role.endswith("workloadIdentityUser")} == {
        "GitHub's repository 1234567890"
    }
    assert {right.place for right in given if right.who == OPERATORS} == {
        "attestation-complete",
        "dead-letter-pull",
        "gcr",
        "image-resolved",
        "rejected-pull",
        "release-check",
    }


def test_only_attest_images_signs(given: list[Right]) -> None:
    """Nobody else has any right on the key, but the deployer who made it."""
    assert {right.who for right in given if right.kind == "key"} == {"attest-images"}
    assert {right.who for right in given if right.role == "roles/cloudkms.signer"} == {"attest-images"}
    assert {right.who for right in given if right.role.endswith("notes.attacher")} == {"attest-images"}


def test_each_secret_is_read_by_whom_it_is_for(given: list[Right]) -> None:
    """Above all the token that writes pull requests."""
    readers = {(right.place, right.who) for right in given if right.role == "roles/secretmanager.secretAccessor"}
    assert readers == {
        ("github-attest-images", "attest-images"),
        ("github-confirm-prod", "confirm-prod"),
        ("github-open-prod-pr", "open-prod-pr"),
        ("github-pin-manifests", "pin-manifests"),
        ("registry-ghcr-io", "attest-images"),
        ("registry-ghcr-io", "pin-manifests"),
        ("registry-ghcr-io", "resolve-image"),
        ("webhook-docker-hub", "receive-push"),
        ("webhook-github", "receive-push"),
    }


def test_each_function_publishes_what_comes_after_it_and_what_it_rejects(given: list[Right]) -> None:
    """receive_push publishes to `gcr` alone: what it refuses, it refuses to the sender."""
    functions = {"attest-images", "confirm-prod", "open-prod-pr", "pin-manifests", "receive-push", "resolve-image"}
    published = {(right.who, right.place) for right in given if right.role == "roles/pubsub.publisher"}
    assert {(who, topic) for who, topic in published if who in functions} == {
        ("attest-images", "attestation-complete"),
        ("attest-images", "rejected"),
        ("confirm-prod", "rejected"),
        ("open-prod-pr", "rejected"),
        ("pin-manifests", "rejected"),
        ("receive-push", "gcr"),
        ("resolve-image", "image-resolved"),
        ("resolve-image", "rejected"),
    }


def test_no_binding_replaces_what_others_gave_and_no_key_is_made() -> None:
    """`_iam_policy` and `_iam_binding` own a place and throw out whoever else is there."""
    source = "\n".join(path.read_text() for path in INFRA.rglob("*.tf"))
    assert not re.findall(r'resource "google_\w+_iam_(?:policy|binding)"', source)
    assert not re.findall(r'resource "google_(?:service_account_key|secret_manager_secret_version)\w*"', source)


@pytest.mark.parametrize(
    ("variables", "function"),
    [
        ({"suites": {"qa": {"github": {"workflow": "qa.yml"}, "vulnerabilities": {"mode": "warn"}}}}, "attest_images"),
        ({"releases": {"show_vulnerabilities": True}}, "open_prod_pr"),
    ],
)
def test_findings_are_read_only_by_whom_they_are_used(
    gate: Terraform, given: list[Right], variables: dict[str, object], function: str
) -> None:
    """A right that nothing uses is one too many; a suite's gate, or showing them, brings its own."""
    assert not any(right.role.endswith("containeranalysis.occurrences.viewer") for right in given)
    gate.set(variables)
    try:
        assert re.findall(r'google_project_iam_member\.findings\["(.*)"\] will', gate.changes()) == [f"{function} mdo"]
    finally:
        gate.set({})
