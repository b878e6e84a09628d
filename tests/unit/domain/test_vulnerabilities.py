"""The vulnerability gate's rules: severities, exceptions that end, what is blocked, and the counts for reports."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.image import parse_name
from shared.domain.vulnerabilities import (
    OFF,
    Analysis,
    Finding,
    FindingCounts,
    Mode,
    Objections,
    Scan,
    Severity,
    Tolerance,
    ToleratedUntil,
    VulnerabilityRules,
    analysis_project,
    object_to,
    sentence,
)

TODAY = date(2026, 11, 23)
CVE = "CVE-2026-1234"


def rules(
    mode: Mode = Mode.ENFORCE,
    fixable: Tolerance = Tolerance.LOW,
    unfixable: Tolerance = Tolerance.HIGH,
    *,
    allow: dict[str, ToleratedUntil] | None = None,
    block: frozenset[str] = frozenset(),
) -> VulnerabilityRules:
    """Rules that tolerate what is low, and what is high as long as it has no fix."""
    return VulnerabilityRules(mode, fixable, unfixable, allow or {}, block, allows_unscanned=False)


def finding(severity: Severity, *, fixable: bool = True, id: str = CVE) -> Finding:  # noqa: A002 - Grafeas' word
    """One finding."""
    return Finding(id, severity, fixable)


SEVERITIES = [
    (Tolerance.NONE, Severity.MINIMAL, False),
    (Tolerance.MINIMAL, Severity.MINIMAL, True),
    (Tolerance.MINIMAL, Severity.LOW, False),
    (Tolerance.LOW, Severity.LOW, True),
    (Tolerance.LOW, Severity.MEDIUM, False),
    (Tolerance.MEDIUM, Severity.MEDIUM, True),
    (Tolerance.MEDIUM, Severity.HIGH, False),
    (Tolerance.HIGH, Severity.HIGH, True),
    (Tolerance.HIGH, Severity.CRITICAL, False),
    (Tolerance.HIGH, Severity.UNKNOWN, False),
    (Tolerance.CRITICAL, Severity.CRITICAL, True),
    (Tolerance.CRITICAL, Severity.UNKNOWN, True),
]


@pytest.mark.parametrize(("most", "severity", "is_tolerated"), SEVERITIES)
@pytest.mark.parametrize("fixable", [True, False])
def test_a_finding_is_tolerated_up_to_the_maximum_of_its_sort(
    most: Tolerance, severity: Severity, is_tolerated: bool, fixable: bool
) -> None:
    """Each sort has its own maximum; what nobody has rated is as bad as the worst."""
    own, other = (Tolerance.CRITICAL, Tolerance.NONE)
    given_rules = rules(fixable=most if fixable else own, unfixable=own if fixable else most)
    swapped = rules(fixable=most if fixable else other, unfixable=other if fixable else most)

    for held in (given_rules, swapped):
        objections = object_to([finding(severity, fixable=fixable)], held, TODAY)
        assert (objections == Objections()) is is_tolerated


def test_an_objection_names_the_finding_its_severity_and_the_limit() -> None:
    """The person reads what to mend, and whether it can be mended."""
    found = [finding(Severity.HIGH), finding(Severity.CRITICAL, fixable=False, id="GHSA-aaaa-bbbb-cccc")]

    assert object_to(found, rules(), TODAY).others == (
        "GHSA-aaaa-bbbb-cccc (critical, no fix yet) is worse than high",
        f"{CVE} (high, a fix exists) is worse than low",
    )


@pytest.mark.parametrize(
    ("until", "sentences"),
    [
        (date(2026, 11, 24), ()),
        (TODAY, ()),
        (date(2026, 11, 22), (f"{CVE} (high, a fix exists) was tolerated until 2026-11-22 by team-posts",)),
    ],
)
def test_an_exception_counts_through_its_last_day(until: date, sentences: tuple[str, ...]) -> None:
    """Whoever took the risk took it for a time, and is named when that is over."""
    allowed = rules(allow={CVE: ToleratedUntil(until, "team-posts")})

    assert object_to([finding(Severity.HIGH)], allowed, TODAY).others == sentences


def test_an_exception_is_for_its_own_vulnerability_only() -> None:
    """Its number is not a prefix."""
    allowed = rules(allow={CVE: ToleratedUntil(TODAY, "team-posts")})

    assert object_to([finding(Severity.HIGH, id=f"{CVE}5")], allowed, TODAY).others != ()


def test_what_is_blocked_refuses_at_any_severity_and_above_any_exception() -> None:
    """Log4Shell with a fix pending is still Log4Shell; and ids are compared whatever their case."""
    held = rules(
        Mode.WARN,
        Tolerance.CRITICAL,
        Tolerance.CRITICAL,
        allow={CVE: ToleratedUntil(TODAY, "team-posts")},
        block=frozenset({CVE}),
    )

    objections = object_to([finding(Severity.MINIMAL, id=CVE.lower())], held, TODAY)

    assert objections == Objections(blocked=(f"{CVE.lower()} (minimal, a fix exists) is blocked",))
    assert objections.of(Mode.WARN) == objections.of(Mode.ENFORCE) == objections.blocked


def test_what_is_blocked_is_said_once() -> None:
    """It would be too bad for the maximum as well; one sentence says enough."""
    objections = object_to([finding(Severity.CRITICAL)], rules(block=frozenset({CVE})), TODAY)

    assert objections == Objections(blocked=(f"{CVE} (critical, a fix exists) is blocked",))


def test_a_warning_refuses_only_what_is_blocked() -> None:
    """And enforcing refuses both, what is blocked first."""
    objections = Objections(blocked=("a",), others=("b",))

    assert objections.of(Mode.WARN) == ("a",)
    assert objections.of(Mode.ENFORCE) == ("a", "b")


@pytest.mark.parametrize(
    ("held", "must_know"),
    [
        (rules(Mode.ENFORCE), True),
        (rules(Mode.WARN), False),
        (rules(Mode.WARN, block=frozenset({CVE})), True),
        (OFF, False),
    ],
)
def test_an_unfinished_scan_is_waited_for_where_a_finding_could_refuse(
    held: VulnerabilityRules, must_know: bool
) -> None:
    """Could not check is never ok; where nothing could come of it, nobody waits."""
    assert held.must_know is must_know


def test_counts_are_by_severity_and_of_a_finished_scan_only() -> None:
    """No findings and not looked at are two things."""
    found = (
        finding(Severity.CRITICAL),
        finding(Severity.CRITICAL, fixable=False),
        finding(Severity.HIGH),
        finding(Severity.UNKNOWN, fixable=False),
    )

    counts = FindingCounts.of(Scan(Analysis.FINISHED, found))

    assert counts == FindingCounts(critical=2, high=1, unknown=1, fixable=2)
    assert counts is not None
    assert counts.total == 4
    assert FindingCounts.of(Scan(Analysis.FINISHED)) == FindingCounts()
    for analysis in set(Analysis) - {Analysis.FINISHED}:
        assert FindingCounts.of(Scan(analysis, found)) is None


def test_a_difference_is_negative_where_something_was_mended() -> None:
    """For the line in the pull request that says what this release changes."""
    now, before = FindingCounts(1, 2, 3, 4, 5, 6, fixable=7), FindingCounts(2, 2, 1, 1, 1, 1, fixable=9)

    assert now.since(before) == FindingCounts(-1, 0, 2, 3, 4, 5, fixable=-2)
    assert now.since(before).total == 13


def test_a_long_list_is_cut_and_counted() -> None:
    """An image of five years ago has a thousand findings, and an event's detail 1,024 bytes."""
    assert sentence([]) == ""
    assert sentence(map(str, range(10))) == "0; 1; 2; 3; 4; 5; 6; 7; 8; 9"
    assert sentence(map(str, range(12))).endswith("; 9; and 2 more")


@pytest.mark.parametrize(
    ("image", "project"),
    [
        ("us-docker.pkg.dev/mdo/apps/posts", "mdo"),
        ("europe-west1-docker.pkg.dev/mdo/apps/posts", "mdo"),
        ("gcr.io/mdo/posts", "mdo"),
        ("eu.gcr.io/mdo/posts", "mdo"),
        ("us-docker.pkg.dev/example.com/mdo/apps/posts", "example.com:mdo"),
        ("docker.io/library/mongo", None),
        ("ghcr.io/mdo/posts", None),
        ("gcr.io/posts", None),
        ("us-docker.pkg.dev.evil.example/mdo/posts", None),
        ("evil-gcr.io/mdo/posts", None),
        ("us-docker.pkg.dev:8443/mdo/posts", None),
    ],
)
def test_an_image_is_scanned_in_its_own_project_where_google_scans_at_all(image: str, project: str | None) -> None:
    """Elsewhere nothing is asked: whose project would it be."""
    assert analysis_project(parse_name(image)) == project


ids = st.sampled_from([CVE, "CVE-2026-1", "GHSA-aaaa-bbbb-cccc"])
findings = st.lists(st.builds(Finding, ids, st.sampled_from(Severity), st.booleans()))
tolerances = st.sampled_from(Tolerance)


@given(findings, findings, tolerances, tolerances)
def test_more_findings_or_less_tolerance_never_object_less(
    some: list[Finding], more: list[Finding], one: Tolerance, other: Tolerance
) -> None:
    """The gate is monotonous, so nobody mends an image by adding to it."""
    low, high = sorted((one, other))
    strict, lenient = rules(fixable=low, unfixable=low), rules(fixable=high, unfixable=high)

    few = set(object_to(some, strict, TODAY).others)
    assert few <= set(object_to([*some, *more], strict, TODAY).others)
    assert len(object_to(some, lenient, TODAY).others) <= len(few)
