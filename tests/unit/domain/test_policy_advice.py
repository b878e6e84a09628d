"""The linter: what is worth a second look in a policy that is valid, each with its reason and its mending."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.errors import Rejected
from shared.domain.policy import evaluate, matches
from shared.domain.policy.advice import (
    Slip,
    admitted_spellings,
    advise,
    advise_on_draft,
    not_understood,
    without_keys,
)
from shared.domain.policy.document import read_draft, read_policy
from shared.domain.policy.rules import NOBODY
from tests.unit.domain.material import A
from tests.unit.domain.test_policy import QA, document, policy, rule

ON = {"globalPolicyEvaluationMode": "ENABLE"}
PATTERNS = {
    "gcr.io/*/nginx": (Slip.WILDCARD_IN_THE_MIDDLE, "matches nothing that runs"),
    "gcr.io/p/nginx[@:]*": (Slip.WILDCARD_IN_THE_MIDDLE, "at the end only"),
    "gcr.io/p/ngin?": (Slip.WILDCARD_IN_THE_MIDDLE, "at the end only"),
    "gcr.io/p/***": (Slip.WILDCARD_IN_THE_MIDDLE, "as * or **"),
    "**": (Slip.WILDCARD_BEFORE_REGISTRY, "after the registry only"),
    "nginx*": (Slip.WILDCARD_BEFORE_REGISTRY, "after the registry only"),
    "gcr.io**": (Slip.WILDCARD_BEFORE_REGISTRY, "after the registry only"),
    "gcr.io/**": (Slip.WHOLE_REGISTRY, "every image of the registry"),
    "ghcr.io/*": (Slip.WHOLE_REGISTRY, "every image of the registry"),
    "gcr.io/p**": (Slip.OTHER_PROJECTS, "every project or owner whose name begins with p"),
    "us-docker.pkg.dev/mdo**": (Slip.OTHER_PROJECTS, "begins with mdo, and anybody can make one"),
    "gcr.io/p/nginx*": (Slip.SIBLINGS, "every image whose name begins with p/nginx"),
    "gcr.io/p/nginx**": (Slip.SIBLINGS, "every image whose name begins with p/nginx"),
    "gcr.io/p/nginx": (Slip.NO_VERSION, "without tag and digest"),
    "redis": (Slip.NO_VERSION, "without tag and digest"),
    "istio/proxyv2": (Slip.NO_VERSION, "without tag and digest"),
    "redis:*": (Slip.WILDCARD_BEFORE_REGISTRY, "after the registry only"),
    "docker.io/**": (Slip.WHOLE_REGISTRY, "every image of the registry"),
    "docker.io/acme**": (Slip.OTHER_PROJECTS, "begins with acme, and anybody can make one"),
    "docker.io/library/redis:*": (
        Slip.OTHER_SPELLINGS,
        "written docker.io/redis or library/redis or redis or index.docker.io/library/redis or index.docker.io/redis",
    ),
    "docker.io/istio/proxyv2:*": (
        Slip.OTHER_SPELLINGS,
        "written istio/proxyv2 or index.docker.io/istio/proxyv2 is not",
    ),
    "index.docker.io/istio/proxyv2:*": (Slip.OTHER_SPELLINGS, "docker.io/istio/proxyv2 or istio/proxyv2 is not"),
    "redis:7": (Slip.OTHER_SPELLINGS, "docker.io/library/redis or docker.io/redis or library/redis or index"),
    "docker.io/library/*": (
        Slip.OTHER_SPELLINGS,
        "written docker.io/IMAGE or library/IMAGE or IMAGE or index.docker.io/library/IMAGE or index.docker.io/IMAGE",
    ),
    "docker.io/library/**": (Slip.OTHER_SPELLINGS, "docker.io/IMAGE or library/IMAGE or IMAGE"),
    "docker.io/istio/*": (Slip.OTHER_SPELLINGS, "written istio/IMAGE or index.docker.io/istio/IMAGE is not admitted"),
    "docker.io/istio/proxy-*": (Slip.SIBLINGS, "every image whose name begins with istio/proxy-"),
    "library/**": (Slip.OTHER_SPELLINGS, "it names images of Docker Hub as written without a registry"),
    "istio/**": (Slip.OTHER_SPELLINGS, "written docker.io/istio/IMAGE or index.docker.io/istio/IMAGE is not admitted"),
    "acme/app**": (Slip.SIBLINGS, "every image whose name begins with acme/app"),
}
TWICE = frozenset({"docker.io/istio/proxy-*", "acme/app**"})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_admits_too_much_or_too_little_is_named(pattern: str) -> None:
    """Each slip once, with the reason, and what to write instead."""
    slip, why = PATTERNS[pattern]

    advice, *more = advise(policy(pattern, **ON))

    assert (advice.slip, advice.place) == (slip, pattern)
    assert [each.slip for each in more] == ([Slip.OTHER_SPELLINGS] if pattern in TWICE else [])
    assert why in advice.why
    assert str(advice) == f"{pattern}: {advice.why}; {advice.mending}"


@pytest.mark.parametrize(
    "pattern",
    [
        "gcr.io/p/**",
        "gcr.io/p/nginx:*",
        "gcr.io/p/nginx:v1.*",
        "gcr.io/p/nginx@*",
        f"gcr.io/p/nginx@{A}",
        "gcr.io/p/nginx/*",
        "localhost:5000/nginx:*",
        "localhost/nginx:*",
        "Not/A/Name:*",
        "_p/**",
    ],
)
def test_a_pattern_that_says_what_it_means_is_left_alone(pattern: str) -> None:
    """A linter that cries at everything is switched off."""
    assert advise(policy(pattern, **ON)) == ()


@pytest.mark.parametrize(
    ("pattern", "stranger"),
    [
        ("gcr.io/**", "gcr.io/anybody/x:1"),
        ("gcr.io/p**", "gcr.io/p-evil/x:1"),
        ("gcr.io/p/nginx*", "gcr.io/p/nginx-evil:1"),
        ("gcr.io/p/nginx**", "gcr.io/p/nginx-evil/x:1"),
    ],
)
def test_what_is_warned_of_is_true(pattern: str, stranger: str) -> None:
    """The stranger's image is admitted indeed."""
    assert matches(pattern, stranger)


def test_spellings_that_another_pattern_admits_are_not_missed() -> None:
    """Who has thought of them all is not told again."""
    paths = ("docker.io/library/redis:7", "library/redis:7", "docker.io/redis:7", "redis:7")
    every = (*paths, "index.docker.io/library/redis:7", "index.docker.io/redis:7")

    assert advise(policy(*every, **ON)) == ()


def test_an_owner_of_docker_hub_is_no_registry() -> None:
    """Without a host the first part is the owner, and what is said must be true: it admits nothing of others."""
    for pattern in ("library/**", "istio/**", "acme/**"):
        slips = {advice.slip for advice in advise(policy(pattern, **ON))}
        assert slips == {Slip.OTHER_SPELLINGS}
        assert not matches(pattern, "docker.io/anybody/x:1")


@pytest.mark.parametrize(
    ("pattern", "written", "image"),
    [
        ("redis", "docker.io/library/redis:*", "docker.io/library/redis:7"),
        ("redis:*", "docker.io/library/redis:*", "docker.io/library/redis:7"),
        ("istio/proxyv2", "docker.io/istio/proxyv2:*", "docker.io/istio/proxyv2:1"),
        ("gcr.io/p/nginx", "gcr.io/p/nginx:*", "gcr.io/p/nginx:1"),
        ("gcr.io/p/nginx*", "gcr.io/p/nginx:*", "gcr.io/p/nginx:1"),
        ("gcr.io/p**", "gcr.io/p/**", "gcr.io/p/nginx:1"),
    ],
)
def test_what_is_advised_works(pattern: str, written: str, image: str) -> None:
    """Of `redis:*` the wildcard would count nowhere, for no registry stands before it."""
    advice = advise(policy(pattern, **ON))[0]

    assert written in advice.mending
    assert matches(written, image)
    assert not matches("redis:*", "redis:7")


def test_a_wildcard_before_what_is_no_name_gets_an_example() -> None:
    """There is no telling which images were meant."""
    assert advise(policy("**", **ON))[0].mending == "begin with the registry, as in docker.io/library/"


RULES: dict[str, tuple[dict[str, Any], Slip, str, str]] = {
    "allow": (
        document(defaultAdmissionRule=rule("ALWAYS_ALLOW", []), **ON),
        Slip.ALWAYS_ALLOW,
        "default admission rule",
        "it admits every image",
    ),
    "dry run": (
        document(defaultAdmissionRule=rule(enforcement="DRYRUN_AUDIT_LOG_ONLY"), **ON),
        Slip.DRY_RUN,
        "default admission rule",
        "a denial is only logged",
    ),
    "attestors of a rule that asks none": (
        document(defaultAdmissionRule=rule("ALWAYS_DENY", [QA]), **ON),
        Slip.ATTESTORS_NOT_ASKED,
        "default admission rule",
        "ALWAYS_DENY asks no attestor, yet it names 1",
    ),
    "a specific rule that allows": (
        document(clusterAdmissionRules={"us-central1-c.dev": rule("ALWAYS_ALLOW", [])}, **ON),
        Slip.ALWAYS_ALLOW,
        "cluster admission rule for us-central1-c.dev",
        "it admits every image",
    ),
    "a cluster of another form": (
        document(clusterAdmissionRules={"prod": rule()}, **ON),
        Slip.NEVER_APPLIES,
        "cluster admission rule for prod",
        "no cluster is called so",
    ),
    "no system policy": (
        document(),
        Slip.NO_SYSTEM_POLICY,
        "globalPolicyEvaluationMode",
        "Google's own system images are not exempt",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_that_lets_through_is_named(case: str) -> None:
    """With the rule that it is, where there are several."""
    changed, slip, place, why = RULES[case]

    (advice,) = advise(policy(**changed))

    assert (advice.slip, advice.place) == (slip, place)
    assert why in advice.why


def test_a_namespace_may_be_called_anything() -> None:
    """Only clusters have a form that can be told wrong."""
    assert advise(policy(kubernetesNamespaceAdmissionRules={"shop": rule()}, **ON)) == ()


def test_a_default_rule_that_allows_needs_no_system_policy() -> None:
    """Everything is admitted already; that is said once."""
    assert [advice.slip for advice in advise(policy(defaultAdmissionRule=rule("ALWAYS_ALLOW", [])))] == [
        Slip.ALWAYS_ALLOW
    ]


def test_what_cannot_be_read_and_who_can_attest_nothing_are_advice_too() -> None:
    """Both are found out while looking, and said in the same form."""
    empty = not_understood(f"the policy: requireAttestationsBy {NOBODY}")

    assert without_keys(QA, f"{QA} has no keys").slip is Slip.ATTESTOR_WITHOUT_KEYS
    assert "ALWAYS_DENY" in empty.mending
    assert "mend it" in not_understood("the policy: the field 'x' is unknown").mending
    assert (empty.slip, empty.place) == (Slip.NO_ATTESTORS, "policy")
    assert not_understood("x").slip is Slip.NOT_UNDERSTOOD


@pytest.mark.parametrize(
    ("written", "admitted"),
    [
        ("redis:7", ("docker.io/library/redis:7",)),
        ("library/redis:7", ("docker.io/library/redis:7",)),
        (f"redis@{A}", ()),
        ("gcr.io/p/redis:7", ()),
        ("not an image", ()),
    ],
)
def test_another_spelling_that_the_allowlist_admits_is_found(written: str, admitted: tuple[str, ...]) -> None:
    """The cheapest way out of a denial, and the hardest to see."""
    assert admitted_spellings(written, policy("docker.io/library/redis:*")) == admitted


DRAFT = """\
name: mypolicy
aFieldOfTomorrow: 1
admissionWhitelistPatterns: [{namePattern: gcr.io/p**}]
globalPolicyEvaluationMode: ENABLE
defaultAdmissionRule: {evaluationMode: REQUIRE_ATTESTATION, enforcementMode: DRYRUN_AUDIT_LOG_ONLY, x: 1}
clusterAdmissionRules:
  us-central1.prod: {evaluationMode: REQUIRE_ATTESTATION, enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG}
"""


def test_a_linter_reads_on_behind_what_is_wrong() -> None:
    """One look says it all: what the functions refuse the policy for, and what would be worth a look besides."""
    draft, passed_over = read_draft(DRAFT.encode())

    found = [(advice.slip, advice.place) for advice in advise_on_draft(draft, passed_over)]

    with pytest.raises(Rejected):
        read_policy(DRAFT.encode())
    assert found == [
        (Slip.NOT_UNDERSTOOD, "policy"),
        (Slip.NOT_UNDERSTOOD, "policy"),
        (Slip.NOT_UNDERSTOOD, "policy"),
        (Slip.OTHER_PROJECTS, "gcr.io/p**"),
        (Slip.NO_ATTESTORS, "default admission rule"),
        (Slip.DRY_RUN, "default admission rule"),
        (Slip.NO_ATTESTORS, "cluster admission rule for us-central1.prod"),
    ]
    assert [refusal.detail.partition(" is ")[0] for refusal in passed_over] == [
        "the policy: name",
        "the policy: defaultAdmissionRule: the field 'x'",
        "the policy: the field 'aFieldOfTomorrow'",
    ]


def test_a_draft_without_attestors_admits_nothing() -> None:
    """Should anybody ever decide by it: nobody attests, so nothing is attested."""
    draft, _ = read_draft(DRAFT.replace("DRYRUN_AUDIT_LOG_ONLY", "ENFORCED_BLOCK_AND_AUDIT_LOG").encode())

    verdict = evaluate(f"gcr.io/q/x@{A}", draft, {})

    assert not verdict.admitted
    assert verdict.message.endswith("It requires attestations, and names no attestor")


def test_what_nothing_can_be_read_behind_is_refused() -> None:
    """A policy without a default rule is none."""
    with pytest.raises(Rejected):
        read_draft(b"name: projects/p/policy\n")
