"""Policies with rules for clusters: the one of prod's own decides, and who does not know which it is reads strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from google.cloud.binaryauthorization_v1 import Policy

from local.world.names import ATTESTOR, PROD_PROJECT, Signing
from local.world.world import World
from tests.company import SMALL, pin_posts, release_posts, small_world

REDIS: Final = {"namePattern": "docker.io/library/redis:*"}
REQUIRED: Final = {
    "evaluationMode": "REQUIRE_ATTESTATION",
    "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
    "requireAttestationsBy": [ATTESTOR],
}
FROZEN: Final = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}


def policy(rules: Mapping[str, Any], field: str = "clusterAdmissionRules") -> dict[str, Any]:
    """Prod's policy with rules for some clusters; elsewhere the default rule requires the attestor."""
    return {
        "name": f"projects/{PROD_PROJECT}/policy",
        "admissionWhitelistPatterns": [REDIS],
        "defaultAdmissionRule": REQUIRED,
        field: dict(rules),
    }


@pytest.mark.parametrize("cluster", ["us-central1.prod", "us-central1.next"])
def test_a_frozen_cluster_does_not_hold_up_the_others(cluster: str, quiet_logging: None) -> None:
    """Prod is configured to be one cluster: its rule, or the default one, decides, and no other."""
    with small_world(variables={"PRODGATE_PROD_CLUSTER": cluster}) as world:
        world.set_policy(policy({"us-central1.prod": REQUIRED, "us-central1.old": FROZEN}))

        tested = release_posts(world)

        assert [pull.head for pull in world.pull_requests] == [f"release/{tested[:12]}"]
        assert world.rejected == []


def test_the_rule_of_prods_own_cluster_denies_in_gkes_words(quiet_logging: None) -> None:
    """The default rule would admit the image, and is not asked."""
    with small_world(variables={"PRODGATE_PROD_CLUSTER": "us-central1.prod"}) as world:
        world.set_policy(policy({"us-central1.prod": FROZEN}))

        release_posts(world)

        (attested,) = world.attestations
        (message,) = world.rejected
        assert (message.function, message.reason) == ("open_prod_pr", "not-admitted")
        assert message.detail == (
            f"Image {attested.image}@{attested.digest} denied by Binary Authorization cluster admission rule for "
            "us-central1.prod. Denied by always_deny admission rule"
        )
        assert world.pull_requests == []


def test_without_a_configured_cluster_every_rule_that_may_apply_must_admit(world: World) -> None:
    """One of the clusters may be prod, and one of them denies: nothing is opened."""
    world.set_policy(policy({"us-central1.prod": REQUIRED, "us-central1.old": FROZEN}))

    release_posts(world)

    (message,) = world.rejected
    assert message.reason == "not-admitted"
    assert "cluster admission rule for us-central1.old" in message.detail
    assert world.pull_requests == []


def test_a_system_policy_that_does_not_count_need_not_be_readable(world: World) -> None:
    """It is asked beside prod's own policy, which says then whether it counts."""
    world.set_policy(policy({}) | {"globalPolicyEvaluationMode": "DISABLE"})
    world.faults.fail("binauthz.GetSystemPolicy", code="PERMISSION_DENIED", times=99)

    release_posts(world)

    assert (len(world.pull_requests), world.dead_letters) == (1, [])


def test_a_policy_with_a_field_of_tomorrow_admits_nothing(world: World) -> None:
    """What this version's client does not know would be left out in silence; it may be what GKE applies."""
    pin_posts(world)
    known = world.do(world.clients.binauthz.get_policy(name=f"projects/{PROD_PROJECT}/policy"))
    Policy.pb(known).MergeFromString(b"\xc0\x0c\x01")  # field 200, the number 1
    world.do(world.clients.binauthz.update_policy(policy=known))

    world.pass_tests()
    world.settle()

    (message,) = world.rejected
    assert (message.reason, message.detail) == (
        "malformed-policy",
        "the policy has fields that this version does not know; what they ask for cannot be evaluated",
    )
    assert world.attestations == []


NAMESPACES: Final = "kubernetesNamespaceAdmissionRules"


@pytest.mark.parametrize("namespace", ["shop", "old", None])
def test_the_namespace_in_a_manifest_chooses_the_rule(namespace: str | None, quiet_logging: None) -> None:
    """GKE asks the rule of that namespace; a manifest that names none may run in the frozen one."""
    metadata = b"metadata:\n" if namespace is None else f"metadata:\n  namespace: {namespace}\n".encode()
    files = {path: content.replace(b"metadata:\n", metadata) for path, content in SMALL.items() if content}
    with small_world(files) as world:
        world.set_policy(policy({"old": FROZEN}, NAMESPACES))

        release_posts(world)

        reasons = [message.reason for message in world.rejected]
        assert (len(world.pull_requests), reasons) == ((1, []) if namespace == "shop" else (0, ["not-admitted"]))


def test_an_attestor_of_another_namespace_is_not_waited_for(quiet_logging: None) -> None:
    """Its rule judges no pod of this release; where it does, its attestation is missing."""
    for namespace, opened in (("shop", 1), ("bank", 0)):
        metadata = f"metadata:\n  namespace: {namespace}\n".encode()
        files = {path: content.replace(b"metadata:\n", metadata) for path, content in SMALL.items() if content}
        with small_world(files) as world:
            world.found_attestor("security")
            strict = {**REQUIRED, "requireAttestationsBy": [Signing.of("security").attestor]}
            world.set_policy(policy({"bank": strict}, NAMESPACES))

            release_posts(world)

            assert len(world.pull_requests) == opened
            assert [message.reason for message in world.rejected] == ["incomplete-release"] * (1 - opened)
