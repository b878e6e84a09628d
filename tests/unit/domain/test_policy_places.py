"""Specific rules: which one applies in a place, and what counts where the place is not known.

Sources: binaryauthorization.v1 resources.proto, the four maps of Policy ("only one … can be non-empty");
cloud.google.com/binary-authorization/docs/key-concepts, "Specific rules".
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import Reason, Rejected
from shared.domain.policy import ANYWHERE, Place, Policy, Verdict, evaluate
from tests.unit.domain.material import A, reason_of
from tests.unit.domain.test_policy import IMAGE, NOT_TRUSTED, QA, SECURITY, document, rule

CLUSTERS, NAMESPACES = "clusterAdmissionRules", "kubernetesNamespaceAdmissionRules"
ACCOUNTS, IDENTITIES = "kubernetesServiceAccountAdmissionRules", "istioServiceIdentityAdmissionRules"
PROD = "us-central1-c.prod"
SPIFFE = "spiffe://example.com/ns/shop/sa/web"
ALLOW, DENY = rule("ALWAYS_ALLOW", []), rule("ALWAYS_DENY", [])


def specific(field: str, default: dict[str, Any] = DENY, **rules: Any) -> Policy:
    """A policy with one map of specific rules, and a default rule that denies."""
    return Policy.read(document(defaultAdmissionRule=default, **{field: rules}))


DECIDING = {
    "the cluster's rule": (CLUSTERS, PROD, Place(cluster=PROD), [f"cluster admission rule for {PROD}"]),
    "another cluster": (CLUSTERS, PROD, Place(cluster="us-central1-c.prod-2"), ["default admission rule"]),
    "the same name elsewhere": (CLUSTERS, PROD, Place(cluster="us-central1-a.prod"), ["default admission rule"]),
    "an unknown cluster": (
        CLUSTERS,
        PROD,
        Place(namespace="shop"),
        [f"cluster admission rule for {PROD}", "default admission rule"],
    ),
    "the namespace's rule": (
        NAMESPACES,
        "shop",
        Place(namespace="shop"),
        ["kubernetes namespace admission rule for shop"],
    ),
    "another namespace": (NAMESPACES, "shop", Place(namespace="shop-2"), ["default admission rule"]),
    "an unknown namespace": (
        NAMESPACES,
        "shop",
        Place(cluster=PROD),
        ["kubernetes namespace admission rule for shop", "default admission rule"],
    ),
    "the service account's rule": (
        ACCOUNTS,
        "shop:web",
        Place(namespace="shop", service_account="web"),
        ["kubernetes service account admission rule for shop:web"],
    ),
    "another account": (
        ACCOUNTS,
        "shop:web",
        Place(namespace="shop", service_account="api"),
        ["default admission rule"],
    ),
    "the account's name in another namespace": (
        ACCOUNTS,
        "shop:web",
        Place(namespace="blog", service_account="web"),
        ["default admission rule"],
    ),
    "another namespace, no account": (ACCOUNTS, "shop:web", Place(namespace="blog"), ["default admission rule"]),
    "the namespace, no account": (
        ACCOUNTS,
        "shop:web",
        Place(namespace="shop"),
        ["kubernetes service account admission rule for shop:web", "default admission rule"],
    ),
    "the identity's rule": (
        IDENTITIES,
        SPIFFE,
        Place(istio_identity=SPIFFE),
        [f"istio service identity admission rule for {SPIFFE}"],
    ),
    "the identity without its scheme": (
        IDENTITIES,
        SPIFFE.removeprefix("spiffe://"),
        Place(istio_identity=SPIFFE),
        ["istio service identity admission rule for example.com/ns/shop/sa/web"],
    ),
    "another identity": (
        IDENTITIES,
        SPIFFE,
        Place(istio_identity="spiffe://example.com/ns/shop/sa/api"),
        ["default admission rule"],
    ),
    "no identity, but another account": (
        IDENTITIES,
        SPIFFE,
        Place(namespace="shop", service_account="api"),
        ["default admission rule"],
    ),
    "no identity, but its account": (
        IDENTITIES,
        SPIFFE,
        Place(namespace="shop", service_account="web"),
        [f"istio service identity admission rule for {SPIFFE}", "default admission rule"],
    ),
    "an identity of another form": (
        IDENTITIES,
        "example.com",
        Place(namespace="shop", service_account="web"),
        ["istio service identity admission rule for example.com", "default admission rule"],
    ),
}


@pytest.mark.parametrize("case", DECIDING)
def test_the_specific_rule_decides_where_it_applies_and_the_default_rule_elsewhere(case: str) -> None:
    """Where a specific rule applies the default is not asked; where that is not known both are."""
    field, key, place, titles = DECIDING[case]

    assert [title for title, _ in specific(field, **{key: ALLOW}).rules_at(place)] == titles


@pytest.mark.parametrize("field", [CLUSTERS, NAMESPACES, ACCOUNTS, IDENTITIES])
def test_without_a_place_every_rule_that_may_apply_must_admit(field: str) -> None:
    """The strictest reading: a lenient rule for staging must not admit for prod what the default denies."""
    assert not evaluate(IMAGE, specific(field, x=ALLOW), {}).admitted
    assert not evaluate(IMAGE, specific(field, ALLOW, x=ALLOW, y=DENY), {}).admitted
    assert evaluate(IMAGE, specific(field, ALLOW, x=ALLOW), {}).admitted


def test_two_spellings_of_one_identity_must_both_admit() -> None:
    """The documents say nothing of which one wins."""
    both = specific(IDENTITIES, **{SPIFFE: ALLOW, SPIFFE.removeprefix("spiffe://"): DENY})

    assert not evaluate(IMAGE, both, {}, place=Place(istio_identity=SPIFFE)).admitted


def test_a_denial_by_a_cluster_s_rule_is_said_in_gke_s_words() -> None:
    """Seen in gke-binary-auth-tools #4 and in the console: the rule is named with its cluster."""
    here = specific(CLUSTERS, ALLOW, **{PROD: rule()})

    assert evaluate(IMAGE, here, {}, place=Place(cluster=PROD)) == Verdict(
        IMAGE,
        admitted=False,
        message=f"Image {IMAGE} denied by Binary Authorization cluster admission rule for {PROD}. "
        f"Image {IMAGE} denied by attestor {QA}: {NOT_TRUSTED}",
    )


def test_a_denial_outranks_a_dry_run_and_a_dry_run_outranks_silence() -> None:
    """Where several rules may apply, the person reads the worst that may happen."""
    dry = rule("ALWAYS_DENY", [], enforcement="DRYRUN_AUDIT_LOG_ONLY")

    worst = evaluate(IMAGE, specific(CLUSTERS, DENY, a=ALLOW, b=dry), {})
    middle = evaluate(IMAGE, specific(CLUSTERS, ALLOW, a=ALLOW, b=dry), {})

    assert (worst.admitted, worst.is_dry_run) == (False, False)
    assert (middle.admitted, middle.is_dry_run) == (True, True)
    assert "cluster admission rule for b" in middle.message


def test_the_allowlist_goes_before_specific_rules_too() -> None:
    """An exempt image is asked about nowhere."""
    exempting = Policy.read(document(admissionWhitelistPatterns=[{"namePattern": IMAGE}], **{CLUSTERS: {PROD: DENY}}))

    assert evaluate(IMAGE, exempting, {}, place=Place(cluster=PROD)).admitted


def test_the_attestors_in_force_are_those_of_every_rule_that_may_apply() -> None:
    """What must be proven follows from where prod runs; a rule that asks nobody adds nobody."""
    several = specific(CLUSTERS, rule(), **{PROD: rule(attestors=[SECURITY, QA]), "us-central1-c.dev": ALLOW})

    assert several.attestors_at(ANYWHERE) == (QA, SECURITY)
    assert several.attestors_at(Place(cluster="us-central1-c.dev")) == ()
    assert several.attestors_at(Place(cluster="europe-west1.new")) == (QA,)


def test_specific_rules_of_two_kinds_are_refused() -> None:
    """The API takes one kind only, and which of two wins is documented nowhere."""
    with pytest.raises(Rejected) as caught:
        Policy.read(document(**{CLUSTERS: {PROD: DENY}, NAMESPACES: {"shop": ALLOW}}))

    assert reason_of(caught) == (
        Reason.MALFORMED_POLICY,
        f"the policy: {NAMESPACES} is there beside {CLUSTERS}; a policy has specific rules of one kind only",
    )


def test_empty_maps_of_specific_rules_are_none() -> None:
    """So gcloud and the API write them."""
    assert Policy.read(document(**{CLUSTERS: {}, NAMESPACES: None})).specific_rules == ()


def test_a_specific_rule_is_read_as_strictly_as_the_default_rule() -> None:
    """A mode of tomorrow in a rule for another cluster refuses the policy as a whole."""
    with pytest.raises(Rejected, match="evaluationMode is 'SOMETIMES'"):
        specific(CLUSTERS, **{PROD: rule("SOMETIMES")})
    with pytest.raises(Rejected, match="requireAttestationsBy is empty"):
        specific(CLUSTERS, **{PROD: rule(attestors=[])})


def test_more_specific_rules_than_a_project_can_have_are_refused() -> None:
    """Somebody else's file, not a policy."""
    with pytest.raises(Rejected, match="10,001 specific rules; at most 10,000"):
        specific(CLUSTERS, **{f"a.c{i}": DENY for i in range(10_001)})


known = st.sampled_from([None, "a.c1", "a.c2", "shop", "blog"])
places = st.builds(Place, known, known, st.sampled_from([None, "web"]), st.sampled_from([None, SPIFFE]))
rules = st.sampled_from([ALLOW, DENY, rule(), rule("ALWAYS_DENY", [], "DRYRUN_AUDIT_LOG_ONLY")])
keys = st.sampled_from(["a.c1", "a.c2", "shop", "blog", "shop:web", "blog:web", SPIFFE])


@given(st.sampled_from([CLUSTERS, NAMESPACES, ACCOUNTS, IDENTITIES]), st.dictionaries(keys, rules), rules, places)
def test_knowing_less_never_admits_more(
    field: str, some: dict[str, Any], default: dict[str, Any], place: Place
) -> None:
    """Whatever is admitted without knowing the place is admitted wherever it turns out to be."""
    read = Policy.read(document(defaultAdmissionRule=default, **{field: some}))

    for attested in ({}, {QA: {A}}):
        if evaluate(IMAGE, read, attested).admitted:
            assert evaluate(IMAGE, read, attested, place=place).admitted


words = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1)
known_words = {"name", "description", "etag", "updateTime", "globalPolicyEvaluationMode", "admissionWhitelistPatterns"}
known_words |= {"defaultAdmissionRule", CLUSTERS, NAMESPACES, ACCOUNTS, IDENTITIES}
known_words |= {"evaluationMode", "enforcementMode", "requireAttestationsBy", "namePattern"}


@given(words.filter(lambda word: word not in known_words), st.sampled_from(["policy", "rule", "specific", "pattern"]))
def test_an_unknown_field_never_admits(word: str, where: str) -> None:
    """Wherever it stands: the policy is refused as a whole, by the field's name."""
    more = {word: {}}
    changed = {
        "policy": document(**more),
        "rule": document(defaultAdmissionRule=rule() | more),
        "specific": document(**{CLUSTERS: {PROD: ALLOW | more}}),
        "pattern": document(admissionWhitelistPatterns=[{"namePattern": IMAGE} | more]),
    }[where]

    with pytest.raises(Rejected, match=word):
        Policy.read(changed)


@given(
    words.filter(lambda word: word not in {"ALWAYS_ALLOW", "ALWAYS_DENY", "REQUIRE_ATTESTATION"}),
    st.sampled_from(["evaluationMode", "enforcementMode"]),
    st.booleans(),
)
def test_an_unknown_mode_never_admits(word: str, field: str, in_default: bool) -> None:
    """Unspecified, misspelled, of tomorrow."""
    odd = ALLOW | {field: word}

    with pytest.raises(Rejected, match=word):
        Policy.read(document(defaultAdmissionRule=odd) if in_default else document(**{CLUSTERS: {PROD: odd}}))
