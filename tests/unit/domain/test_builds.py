"""Cloud Build's messages: only the success of a configured trigger is a test result."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from shared.domain.builds import BuildTrigger, read_build, read_test_result
from shared.domain.errors import Reason, Rejected
from shared.domain.events import TestPassed
from shared.domain.ignored import Ignored
from tests.unit.domain.corpus import event, events

TRIGGER: Final = "7d3f1a52-0c8e-4e57-9a6b-1f2e3d4c5b6a"
TRIGGERS: Final = {TRIGGER: BuildTrigger("qa", "mdo/mdo-environments")}
BUILDS: Final = "https://console.cloud.google.com/cloud-build/builds"
BUILD: Final = "the build 4f2a1c9e-8d1b-4d0c-9b3e-2a7f6c5d4e3f"
PASSED: Final = TestPassed(
    suite="qa",
    repository="mdo/mdo-environments",
    commit="628c5e5cd7924f0a4b6f6b2a7c1d3e5f60718293",
    run="https://console.cloud.google.com/cloud-build/builds;region=europe-west1"
    "/4f2a1c9e-8d1b-4d0c-9b3e-2a7f6c5d4e3f?project=123456789012",
    images=None,
)
CORPUS: Final[dict[str, TestPassed | Ignored]] = {
    "cloud-build-success": PASSED,
    "cloud-build-git-source": PASSED,
    "cloud-build-github-app": replace(
        PASSED, run=f"{BUILDS}/4f2a1c9e-8d1b-4d0c-9b3e-2a7f6c5d4e3f?project=123456789012"
    ),
    "cloud-build-queued": Ignored(f"{BUILD} of qa is QUEUED; only SUCCESS is ever attested"),
    "cloud-build-working": Ignored(f"{BUILD} of qa is WORKING; only SUCCESS is ever attested"),
    "cloud-build-failure": Ignored(f"{BUILD} of qa is FAILURE; only SUCCESS is ever attested"),
    "cloud-build-submitted-by-hand": Ignored(f"{BUILD} was started by no trigger"),
}
MALFORMED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no id": ({"id": None}, "id must be a string, it is null"),
    "an id that writes a line of its own": ({"id": "x\nERROR"}, "id is 'x\\nERROR', which is not of its form"),
    "a status that is a number": ({"status": 3}, "status must be a string, it is a number"),
    "a status in prose": ({"status": "went well"}, "status is 'went well', which is not of its form"),
    "a trigger that is a number": ({"buildTriggerId": 1.5}, "buildTriggerId must be a string, it is a number"),
    "no substitutions": ({"substitutions": None}, "substitutions must be an object, it is null"),
    "no commit": ({"substitutions": {}}, "COMMIT_SHA is missing"),
    "a short commit": ({"substitutions": {"COMMIT_SHA": "628c5e5"}}, "commit is '628c5e5'"),
    "a branch for a commit": ({"substitutions": {"COMMIT_SHA": "dev"}}, "commit is 'dev'"),
    "a commit in capitals": ({"substitutions": {"COMMIT_SHA": "A" * 40}}, "commit is 'AAAA"),
    "no log": ({"logUrl": None}, "logUrl must be a string, it is null"),
    "a log without TLS": ({"logUrl": "http://example.com"}, "run is 'http://example.com'"),
}


def build(**changed: Any) -> bytes:
    """The build that passed, changed in some fields."""
    return json.dumps(json.loads(event("cloud-build-success")) | changed).encode()


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_each_message_of_the_corpus_means_what_it_should(name: str) -> None:
    """Cloud Build publishes at every change of a build; one of them is news."""
    assert read_build(event(name), TRIGGERS) == CORPUS[name]


def test_the_corpus_has_no_message_that_nobody_expects_anything_of() -> None:
    """An example that is not run is an example that may be wrong."""
    assert events("cloud-build") == CORPUS.keys()


@pytest.mark.parametrize(
    "status", ["STATUS_UNKNOWN", "PENDING", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED", "SUCCESS_OF_TOMORROW"]
)
def test_any_status_but_success_is_no_result(status: str) -> None:
    """Also one that Cloud Build adds later."""
    assert isinstance(read_build(build(status=status), TRIGGERS), Ignored)


def test_a_trigger_that_is_no_suites_is_ignored_and_said_so() -> None:
    """The topic carries every build of the project."""
    result = read_build(build(buildTriggerId="7d3f1a52-0c8e-4e57-9a6b-000000000000"), TRIGGERS)

    assert result == Ignored(f"{BUILD} was started by a trigger that is no suite's")


def test_what_a_build_says_about_itself_chooses_neither_suite_nor_repository() -> None:
    """Whoever may start a build may write substitutions and tags; the trigger's id is Cloud Build's own word."""
    written = {"COMMIT_SHA": PASSED.commit, "REPO_FULL_NAME": "evil/repository", "TRIGGER_NAME": "security", "_S": "x"}

    assert read_build(build(substitutions=written, tags=["security"]), TRIGGERS) == PASSED


@pytest.mark.parametrize("what", sorted(MALFORMED))
def test_a_result_that_is_malformed_is_refused_with_its_field(what: str) -> None:
    """A success that cannot be read must be seen by a person, since a release waits for it."""
    changed, sentence = MALFORMED[what]

    with pytest.raises(Rejected) as caught:
        read_build(build(**changed), TRIGGERS)

    assert caught.value.reason is Reason.MALFORMED_EVENT
    assert sentence in caught.value.detail


def test_fractions_and_deep_levels_are_another_systems_business() -> None:
    """A Build resource may hold any step output; what is read of it is read strictly all the same."""
    assert read_build(build(results={"progress": 0.5, "deep": [[[[[[[[[1]]]]]]]]]}), TRIGGERS) == PASSED


def test_both_forms_arrive_at_one_function() -> None:
    """A test-passed event is read by its own contract, a Build resource by Cloud Build's."""
    claim = {"suite": "qa", "outcome": "success", "repository": "a/b", "commit": "c" * 40, "run": "https://ci/1"}

    assert read_test_result(json.dumps(claim).encode(), TRIGGERS) == TestPassed.parse(json.dumps(claim).encode())
    assert read_test_result(event("cloud-build-success"), TRIGGERS) == PASSED


@pytest.mark.parametrize("added", [{"suite": "qa"}, {"outcome": "success"}])
def test_a_message_that_is_half_of_each_is_refused(added: dict[str, str]) -> None:
    """The stricter contract reads it, and knows no status."""
    with pytest.raises(Rejected):
        read_test_result(build(**added), TRIGGERS)


def test_without_triggers_a_build_is_no_event() -> None:
    """What is not configured is off: the message is refused by the contract of test-passed."""
    with pytest.raises(Rejected, match="test-passed"):
        read_test_result(event("cloud-build-success"), {})


def test_an_event_that_is_neither_is_refused_by_the_contract() -> None:
    """The sentence names test-passed, which is what people publish by hand."""
    with pytest.raises(Rejected, match="test-passed: outcome is missing"):
        read_test_result(b'{"passed":true}', TRIGGERS)


@pytest.mark.parametrize("kind", ["resolvedRepoSource", "resolvedGitSource", "resolvedConnectedRepository"])
def test_a_build_counts_for_the_commit_that_was_built(kind: str) -> None:
    """Who runs a trigger by hand chooses the substitutions, and not what Cloud Build then fetches."""
    field = "commitSha" if kind == "resolvedRepoSource" else "revision"

    assert read_build(build(sourceProvenance={kind: {field: PASSED.commit}}), TRIGGERS) == PASSED
    with pytest.raises(Rejected, match="whatever its COMMIT_SHA says") as caught:
        read_build(build(sourceProvenance={kind: {field: "e" * 40}}), TRIGGERS)
    assert caught.value.reason is Reason.OTHER_COMMIT
