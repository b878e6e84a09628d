"""The linter: what is worth a second look in a policy that is valid, each with its reason and its mending."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.policy import matches
from shared.domain.policy.advice import Slip, admitted_spellings, advise, not_understood, without_keys
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
    "docker.io/library/redis:*": (Slip.OTHER_SPELLINGS, "library/redis or docker.io/redis or redis is not admitted"),
    "docker.io/istio/proxyv2:*": (Slip.OTHER_SPELLINGS, "written istio/proxyv2 is not admitted"),
    "redis:7": (Slip.OTHER_SPELLINGS, "docker.io/library/redis or library/redis or docker.io/redis is not"),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_admits_too_much_or_too_little_is_named(pattern: str) -> None:
    """Each slip once, with the reason, and what to write instead."""
    slip, why = PATTERNS[pattern]

    (advice,) = advise(policy(pattern, **ON))

    assert (advice.slip, advice.place) == (slip, pattern)
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
        "docker.io/library/**",
        "Not/A/Name:*",
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
    every = ("docker.io/library/redis:7", "library/redis:7", "docker.io/redis:7", "redis:7")

    assert advise(policy(*every, **ON)) == ()


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
    empty = not_understood("the policy: requireAttestationsBy is empty")

    assert without_keys(QA, f"{QA} has no keys").slip is Slip.ATTESTOR_WITHOUT_KEYS
    assert "ALWAYS_DENY" in empty.mending
    assert "mend it" in not_understood("the policy: the field 'x' is unknown").mending
    assert (empty.slip, empty.place) == (Slip.NOT_UNDERSTOOD, "policy")


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
