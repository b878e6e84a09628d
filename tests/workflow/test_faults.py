"""The fault matrix: whatever call fails, or loses its reply, once: the end is the same, and nothing is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest

from local.world.names import ATTEST, FUNCTIONS, PIN, PROMOTE
from local.world.world import World
from tests.company import OPENING, POSTS_FILE, open_one_by_one, pin_posts, release_posts, small_world

# Each call of each function, and how many calls of the same method come before it in a release.
READS: Final = {
    "resolve_image asks the registry": ("registry.head-manifest", 0),
    "pin_manifests lists dev's files": ("github.git/get-tree", 0),
    "pin_manifests reads a manifest": ("github.git/get-blob", 0),
    "pin_manifests asks the registry again": ("registry.head-manifest", 1),
    "attest_images looks for the commit on dev": ("github.repos/compare-commits", 0),
    "attest_images reads the commit": ("github.git/get-commit", 0),
    "attest_images lists its files": ("github.git/get-tree", 1),
    "attest_images reads a manifest": ("github.git/get-blob", 1),
    "attest_images reads the policy": ("binauthz.GetPolicy", 0),
    "attest_images reads the system policy": ("binauthz.GetSystemPolicy", 0),
    "attest_images reads the attestor": ("binauthz.GetAttestor", 0),
    "attest_images reads the public key": ("kms.GetPublicKey", 0),
    "attest_images asks the registry": ("registry.head-manifest", 2),
    "attest_images looks for proof": ("grafeas.ListNoteOccurrences", 0),
    "attest_images has the signature validated": ("binauthz.ValidateAttestationOccurrence", 0),
    "attest_images reads the attestation back": ("grafeas.ListNoteOccurrences", 1),
    "attest_images looks for its status": ("github.repos/list-commit-statuses-for-ref", 0),
    "open_prod_pr reads the policy": ("binauthz.GetPolicy", 1),
    "open_prod_pr reads the system policy": ("binauthz.GetSystemPolicy", 1),
    "open_prod_pr reads the attestor": ("binauthz.GetAttestor", 1),
    "open_prod_pr looks for proof": ("grafeas.ListNoteOccurrences", 2),
}
# What open_prod_pr asks in one question, and one by one where GraphQL does not answer; counted from the pin on.
FALLBACKS: Final = {
    "the commit on dev": ("github.repos/compare-commits", 1),
    "prod": ("github.git/get-ref", 0),
    "releases": ("github.pulls/list", 0),
    "the suite's status": ("github.repos/list-commit-statuses-for-ref", 1),
}
# What pin_manifests asks in one question likewise.
FALLBACKS_OF_PINNING: Final = {
    "dev": "github.git/get-ref",
    "dev's commit": "github.git/get-commit",
    "the repository's id": "github.repos/get",
}
QUESTION: Final = "github.graphql"
WRITES: Final = {
    "resolve_image publishes": ("pubsub.Publish", 1),  # the registry publishes first
    "pin_manifests makes a tree": ("github.git/create-tree", 0),
    "pin_manifests makes a commit": ("github.git/create-commit", 0),
    "pin_manifests moves dev": ("github.graphql/updateRefs", 0),
    "attest_images signs": ("kms.AsymmetricSign", 0),
    "attest_images stores": ("grafeas.CreateOccurrence", 0),
    "attest_images sets its status": ("github.repos/create-commit-status", 0),
    "attest_images publishes": ("pubsub.Publish", 3),  # the registry, resolve_image and CI publish before
    "open_prod_pr makes the snapshot": ("github.git/create-commit", 1),
    "open_prod_pr sets its status": ("github.repos/create-commit-status", 1),
}
# What open_prod_pr makes with one mutation, and one by one where GraphQL does not make it.
WRITES_ONE_BY_ONE: Final = {"the branch": "github.git/create-ref", "the pull request": "github.pulls/create"}
CALLS: Final = READS | WRITES
NTH: Final = count()


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """One world for the whole matrix: each story is a new release in it, so none depends on another."""
    with small_world() as world:
        release_posts(world)
        yield world


@pytest.fixture
def faulty(company: World) -> Iterator[World]:
    """The world without what earlier stories left waiting."""
    company.rejected.clear()
    company.dead_letters.clear()
    company.deliveries.clear()
    yield company
    company.faults.clear()


def release(world: World) -> str:
    """Release an image that was never there before; answer the tested commit."""
    return release_posts(world, f"release {next(NTH)}".encode())


def assert_released(world: World, tested: str) -> None:
    """Hold the world against the one state in which every release ends, however it got there."""
    digest = world.file(POSTS_FILE, tested).decode().partition("@")[2].partition(" ")[0]
    assert [seen.digest for seen in world.attestations].count(digest) == 1
    assert [(s.context, s.creator) for s in world.statuses(tested)] == [("prodgate/qa", ATTEST.login)]
    (pull,) = [pull for pull in world.pull_requests if pull.head == f"release/{tested[:12]}"]
    assert pull.state == "open"
    assert [(s.context, s.creator) for s in world.statuses(world.head(pull.head))] == [
        ("prodgate/release", PROMOTE.login)
    ]
    assert world.rejected == []
    assert world.dead_letters == []


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_refused_once_is_made_again_later(faulty: World, call: str) -> None:
    """A refusal is not retried on the spot: the event is delivered again, finds what is done, and does the rest."""
    method, after = CALLS[call]
    faulty.faults.fail(method, code="PERMISSION_DENIED", after=after)

    tested = release(faulty)

    assert_released(faulty, tested)
    (failed,) = [record for record in faulty.deliveries if record.status == 503]
    [function] = [function for function in FUNCTIONS if function.function == call.partition(" ")[0]]
    assert failed.subscription == function.subscription


@pytest.mark.parametrize(("times", "failed"), [(1, 0), (2, 1)])
def test_files_that_cannot_be_listed_beside_the_question_are_listed_after_it(
    faulty: World, times: int, failed: int
) -> None:
    """The first look only saves time; whoever needs the files asks again, and says why there are none."""
    pin_posts(faulty, f"release {next(NTH)}".encode())
    faulty.faults.fail("github.git/get-tree", code="PERMISSION_DENIED", after=1, times=times)  # attest_images lists too
    before = len(faulty.deliveries)

    tested = str(faulty.pass_tests()["commit"])
    faulty.settle()

    assert_released(faulty, tested)
    assert [record.status for record in faulty.deliveries[before:]].count(503) == failed


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "GRAPHQL_ERROR", "UNDEFINED_FIELD"])
def test_a_branch_and_pull_request_that_graphql_does_not_make_at_once_are_made_one_by_one(
    faulty: World, code: str
) -> None:
    """Nothing depends on the mutation: REST is asked in the same event."""
    faulty.faults.fail(OPENING, code=code)
    before = len(faulty.deliveries)

    tested = release(faulty)

    assert_released(faulty, tested)
    assert {record.status for record in faulty.deliveries[before:]} == {204}


@pytest.mark.parametrize("call", WRITES_ONE_BY_ONE)
def test_each_of_these_may_be_refused_once(faulty: World, call: str) -> None:
    """The next delivery finds what is done, and does the rest."""
    open_one_by_one(faulty)
    faulty.faults.fail(WRITES_ONE_BY_ONE[call], code="PERMISSION_DENIED")

    tested = release(faulty)

    assert_released(faulty, tested)
    (failed,) = [record for record in faulty.deliveries if record.status == 503]
    assert failed.subscription == PROMOTE.subscription


@pytest.mark.parametrize("call", FALLBACKS)
def test_what_graphql_does_not_answer_is_asked_for_one_by_one(faulty: World, call: str) -> None:
    """Nothing depends on the one question; and each of the others may be refused once."""
    method, after = FALLBACKS[call]
    pin_posts(faulty, f"release {next(NTH)}".encode())
    faulty.faults.fail(QUESTION, code="GRAPHQL_ERROR", times=99)
    faulty.faults.fail(method, code="PERMISSION_DENIED", after=after)

    tested = str(faulty.pass_tests()["commit"])
    faulty.settle()

    assert_released(faulty, tested)
    (failed,) = [record for record in faulty.deliveries if record.status == 503]
    assert failed.subscription == PROMOTE.subscription


@pytest.mark.parametrize("call", FALLBACKS_OF_PINNING)
def test_what_graphql_does_not_say_of_dev_is_asked_for_one_by_one(faulty: World, call: str) -> None:
    """Only the question is spared: dev is compared and moved in one step all the same."""
    faulty.faults.fail(QUESTION, code="GRAPHQL_ERROR", times=99)
    faulty.faults.fail(FALLBACKS_OF_PINNING[call], code="PERMISSION_DENIED")
    before = faulty.faults.calls()

    pin_posts(faulty, f"release {next(NTH)}".encode())

    (failed,) = [record for record in faulty.deliveries if record.status == 503]
    assert failed.subscription == PIN.subscription
    made = Counter(faulty.faults.calls()) - Counter(before)
    assert (made["github.graphql/updateRefs"], made["github.git/update-ref"]) == (1, 0)


@pytest.mark.parametrize("code", ["GRAPHQL_RATE_LIMITED", "RATE_LIMIT_PRIMARY", "BAD_CREDENTIALS"])
def test_pinning_that_github_counts_or_does_not_take_starts_over_later(faulty: World, code: str) -> None:
    """REST would answer the same."""
    before = faulty.faults.calls("github.git/get-ref")
    faulty.faults.fail(QUESTION, code=code)

    pin_posts(faulty, f"release {next(NTH)}".encode())

    assert faulty.faults.calls("github.git/get-ref") == before
    assert [record.status for record in faulty.deliveries].count(503) == 1


@pytest.mark.parametrize("code", ["GRAPHQL_RATE_LIMITED", "RATE_LIMIT_PRIMARY", "BAD_CREDENTIALS"])
def test_a_question_that_github_counts_or_does_not_take_is_asked_later(faulty: World, code: str) -> None:
    """Asking one by one instead would be ten requests more, and each would be refused the same."""
    pin_posts(faulty, f"release {next(NTH)}".encode())
    tested = faulty.head("dev")
    before = faulty.faults.calls("github.git/get-ref")
    faulty.faults.fail(QUESTION, code=code)

    faulty.pass_tests(tested)
    faulty.settle()

    assert faulty.faults.calls("github.git/get-ref") == before
    assert_released(faulty, tested)
    assert [record.status for record in faulty.deliveries].count(503) == 1


@pytest.mark.parametrize("call", WRITES)
def test_a_write_whose_reply_is_lost_is_not_done_twice(faulty: World, call: str) -> None:
    """The work was done, the answer never came: looking first finds it, so nothing is there twice."""
    method, after = WRITES[call]
    faulty.faults.lose_reply(method, after=after)

    tested = release(faulty)

    assert_released(faulty, tested)


@pytest.mark.parametrize(("after", "function"), [(0, "resolve"), (1, "pin"), (2, "attest"), (3, "promote")])
def test_an_event_whose_acknowledgement_is_lost_is_done_again_without_effect(
    faulty: World, after: int, function: str
) -> None:
    """The function was done and Pub/Sub never heard of it: the event comes again, and finds everything there."""
    faulty.faults.lose_reply("pubsub.push", after=after)

    tested = release(faulty)

    assert_released(faulty, tested)
    assert [record.status for record in faulty.deliveries].count(None) == 1


def test_every_service_may_be_away_for_a_moment(faulty: World) -> None:
    """What is worth a second try gets it on the spot or with the next delivery; the end is the same."""
    for method in {QUESTION, *FALLBACKS_OF_PINNING.values(), *(method for method, _ in CALLS.values())} - {
        "pubsub.Publish"
    }:
        faulty.faults.fail(method)

    tested = release(faulty)

    assert_released(faulty, tested)


def test_random_failures_end_in_the_same_state(faulty: World) -> None:
    """One call in twenty fails, whichever it is; every event still arrives at the one end."""
    pin_posts(faulty, f"release {next(NTH)}".encode())
    faulty.faults.sometimes(1 / 20)

    tested = str(faulty.pass_tests()["commit"])
    faulty.settle()
    faulty.faults.clear()

    assert_released(faulty, tested)
