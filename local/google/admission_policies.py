"""Binary Authorization's policies as the API keeps them: that of a fresh project, Google's own, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.cloud.binaryauthorization_v1 import AdmissionRule, AdmissionWhitelistPattern, Policy

from local.google.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

Evaluation = AdmissionRule.EvaluationMode
Enforcement = AdmissionRule.EnforcementMode

# An approximation: the real list is longer, differs by location and changes. These are registries of GKE's own
# system images; Google documents the policy at https://cloud.google.com/binary-authorization/docs/key-concepts.
SYSTEM_IMAGES = (
    "gcr.io/gke-release/**",
    "gcr.io/gke-release-staging/**",
    "gcr.io/google-containers/*",
    "gke.gcr.io/**",
    "gcr.io/stackdriver-agents/*",
    "k8s.gcr.io/**",
    "registry.k8s.io/**",
)


def fresh_policy(name: str) -> Policy:
    """Return the policy of a project that has never set one.

    Documented at https://cloud.google.com/binary-authorization/docs/configuring-policy-cli.
    """
    rule = AdmissionRule(
        evaluation_mode=Evaluation.ALWAYS_ALLOW, enforcement_mode=Enforcement.ENFORCED_BLOCK_AND_AUDIT_LOG
    )
    return Policy(
        name=name,
        global_policy_evaluation_mode=Policy.GlobalPolicyEvaluationMode.ENABLE,
        default_admission_rule=rule,
    )


def system_policy(name: str) -> Policy:
    """Return Google's own policy, which exempts its system images: an approximation, the same in every location."""
    return Policy(
        name=name,
        admission_whitelist_patterns=[AdmissionWhitelistPattern(name_pattern=pattern) for pattern in SYSTEM_IMAGES],
        default_admission_rule=AdmissionRule(
            evaluation_mode=Evaluation.ALWAYS_DENY, enforcement_mode=Enforcement.ENFORCED_BLOCK_AND_AUDIT_LOG
        ),
    )


def require_valid_policy(policy: Policy) -> None:
    """Check what google/cloud/binaryauthorization/v1/resources.proto demands of a policy.

    Raises:
        Refusal: INVALID_ARGUMENT; the wordings are ours.
    """
    maps = (
        policy.cluster_admission_rules,
        policy.kubernetes_namespace_admission_rules,
        policy.kubernetes_service_account_admission_rules,
        policy.istio_service_identity_admission_rules,
    )
    if sum(bool(rules) for rules in maps) > 1:
        raise _invalid("Only one kind of specific admission rules may be given.")
    if "default_admission_rule" not in policy:
        raise _invalid("default_admission_rule is required.")
    for rule in _rules(policy):
        _require_valid_rule(rule)


def _rules(policy: Policy) -> Iterator[AdmissionRule]:
    yield policy.default_admission_rule
    yield from policy.cluster_admission_rules.values()
    yield from policy.kubernetes_namespace_admission_rules.values()
    yield from policy.kubernetes_service_account_admission_rules.values()
    yield from policy.istio_service_identity_admission_rules.values()


def _require_valid_rule(rule: AdmissionRule) -> None:
    if 0 in (rule.evaluation_mode, rule.enforcement_mode):
        raise _invalid("evaluation_mode and enforcement_mode of an admission rule are required.")
    needs_attestors = rule.evaluation_mode == Evaluation.REQUIRE_ATTESTATION
    if needs_attestors is not bool(rule.require_attestations_by):
        raise _invalid("require_attestations_by must be given with REQUIRE_ATTESTATION, and only then.")


def _invalid(sentence: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)
