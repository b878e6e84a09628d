"""Services that are away: events wait with backoff, and what no retry saves lands whole in the dead letters."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Final

import pytest

from local.world.names import REPOSITORY
from local.world.world import World
from tests.company import COMMIT, POSTS, pin_posts, release_posts, small_world
from tests.conftest import Logs

FIRST_CALLS: Final = {
    "resolve_image": ("gcr", ["registry.head-manifest"]),
    "pin_manifests": ("image-resolved", ["github.graphql", "github.git/get-ref"]),
    "attest_images": ("test-passed", ["github.repos/compare-commits"]),
    "open_prod_pr": ("attestation-complete", ["binauthz.GetPolicy"]),
}
QUERIES: Final = 20  # more than a release makes
ATTEST_CALLS: Final = (
    "github.repos/compare-commits",
    "github.git/get-tree",
    "binauthz.GetPolicy",
    "binauthz.GetAttestor",
    "registry.head-manifest",
    "grafeas.ListNoteOccurrences",
    "kms.AsymmetricSign",
    "binauthz.ValidateAttestationOccurrence",
    "grafeas.CreateOccurrence",
    "github.repos/list-commit-statuses-for-ref",
)


@pytest.fixture(scope="module")
def released() -> Iterator[World]:
    """A world with one release, whose events can be replayed against services that are away."""
    with small_world() as world:
        release_posts(world)
        yield world


@pytest.mark.parametrize("function", FIRST_CALLS)
def test_after_five_attempts_the_event_is_dead_lettered_as_it_came(released: World, function: str) -> None:
    """Nothing is lost: what could not be worked off waits for a person, with its very bytes and attributes."""
    topic, methods = FIRST_CALLS[function]
    (original,) = [record for record in released.deliveries if record.topic.endswith(f"/{topic}")][:1]
    released.dead_letters.clear()
    for method in methods:
        released.faults.fail(method, times=5, code="PERMISSION_DENIED")
    before = released.lasting_state()

    released.publish(topic, original.data, {"sent-by": "dana"})
    released.settle()

    (dead,) = released.dead_letters
    assert dead.data == original.data
    assert dead.attributes["sent-by"] == "dana"
    assert dead.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert dead.attributes["CloudPubSubDeadLetterSourceSubscription"] == f"{topic}-push"
    assert released.rejected == []
    assert released.lasting_state() == before


@pytest.mark.parametrize("method", ATTEST_CALLS)
def test_what_could_not_be_checked_is_never_called_tested(released: World, method: str) -> None:
    """Could not check is never ok: while any service refuses, there is no status and no news of a completion."""
    pin_posts(released, method.encode())
    released.deliveries.clear()
    released.faults.fail(method, times=5, code="PERMISSION_DENIED")

    commit = str(released.pass_tests()["commit"])
    released.settle()
    released.dead_letters.clear()

    assert released.statuses(commit) == []
    assert [record.attempt for record in released.deliveries] == [1, 2, 3, 4, 5]
    assert {record.topic.rpartition("/")[2] for record in released.deliveries} == {"test-passed"}


def test_once_the_service_is_back_the_event_is_done(world: World, logs: Logs) -> None:
    """An outage shorter than the retries is nobody's work."""
    pin_posts(world)
    world.faults.fail("kms.AsymmetricSign", times=3, code="PERMISSION_DENIED")
    logs()

    commit = str(world.pass_tests()["commit"])
    world.settle()

    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert [record.attempt for record in world.deliveries if record.topic.endswith("/test-passed")] == [1, 2, 3, 4]
    refused = [entry for entry in logs() if entry["severity"] == "ERROR"]
    assert [entry["logging.googleapis.com/labels"]["fault"] for entry in refused] == ["refused"] * 3
    assert refused[0]["message"].startswith("kms.AsymmetricSign: 403 ")


def test_a_dead_letter_published_again_by_a_person_is_done(world: World) -> None:
    """Once the cause is mended, the original is replayed from where it waits, and ends as if nothing had happened."""
    pin_posts(world)
    world.faults.fail("kms.AsymmetricSign", times=5, code="PERMISSION_DENIED")
    commit = str(world.pass_tests()["commit"])
    world.settle()

    (dead,) = world.dead_letters
    world.publish("test-passed", dead.data, dead.attributes)
    world.settle()

    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert len(world.pull_requests) == 1


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("RESOURCE_EXHAUSTED", "rate-limited"),
        ("RATE_LIMIT_429", "rate-limited"),
        ("PERMISSION_DENIED", "refused"),
    ],
)
def test_githubs_refusals_have_their_own_names(released: World, logs: Logs, code: str, fault: str) -> None:
    """Whoever is on call must see at once whether to wait, or to mend a permission."""
    released.faults.fail("github.repos/compare-commits", code=code)
    logs()

    released.pass_tests()
    released.settle()

    faults = [entry["logging.googleapis.com/labels"].get("fault") for entry in logs()]
    assert [name for name in faults if name] == [fault]


def test_a_registry_that_limits_us_is_asked_again_on_the_spot(world: World) -> None:
    """Docker Hub limits often and briefly; two short pauses are cheaper than another delivery."""
    world.faults.fail("registry.head-manifest", times=2, code="RESOURCE_EXHAUSTED")

    pin_posts(world)

    assert {record.status for record in world.deliveries} == {204}


def test_a_registry_that_is_away_for_longer_is_asked_with_the_next_delivery(world: World) -> None:
    """After three tries the event goes back to Pub/Sub, which waits better."""
    world.faults.fail("registry.head-manifest", times=3)

    image = pin_posts(world)

    assert image.encode() in world.file("apps/posts.yaml")
    assert [record.status for record in world.deliveries if record.topic.endswith("/gcr")] == [503, 204]


def test_while_an_event_is_young_what_is_not_found_may_not_be_visible_yet(logs: Logs, quiet_logging: None) -> None:
    """GitHub and registries show writes late: a young event is retried, and dead-lettered rather than rejected."""
    with small_world(settling_s=3600) as world:
        world.publish("gcr", f'{{"image":"{POSTS}:v9"}}'.encode())
        world.pass_tests(COMMIT)
        world.settle()

        assert world.rejected == []
        assert len(world.dead_letters) == 2
    messages = {entry["message"] for entry in logs() if entry["severity"] == "ERROR"}
    assert messages == {
        f"{POSTS}:v9 does not exist (or is not visible yet; the event is young)",
        f"commit: {REPOSITORY} has no {COMMIT} (or is not visible yet; the event is young)",
    }


def test_a_young_event_is_done_once_its_commit_is_visible() -> None:
    """What was not there at the first look is found at the next."""
    with small_world(settling_s=3600) as world:
        pin_posts(world)
        world.faults.fail("github.repos/compare-commits", code="NOT_FOUND")

        world.pass_tests()
        world.settle()

        assert len(world.pull_requests) == 1
        assert world.rejected == []


def test_a_repository_that_cannot_be_read_is_no_reason_to_reject(world: World) -> None:
    """GitHub says 404 to an App without access: that is our fault, not the event's, however old the event is."""
    pin_posts(world)
    for method in ("github.repos/compare-commits", "github.git/get-ref"):
        world.faults.fail(method, code="NOT_FOUND")

    world.pass_tests()
    world.settle()

    assert world.rejected == []
    assert len(world.pull_requests) == 1


@pytest.mark.parametrize("method", ["github.git/get-tree", "github.git/get-blob", "github.repos/create-commit-status"])
def test_a_404_in_the_middle_of_the_work_is_githubs_refusal(world: World, logs: Logs, method: str) -> None:
    """What GitHub has just named exists: its 404 is retried under its own name, not as an error without one."""
    pin_posts(world)
    world.faults.fail("github.graphql", times=QUERIES)  # what it would have answered is asked of REST
    world.faults.fail(method, code="NOT_FOUND")
    logs()

    world.pass_tests()
    world.settle()

    faults = [entry["logging.googleapis.com/labels"].get("fault") for entry in logs()]
    assert [name for name in faults if name] == ["refused"]
    assert len(world.pull_requests) == 1


def test_an_event_that_was_dead_lettered_names_itself_in_the_log(world: World, logs: Logs) -> None:
    """A person finds all attempts of one event by its id, whichever message carried it."""
    world.faults.fail("registry.head-manifest", times=5, code="PERMISSION_DENIED")
    logs()

    world.publish("gcr", json.dumps({"image": f"{POSTS}:v1"}).encode())
    world.settle()

    refused = [entry["logging.googleapis.com/labels"] for entry in logs() if entry["severity"] == "ERROR"]
    assert len(refused) == 5
    assert len({labels["event_id"] for labels in refused}) == 1
    assert {labels["topic"] for labels in refused} == {"gcr"}


def test_a_head_of_dev_that_cannot_be_read_yet_is_waited_for(world: World, logs: Logs) -> None:
    """GitHub names a branch's head a moment before it can show the commit; the event comes again."""
    world.faults.fail("github.graphql")  # which would have shown the head with its commit
    world.faults.fail("github.git/get-commit", code="NOT_FOUND")

    image = pin_posts(world)

    assert image.encode() in world.file("apps/posts.yaml")
    assert "the head of dev cannot be read yet" in {entry["message"] for entry in logs()}


def test_a_head_of_prod_that_cannot_be_read_yet_is_waited_for(world: World, logs: Logs) -> None:
    """The last step begins at prod's head, which may be as young as a merge."""
    pin_posts(world)
    world.faults.fail("github.graphql", times=QUERIES)  # which would have shown the head with its commit
    held = world.faults.hold("github.git/get-ref")  # prod's head is asked for by open_prod_pr alone
    world.pass_tests()
    with held:
        while world.faults.calls("github.git/get-commit").get("github.git/get-commit", 0) < 2:
            time.sleep(0.005)  # until attest_images and open_prod_pr have both read the tested commit
        world.faults.fail("github.git/get-commit", code="NOT_FOUND")
    world.settle()

    assert len(world.pull_requests) == 1
    assert world.rejected == []
    assert "the head of prod cannot be read yet" in {entry["message"] for entry in logs()}


def test_a_missing_branch_is_our_configuration_and_not_the_events_fault(world: World, logs: Logs) -> None:
    """Without prod there is nothing to release to: a person mends that, and the event waits among the dead letters."""
    pin_posts(world)
    world.repository.create_git_ref("refs/heads/kept", world.head("prod"))
    world.repository.get_git_ref("heads/prod").delete()

    world.pass_tests()
    world.settle()

    why = f"{REPOSITORY} has no branch prod, or this App may not read it"
    assert why in {entry["message"] for entry in logs()}
    assert len(world.dead_letters) == 1
    assert world.rejected == []
