"""GitHub's moods: limits, stumbles, and a repository that is no longer what it was; each ends under its own name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from local.github import GitHubStandIn
from local.world.names import ATTEST, REPOSITORY
from local.world.world import World
from tests.company import OPENING, POSTS, POSTS_FILE, open_one_by_one, pin_posts, release_posts, small_world
from tests.conftest import Logs

MINT: Final = "github.apps/create-installation-access-token"
COMPARE: Final = "github.repos/compare-commits"
LABELS: Final = "logging.googleapis.com/labels"


def ended(logs: Logs) -> list[tuple[str, str]]:
    """The fault and the sentence of each event that is to be retried, since the last look."""
    return [(entry[LABELS]["fault"], entry["message"]) for entry in logs() if "fault" in entry.get(LABELS, {})]


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """A world with one release, whose events can be replayed in any of GitHub's moods."""
    with small_world() as world:
        release_posts(world)
        yield world


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RATE_LIMIT_PRIMARY", "403 API rate limit exceeded"),
        ("RATE_LIMIT_PRIMARY_429", "429 API rate limit exceeded"),
        ("RATE_LIMIT_403", "403 You have exceeded a secondary rate limit"),
        ("RATE_LIMIT_429", "429 You have exceeded a secondary rate limit"),
        ("RATE_LIMIT_429_HOUR", "429 You have exceeded a secondary rate limit"),
        ("RESOURCE_EXHAUSTED", "403 You have exceeded a secondary rate limit"),
    ],
)
def test_a_limit_ends_the_attempt_at_once_and_is_waited_for_by_pubsub(
    company: World, logs: Logs, code: str, words: str
) -> None:
    """With or without Retry-After or a reset: no function sleeps, and no request is sent after it."""
    undisturbed = replayed(company)
    company.faults.fail(COMPARE, code=code)
    logs()

    made = replayed(company)

    ((fault, sentence),) = ended(logs)
    assert fault == "rate-limited"
    assert words in sentence
    assert made[COMPARE] == undisturbed[COMPARE] + 1  # the one that was limited
    assert made[MINT] == undisturbed[MINT] + 1  # the next delivery's own


def replayed(world: World) -> Counter[str]:
    """Replay the tests' success, and count the requests to GitHub that it takes."""
    before = Counter(world.faults.calls("github."))
    world.pass_tests()
    world.settle()
    return Counter(world.faults.calls("github.")) - before


@pytest.mark.parametrize("code", ["INTERNAL", "BAD_GATEWAY", "UNAVAILABLE", "DEADLINE_EXCEEDED"])
@pytest.mark.parametrize(
    "method",
    ["github.repos/compare-commits", "github.pulls/update", "github.graphql/updateRefs"],
    ids=["GET", "PATCH", "compare and swap"],
)
def test_a_stumble_on_a_read_or_a_change_is_tried_again_within_the_event(
    world: World, logs: Logs, method: str, code: str
) -> None:
    """PyGithub retries no PATCH and no POST; all of these say the same twice as once, so they are."""
    pin_posts(world)
    world.faults.fail(method, code=code)
    logs()

    release_posts(world, b"second")

    assert ended(logs) == []
    assert (len(world.attestations), len([p for p in world.pull_requests if p.state == "open"])) == (1, 1)


@pytest.mark.parametrize("code", ["INTERNAL", "BAD_GATEWAY", "UNAVAILABLE"])
@pytest.mark.parametrize(
    "method",
    [
        "github.git/create-tree",
        "github.git/create-commit",
        "github.repos/create-commit-status",
        OPENING,
        "github.git/create-ref",
        "github.pulls/create",
    ],
)
def test_a_stumble_on_a_creation_is_not_tried_again_blindly(world: World, logs: Logs, method: str, code: str) -> None:
    """It may have been done: the next delivery looks first."""
    if method != OPENING:
        open_one_by_one(world)
    world.faults.fail(method, code=code)

    release_posts(world)

    assert [fault for fault, _ in ended(logs)] == ["unreachable"]
    assert (len(world.pull_requests), world.rejected, world.dead_letters) == (1, [], [])


@pytest.mark.parametrize("method", ["git/create-tree", "git/create-commit", "repos/create-commit-status"])
def test_a_validation_that_nobody_expects_is_named_and_retried(world: World, logs: Logs, method: str) -> None:
    """GitHub says 422 for things that mend themselves; what it said stands in the log."""
    world.faults.fail(f"github.{method}", code="UNPROCESSABLE")

    release_posts(world)

    ((fault, sentence),) = ended(logs)
    assert (fault, "422 Validation Failed" in sentence) == ("refused", True)
    assert len(world.pull_requests) == 1


def test_a_snapshot_that_github_does_not_let_replace_the_old_one_is_not_taken_for_made(
    world: World, logs: Logs
) -> None:
    """Prod moved, and the branch is to name the new snapshot by force: a refusal of that is no race that was lost."""
    tested = release_posts(world)
    world.commit_to("prod", {"README.md": b"x\n"})
    world.commit_to("prod", {"README.md": None})
    world.faults.fail("github.git/update-ref", code="NOT_FAST_FORWARD")
    logs()

    world.publish("release-check", json.dumps({"repository": REPOSITORY}).encode())
    world.settle()

    ((fault, sentence),) = ended(logs)
    assert (fault, "not a fast forward" in sentence) == ("refused", True)
    head = world.repository.get_git_commit(world.head(f"release/{tested[:12]}"))
    assert [parent.sha for parent in head.parents] == [world.head("prod")]


@pytest.mark.parametrize("keeps_tokens", [False, True])
@pytest.mark.parametrize("new", ["mdo/gitops", "acme/mdo-environments"])
def test_a_repository_that_was_renamed_or_given_away_is_written_to_by_nobody(
    logs: Logs, new: str, keeps_tokens: bool
) -> None:
    """GitHub redirects the old name, for writes too; who owns what is there now is another question."""
    with small_world(keeps_tokens=keeps_tokens) as world:
        assert_that_nobody_follows(world, logs, new)


def assert_that_nobody_follows(world: World, logs: Logs, new: str) -> None:
    """Give the repository a new name, and see nothing written under it."""
    commit = release_posts(world)
    before = world.lasting_state()
    world.cloud.github.rename(REPOSITORY, new)

    world.push_image(POSTS, "v1", content=b"second")
    world.pass_tests(commit)
    world.settle()

    said = ended(logs)
    assert {fault for fault, _ in said} == {"misconfigured"}
    assert all(sentence.endswith("set PRODGATE_REPOSITORY to its new name") for _, sentence in said)
    assert {topic for letter in world.dead_letters for topic in letter.attributes.values() if "-" in topic} >= {
        "image-resolved-push",
        "test-passed-push",
    }
    world.cloud.github.rename(new, REPOSITORY)
    assert world.lasting_state() == before


def test_an_archived_repository_says_so(world: World, logs: Logs) -> None:
    """Reading goes on, writing does not."""
    world.cloud.github.archive(REPOSITORY)

    world.push_image(POSTS, "v1")
    world.settle()

    assert set(ended(logs)) == {("refused", "GitHub POST /git/trees: 403 Repository was archived so is read-only.")}
    assert [json.loads(letter.data)["tag"] for letter in world.dead_letters] == ["v1"]


@pytest.mark.parametrize(("branch", "topic"), [("dev", "test-passed"), ("prod", "attestation-complete")])
def test_a_branch_that_was_deleted_is_named(world: World, logs: Logs, branch: str, topic: str) -> None:
    """Somebody left "automatically delete head branches" on; the branch comes back, and so does the event."""
    commit = pin_posts(world) and world.head("dev")
    head = world.head(branch)
    world.repository.get_git_ref(f"heads/{branch}").delete()
    logs()

    world.pass_tests(commit)
    world.settle()

    assert set(ended(logs)) == {("misconfigured", f"{REPOSITORY} has no branch {branch}, or this App may not read it")}
    assert [letter.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] for letter in world.dead_letters] == ["5"]
    world.repository.create_git_ref(f"refs/heads/{branch}", head)
    world.publish(topic, world.dead_letters[0].data)
    world.settle()
    assert len(world.pull_requests) == 1


def test_an_app_that_lost_a_permission_is_named_and_gets_it_back_with_the_next_token(world: World, logs: Logs) -> None:
    """A token keeps what it was minted with; one that is refused is thrown away."""
    pin_posts(world)
    world.faults.fail("github.repos/create-commit-status", code="PERMISSION_DENIED")
    logs()

    world.pass_tests()
    world.settle()

    ((fault, sentence),) = ended(logs)
    assert fault == "refused"
    assert sentence.endswith("403 Resource not accessible by integration")
    assert len(world.cloud.github.accounts.tokens(ATTEST.login)) == 2
    assert len(world.pull_requests) == 1


def test_an_event_about_a_fork_is_rejected(world: World) -> None:
    """Same name, another owner."""
    world.pass_tests(repository="eve/mdo-environments")
    world.settle()

    assert [message.reason for message in world.rejected] == ["unknown-repository"]


def test_a_company_with_its_own_github_is_served_below_its_own_prefix(
    quiet_logging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GHES has REST at /api/v3 and GraphQL at /api/graphql, and its pages without a prefix."""
    asked: list[str] = []
    monkeypatch.setattr(GitHubStandIn, "observe", lambda _, exchange: asked.append(exchange.path))
    with small_world(github_prefix="/api/v3") as world:
        release_posts(world)

        below = {path.removeprefix("/api/").partition("/")[0] for path in asked if path.startswith("/api/")}
        minted = [path for path in asked if path.endswith("/access_tokens")]
        assert below == {"v3", "graphql"}
        assert "/graphql" not in asked
        assert {path.partition("/app/")[0] for path in minted} == {"/api/v3"}
        assert len(world.pull_requests) == 1
        assert "/api/v3" not in world.pull_requests[0].url
        assert f"{POSTS}@sha256:".encode() in world.file(POSTS_FILE)
