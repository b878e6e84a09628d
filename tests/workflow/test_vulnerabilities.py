"""The vulnerability gate: nothing is signed for an image whose scan is not finished, or finds what is not tolerated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.world.names import ATTEST
from local.world.scanning import Found
from local.world.world import World
from tests.company import POSTS_FILE, pin_posts, small_world, workload
from tests.conftest import Logs

STRICT: Final = {"mode": "enforce", "fixable": "low", "unfixable": "high", "unscanned": "refuse"}
CVE: Final = "CVE-2026-1234"
TOLERATED: Final = {"cve": CVE, "until": "2999-12-31", "owner": "team-posts"}


def gate(settling_s: float = 0.0, **changed: Any) -> World:
    """A world whose suite qa has a gate, strict unless changed."""
    rows = json.dumps({"qa": STRICT | changed})
    return small_world(variables={"PRODGATE_VULNERABILITIES": rows}, settling_s=settling_s)


@pytest.fixture
def guarded(quiet_logging: None) -> Iterator[World]:
    """A world whose suite qa has the strict gate."""
    with gate() as world:
        yield world


def pass_and_settle(world: World) -> str:
    """Pass the tests of dev's head and wait; answer the commit."""
    commit = str(world.pass_tests()["commit"])
    world.settle()
    return commit


def refusal(world: World) -> tuple[str, str]:
    """The reason and the sentence of the one rejected event, after which nothing is signed and nothing accepted."""
    (message,) = world.rejected
    assert message.function == "attest_images"
    assert world.attestations == []
    assert [status for status in world.statuses(world.head("dev")) if status.state == "success"] == []
    assert world.faults.calls("kms.AsymmetricSign") == {}
    return message.reason, message.detail


def test_an_image_whose_findings_are_tolerated_is_released(guarded: World) -> None:
    """Low with a fix, high without one, as the distribution rates them: within what the suite tolerates."""
    image = pin_posts(guarded)
    rated_down = Found("CVE-2026-1", "LOW", severity="CRITICAL")
    guarded.scan(image, rated_down, Found("CVE-2026-2", "HIGH", fixable=False))

    pass_and_settle(guarded)

    assert len(guarded.attestations) == 1
    assert len(guarded.pull_requests) == 1


def test_an_image_with_worse_findings_is_refused_with_each_of_them(guarded: World) -> None:
    """The sentence is what the developer works off, so it names the image, the findings and the limits."""
    image = pin_posts(guarded)
    guarded.scan(image, Found(CVE, "MEDIUM"), Found("CVE-2026-2", "CRITICAL", fixable=False))

    pass_and_settle(guarded)

    assert refusal(guarded) == (
        "vulnerable",
        (
            f"{image}: CVE-2026-2 (critical, no fix yet) is worse than high; "
            f"{image}: {CVE} (medium, a fix exists) is worse than low"
        ),
    )


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (Found(CVE, "SEVERITY_UNSPECIFIED", severity="CRITICAL"), "critical"),
        (Found(CVE, "SEVERITY_UNSPECIFIED"), "unknown"),
    ],
)
def test_a_finding_that_the_distribution_did_not_rate_has_the_notes_severity(
    found: Found, severity: str, guarded: World
) -> None:
    """And what nobody rated yet is as bad as the worst."""
    guarded.scan(pin_posts(guarded), found)

    pass_and_settle(guarded)

    reason, why = refusal(guarded)
    assert reason == "vulnerable"
    assert f"{CVE} ({severity}, a fix exists)" in why


def test_an_exception_lets_its_vulnerability_pass(quiet_logging: None) -> None:
    """With its owner's name, until its day."""
    with gate(allow=[TOLERATED]) as world:
        world.scan(pin_posts(world), Found(CVE, "CRITICAL"))

        pass_and_settle(world)

        assert len(world.attestations) == 1


def test_an_exception_that_has_ended_refuses_and_names_its_owner(quiet_logging: None) -> None:
    """Today is the runtime's day; this exception ended long ago."""
    with gate(allow=[TOLERATED | {"until": "2026-01-31"}]) as world:
        image = pin_posts(world)
        world.scan(image, Found(CVE, "CRITICAL"))

        pass_and_settle(world)

        assert refusal(world) == (
            "vulnerable",
            f"{image}: {CVE} (critical, a fix exists) was tolerated until 2026-01-31 by team-posts",
        )


@pytest.mark.parametrize("mode", ["warn", "enforce"])
def test_a_blocked_vulnerability_refuses_always(mode: str, quiet_logging: None) -> None:
    """In either mode, at the lowest severity, above an exception."""
    with gate(mode=mode, fixable="critical", allow=[TOLERATED], block=[CVE]) as world:
        image = pin_posts(world)
        world.scan(image, Found(CVE, "MINIMAL"))

        pass_and_settle(world)

        assert refusal(world) == ("vulnerable", f"{image}: {CVE} (minimal, a fix exists) is blocked")


def test_a_warning_is_logged_and_the_release_goes_on(quiet_logging: None, logs: Logs) -> None:
    """What enforcing would refuse is said for each finding, so that a team can see what it would cost."""
    with gate(mode="warn") as world:
        image = pin_posts(world)
        world.scan(image, Found(CVE, "CRITICAL"))
        logs()

        pass_and_settle(world)

        assert len(world.attestations) == 1
        warned = [e for e in logs() if e.get("logging.googleapis.com/labels", {}).get("event") == "attest.screened"]
        assert [entry["message"] for entry in warned] == [
            f"not enforced: {image}: {CVE} (critical, a fix exists) is worse than low"
        ]


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_a_gate_that_is_not_enforced_waits_for_no_scan(mode: str, quiet_logging: None) -> None:
    """Off asks nobody; warn asks and goes on."""
    with gate(mode=mode, settling_s=300.0) as world:
        pin_posts(world)

        pass_and_settle(world)

        assert world.faults.calls("grafeas.ListOccurrences").get("grafeas.ListOccurrences", 0) == (mode == "warn")
        assert len(world.attestations) == 1


@pytest.mark.parametrize("status", ["PENDING", "SCANNING", "ANALYSIS_STATUS_UNSPECIFIED", "FINISHED_FAILED"])
def test_a_scan_that_is_not_finished_is_waited_for(status: str, guarded: World, logs: Logs) -> None:
    """No finding yet is not no finding: redelivered until the scan is done, in the dead letters if it never is."""
    image = pin_posts(guarded)
    guarded.scan(image, status=status)
    logs()

    commit = pass_and_settle(guarded)

    assert guarded.attestations == []
    assert guarded.rejected == []
    (dead,) = guarded.dead_letters
    assert json.loads(dead.data)["commit"] == commit
    refused = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert {entry["logging.googleapis.com/labels"]["fault"] for entry in refused} == {"not-scanned"}
    assert all(image in entry["message"] for entry in refused)
    attempts = [entry["logging.googleapis.com/labels"]["delivery_attempt"] for entry in refused]
    assert attempts == ["1", "2", "3", "4", "5"]

    guarded.scan(image)
    guarded.publish("test-passed", dead.data, dead.attributes)
    guarded.settle()

    assert len(guarded.attestations) == 1


def suite_statuses(world: World, commit: str) -> list[tuple[str, str, str]]:
    """What attest_images said about the suite on a commit, newest first."""
    seen = [status for status in world.statuses(commit) if status.context == "prodgate/qa"]
    return [(status.state, status.creator, status.description) for status in seen]


def test_while_a_scan_is_waited_for_the_commit_says_so(guarded: World) -> None:
    """The dead letter holds the event and no reason; people look at the commit, and there it stands, once."""
    image = pin_posts(guarded)
    guarded.scan(image, status="SCANNING")
    name, _, digest = image.partition("@sha256:")
    waiting = f"{name}@{digest[:12]} is being scanned"

    commit = pass_and_settle(guarded)

    assert len(guarded.dead_letters) == 1
    assert suite_statuses(guarded, commit) == [("pending", ATTEST.login, waiting)]
    guarded.scan(image)
    guarded.publish("test-passed", guarded.dead_letters[0].data)
    guarded.settle()
    assert [state for state, _, _ in suite_statuses(guarded, commit)] == ["success", "pending"]


def test_what_was_waited_for_and_is_then_refused_waits_no_more(guarded: World) -> None:
    """The commit would say for ever that a scan is under way."""
    image = pin_posts(guarded)
    guarded.scan(image, status="SCANNING")
    commit = pass_and_settle(guarded)

    guarded.scan(image, Found(CVE, "CRITICAL"))
    guarded.publish("test-passed", guarded.dead_letters[0].data)
    guarded.settle()

    name, _, digest = image.partition("@sha256:")
    refused = f"{name}@{digest[:12]}: {CVE} (critical, a fix exists) is worse than low"
    assert suite_statuses(guarded, commit)[0] == ("failure", ATTEST.login, refused)


def test_what_was_accepted_before_stays_accepted_while_its_image_is_scanned_anew(guarded: World) -> None:
    """A replay finds a scan under way again; the commit that is green does not turn yellow for that."""
    image = pin_posts(guarded)
    guarded.scan(image)
    commit = pass_and_settle(guarded)

    guarded.scan(image, status="SCANNING")
    pass_and_settle(guarded)

    assert [state for state, _, _ in suite_statuses(guarded, commit)] == ["success"]
    assert len(guarded.dead_letters) == 1


def test_findings_of_an_unfinished_scan_refuse_at_once(guarded: World) -> None:
    """More of them will not make the image better."""
    guarded.scan(pin_posts(guarded), Found(CVE, "CRITICAL"), status="SCANNING")

    pass_and_settle(guarded)

    assert refusal(guarded)[0] == "vulnerable"


@pytest.mark.parametrize("unscanned", ["allow", "refuse"])
def test_an_image_that_no_scanner_looks_at_is_treated_as_configured(unscanned: str, quiet_logging: None) -> None:
    """Both are decisions that somebody may make; neither is made by default."""
    with gate(unscanned=unscanned) as world:
        image = pin_posts(world)
        world.scan(image, status="FINISHED_UNSUPPORTED")

        pass_and_settle(world)

        if unscanned == "allow":
            assert len(world.attestations) == 1
        else:
            assert refusal(world) == ("unscanned", f"{image} is of a form that the scanner does not support")


@pytest.mark.parametrize("unscanned", ["allow", "refuse"])
def test_an_image_whose_scan_has_not_begun_is_waited_for(unscanned: str, quiet_logging: None, logs: Logs) -> None:
    """Tests can be faster than the scanner, however old the event is: `unscanned` is for what it never looks at."""
    with gate(unscanned=unscanned) as world:
        image = pin_posts(world)
        logs()

        pass_and_settle(world)

        assert (world.attestations, world.rejected, len(world.dead_letters)) == ([], [], 1)
        refused = {entry["message"] for entry in logs() if entry["severity"] == "ERROR"}
        assert refused == {f"{image} is not scanned yet"}
        world.scan(image, Found(CVE, "CRITICAL"))
        world.publish("test-passed", world.dead_letters[0].data)
        world.settle()
        assert refusal(world)[0] == "vulnerable"


@pytest.mark.parametrize("unscanned", ["allow", "refuse"])
def test_an_image_outside_of_google_s_registries_is_not_waited_for(unscanned: str, quiet_logging: None) -> None:
    """Nobody would ever scan it there; nobody is asked about it, and its registry counts no pull."""
    with gate(unscanned=unscanned, settling_s=300.0) as world:
        digest = world.push_image("docker.io/library/mongo", "7")
        world.commit_to_dev({POSTS_FILE: workload("mongo", f"docker.io/library/mongo@{digest}")})

        pass_and_settle(world)

        assert world.faults.calls("grafeas.ListOccurrences") == {}
        assert world.faults.calls("registry.get-manifest") == {}
        if unscanned == "allow":
            assert [seen.image for seen in world.attestations] == ["docker.io/library/mongo"]
        else:
            assert refusal(world) == ("unscanned", f"docker.io/library/mongo@{digest} is never scanned")


def test_what_cannot_be_read_is_not_ok(guarded: World) -> None:
    """Without the right to read findings nothing is attested."""
    guarded.scan(pin_posts(guarded))
    guarded.faults.fail("grafeas.ListOccurrences", times=5, code="PERMISSION_DENIED")

    pass_and_settle(guarded)

    assert guarded.attestations == []
    assert len(guarded.dead_letters) == 1


def test_where_filters_joined_by_or_are_refused_each_image_is_asked_for_by_itself(guarded: World) -> None:
    """How long such a filter may be, or whether it may be, is documented nowhere; what was refused is remembered."""
    guarded.scan(pin_posts(guarded), Found("CVE-2026-1", "LOW"))
    guarded.cloud.analysis.takes_or = False

    pass_and_settle(guarded)
    pass_and_settle(guarded)

    assert len(guarded.pull_requests) == 1
    guarded.scan(pin_posts(guarded, b"worse"), Found(CVE, "CRITICAL"))
    pass_and_settle(guarded)
    assert [message.reason for message in guarded.rejected] == ["vulnerable"]


def test_more_findings_than_fit_on_a_page_are_all_read(guarded: World) -> None:
    """The one that refuses is on the second page of 1,000."""
    image = pin_posts(guarded)
    guarded.scan(image, *[Found("CVE-2026-1", "LOW")] * 1000, Found(CVE, "CRITICAL"))

    pass_and_settle(guarded)

    assert refusal(guarded)[0] == "vulnerable"
    assert guarded.faults.calls("grafeas.ListOccurrences")["grafeas.ListOccurrences"] > 2
