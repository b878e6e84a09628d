"""Binary Authorization's decision: the allowlist, the rule, and what GKE says when it denies."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.policy import Policy, Verdict, evaluate, matches, read_policy
from tests.unit.domain.material import NAME, A, B, reason_of

QA, SECURITY = "projects/gate/attestors/qa", "projects/gate/attestors/security"
IMAGE = f"{NAME}@{A}"
NOT_TRUSTED = "No attestations found that were valid and signed by a key trusted by the attestor"
BY_TAG = "Expected digest with sha256 scheme, but got tag or malformed digest"
DENIED = "denied by Binary Authorization default admission rule."

MATCHING = [
    ("gcr.io/p/nginx", "gcr.io/p/nginx"),
    ("gcr.io/p/nginx*", "gcr.io/p/nginx"),
    ("gcr.io/p/nginx*", "gcr.io/p/nginx:latest"),
    ("gcr.io/p/nginx*", f"gcr.io/p/nginx@{A}"),
    ("gcr.io/p/nginx*", "gcr.io/p/nginx-x"),
    ("gcr.io/p/nginx**", "gcr.io/p/nginx-1.14.2/image:latest"),
    ("gcr.io/p**", "gcr.io/p-other-project/image"),
    ("gcr.io/p/nginx:v1.*", "gcr.io/p/nginx:v1.2"),
    ("gcr.io/p/nginx@*", f"gcr.io/p/nginx@{A}"),
    (f"gcr.io/p/nginx@{A}", f"gcr.io/p/nginx@{A}"),
    ("nginx", "nginx"),
]
NOT_MATCHING = [
    ("gcr.io/p/nginx", "gcr.io/p/nginx:latest"),
    ("gcr.io/p/nginx", f"gcr.io/p/nginx@{A}"),
    ("gcr.io/p/nginx*", "gcr.io/p/nginx-images/nginx"),
    ("gcr.io/p/nginx*", "gcr.io/p/ngin"),
    ("gcr.io/p/nginx:v1.*", "gcr.io/p/nginx:v2.0"),
    (f"gcr.io/p/nginx@{A}", f"gcr.io/p/nginx@{B}"),
    ("docker.io/library/nginx", "nginx"),
    ("nginx", "docker.io/library/nginx"),
    ("gcr.io/*/nginx", "gcr.io/p/nginx"),
    ("gcr.io/*/nginx*", "gcr.io/p/nginx"),
    ("gcr.io/p/nginx***", "gcr.io/p/nginx"),
    ("gcr.io/p/nginx[@:]*", "gcr.io/p/nginx:1"),
    ("gcr.io/p/ngin?", "gcr.io/p/nginx"),
    ("**", "gcr.io/p/nginx"),
    ("*", "nginx"),
    ("gcr.io**", "gcr.io/p/nginx"),
    ("GCR.io/p/nginx", "gcr.io/p/nginx"),
]


def document(**changes: Any) -> dict[str, Any]:
    """A policy that requires the attestor qa, with changes; None takes a field out."""
    policy = {
        "name": "projects/prod/policy",
        "defaultAdmissionRule": rule(),
        **changes,
    }
    return {name: value for name, value in policy.items() if value is not None}


def rule(
    evaluation: str = "REQUIRE_ATTESTATION",
    attestors: list[str] | None = None,
    enforcement: str = "ENFORCED_BLOCK_AND_AUDIT_LOG",
) -> dict[str, Any]:
    """An admission rule as JSON; the attestor qa unless others are given."""
    by = [QA] if attestors is None else attestors
    return {"evaluationMode": evaluation, "enforcementMode": enforcement, "requireAttestationsBy": by}


def policy(*patterns: str, **changes: Any) -> Policy:
    """A policy with these allowlist patterns."""
    return Policy.read(document(admissionWhitelistPatterns=[{"namePattern": p} for p in patterns], **changes))


@pytest.mark.parametrize(("pattern", "image"), MATCHING)
def test_a_pattern_matches_the_literal_string(pattern: str, image: str) -> None:
    """GKE admits these without any attestation, so we neither attest nor pin them."""
    assert matches(pattern, image)


@pytest.mark.parametrize(("pattern", "image"), NOT_MATCHING)
def test_a_pattern_matches_nothing_that_gke_would_not(pattern: str, image: str) -> None:
    """A match too many lets an unattested image through the gate; what is not understood matches nothing."""
    assert not matches(pattern, image)


def test_an_allowlisted_image_is_admitted_by_tag_whatever_the_rule() -> None:
    """The allowlist is asked before the rule, even before one that denies all."""
    denying = policy("gcr.io/p/nginx:*", defaultAdmissionRule=rule("ALWAYS_DENY", []))

    assert evaluate("gcr.io/p/nginx:1", denying, {}) == Verdict(
        "gcr.io/p/nginx:1", admitted=True, message="Admitted by the allowlist"
    )


def test_the_system_policy_s_patterns_count_only_where_the_policy_switches_it_on() -> None:
    """Google's own allowlist is long; a policy that does not ask for it must not get it."""
    system = ("gke.gcr.io/**",)
    on, off = policy(globalPolicyEvaluationMode="ENABLE"), policy(globalPolicyEvaluationMode="DISABLE")

    assert on.exempts("gke.gcr.io/x/y:1", system)
    assert not on.exempts("gke.gcr.io/x/y:1")
    assert not off.exempts("gke.gcr.io/x/y:1", system)
    assert not policy().exempts("gke.gcr.io/x/y:1", system)
    assert not policy(globalPolicyEvaluationMode="GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED").uses_system_policy


def test_an_own_pattern_counts_beside_the_system_policy() -> None:
    """Switching Google's allowlist on does not switch ours off."""
    assert policy("gcr.io/p/x", globalPolicyEvaluationMode="ENABLE").exempts("gcr.io/p/x", ("gke.gcr.io/**",))


def test_an_attested_digest_is_admitted_without_a_word() -> None:
    """The plain good case: by digest, attested by everybody required."""
    assert evaluate(IMAGE, policy(), {QA: {A}}) == Verdict(IMAGE, admitted=True, message="")


def test_a_tag_beside_the_attested_digest_does_not_matter() -> None:
    """The digest names the bytes; the tag is for people."""
    assert evaluate(f"{NAME}:v1@{A}", policy(), {QA: {A}}).admitted


def test_an_image_without_attestation_is_denied_in_gke_s_words() -> None:
    """The person must find the very sentence in the cluster's events."""
    assert evaluate(IMAGE, policy(), {QA: {B}}) == Verdict(
        IMAGE, admitted=False, message=f"Image {IMAGE} {DENIED} Image {IMAGE} denied by attestor {QA}: {NOT_TRUSTED}"
    )


@pytest.mark.parametrize("image", [f"{NAME}:v1", NAME, f"{NAME}@sha256:abc", "not an image"])
def test_what_has_no_digest_is_denied_in_gke_s_words(image: str) -> None:
    """A tag can name other bytes tomorrow, whatever is attested today."""
    assert evaluate(image, policy(), {QA: {A}}) == Verdict(
        image, admitted=False, message=f"Image {image} {DENIED} Image {image} denied by attestor {QA}: {BY_TAG}"
    )


def test_every_required_attestor_must_have_attested() -> None:
    """One of two is not enough, and the message names the one that is missing."""
    both = policy(defaultAdmissionRule=rule(attestors=[QA, SECURITY]))

    assert evaluate(IMAGE, both, {QA: {A}, SECURITY: {A}}).admitted
    assert evaluate(IMAGE, both, {QA: {A}}).message == (
        f"Image {IMAGE} {DENIED} Image {IMAGE} denied by attestor {SECURITY}: {NOT_TRUSTED}"
    )
    assert evaluate(IMAGE, both, {}).message.count("denied by attestor") == 2


def test_always_allow_admits_even_a_tag() -> None:
    """That is what the mode says; the release's own rules still ask for digests."""
    assert evaluate("nginx:1", policy(defaultAdmissionRule=rule("ALWAYS_ALLOW", [])), {}).admitted


def test_always_deny_denies_even_what_is_attested() -> None:
    """GKE asks no attestor in this mode."""
    denying = policy(defaultAdmissionRule=rule("ALWAYS_DENY", []))

    assert evaluate(IMAGE, denying, {QA: {A}}) == Verdict(
        IMAGE, admitted=False, message=f"Image {IMAGE} {DENIED} Denied by always_deny admission rule"
    )


def test_a_dry_run_admits_and_says_what_it_would_have_denied() -> None:
    """The pod runs, and the audit log holds the denial: so does the verdict."""
    dry = policy(defaultAdmissionRule=rule(enforcement="DRYRUN_AUDIT_LOG_ONLY"))

    verdict = evaluate(f"{NAME}:v1", dry, {})

    assert verdict.admitted
    assert verdict.is_dry_run
    assert BY_TAG in verdict.message


def test_a_field_that_is_not_known_here_is_refused_by_name() -> None:
    """What we skip may be what GKE applies."""
    with pytest.raises(Rejected) as caught:
        Policy.read(document(aFieldOfTomorrow={"x": rule("ALWAYS_ALLOW", [])}))

    assert reason_of(caught) == (Reason.MALFORMED_POLICY, "the policy: the field 'aFieldOfTomorrow' is unknown")


REFUSED = {
    "no default rule": (
        document(defaultAdmissionRule=None, admissionWhitelistPatterns=[{"namePattern": "x"}]),
        "defaultAdmissionRule is missing",
    ),
    "no name": (document(name=None), "name is missing"),
    "a name alone": (document(name="mypolicy"), "name is 'mypolicy', which is not of its form projects/[^/]+/policy"),
    "a name of no project": (document(name="projects//policy"), "which is not of its form"),
    "a system policy's name": (document(name="locations/us-central1/policy"), "which is not of its form"),
    "no attestor": (document(defaultAdmissionRule=rule(attestors=[])), "requireAttestationsBy is empty"),
    "an unknown mode": (document(defaultAdmissionRule=rule("SOMETIMES")), "evaluationMode is 'SOMETIMES'"),
    "an unspecified mode": (document(defaultAdmissionRule=rule("EVALUATION_MODE_UNSPECIFIED")), "evaluationMode is"),
    "an unknown enforcement": (document(defaultAdmissionRule=rule(enforcement="LATER")), "enforcementMode is 'LATER'"),
    "more in the rule": (document(defaultAdmissionRule={**rule(), "unless": "x"}), "the field 'unless' is unknown"),
    "an attestor that is none": (document(defaultAdmissionRule=rule(attestors=[1])), "must be a string"),  # type: ignore[list-item]
    "an empty pattern": (document(admissionWhitelistPatterns=[{"namePattern": ""}]), "1 to 1,024 characters"),
    "more in a pattern": (document(admissionWhitelistPatterns=[{"namePattern": "x", "y": 1}]), "field 'y' is unknown"),
    "a pattern that is none": (document(admissionWhitelistPatterns=["x"]), "must be an object, it is a string"),
    "an unknown switch": (document(globalPolicyEvaluationMode="MAYBE"), "globalPolicyEvaluationMode is 'MAYBE'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_policy_that_is_not_understood_admits_nothing(case: str) -> None:
    """Empty means no, and so does unknown: the policy is refused when it is read."""
    changed, why = REFUSED[case]
    with pytest.raises(Rejected) as caught:
        Policy.read(changed)

    assert caught.value.reason is Reason.MALFORMED_POLICY
    assert why in caught.value.detail


@pytest.mark.parametrize("nothing", [b"", b"# to be written\n", b"{}\n", b"name: projects/acme/policy\netag: x\n"])
def test_an_empty_policy_is_named(nothing: bytes) -> None:
    """Empty means no: nothing was misunderstood, there is just no rule that could admit."""
    with pytest.raises(Rejected, match=r"the policy.* holds no rule; it admits nothing") as caught:
        read_policy(nothing)

    assert caught.value.reason is Reason.EMPTY_POLICY


def test_a_rule_without_the_list_of_attestors_is_refused_too() -> None:
    """A missing list is an empty one."""
    with pytest.raises(Rejected, match="requireAttestationsBy is empty"):
        Policy.read(document(defaultAdmissionRule={k: v for k, v in rule().items() if k != "requireAttestationsBy"}))


def test_what_describes_a_policy_is_read_over() -> None:
    """Description, etag and time change no decision."""
    described = policy("gcr.io/p/x", description="prod", etag="x", updateTime="2026-01-01T00:00:00Z")

    assert described.allowlist == ("gcr.io/p/x",)
    assert described.default_rule.attestors == (QA,)
    assert described.project == "prod"


def test_an_empty_allowlist_exempts_nothing() -> None:
    """Left out or empty, it is the same."""
    assert policy().allowlist == ()
    assert Policy.read(document()).allowlist == ()
    assert not Policy.read(document()).exempts(IMAGE)


def test_a_policy_file_is_read_as_gcloud_writes_it() -> None:
    """Null and empty are left out, and what describes it may look like a number."""
    exported = (
        "admissionWhitelistPatterns:\n- namePattern: gcr.io/p/x\nclusterAdmissionRules: {}\n"
        "defaultAdmissionRule:\n  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG\n"
        f"  evaluationMode: REQUIRE_ATTESTATION\n  requireAttestationsBy:\n  - {QA}\n"
        "description: 2026\netag: '\"abc\"'\nglobalPolicyEvaluationMode: ENABLE\n"
        "istioServiceIdentityAdmissionRules:\nname: projects/prod/policy\n"
    )

    read = read_policy(exported.encode())

    assert read == policy("gcr.io/p/x", globalPolicyEvaluationMode="ENABLE")
    assert read.specific_rules == ()
