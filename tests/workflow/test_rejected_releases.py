"""What cannot be released: commits that nobody may bring to prod, each refused by its file, line and reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from github.InputGitTreeElement import InputGitTreeElement

from local.world.world import World
from tests.company import COMMIT, DIGEST, POSTS, POSTS_FILE, USERS, pin_posts, release_posts, small_world, workload

OTHER: Final = "apps/other.yaml"
BREAK_GLASS: Final = workload("debug", f"{POSTS}@{DIGEST}").replace(
    b"    spec:\n", b'    metadata:\n      labels:\n        image-policy.k8s.io/break-glass: "true"\n    spec:\n'
)
UNRELEASABLE: Final = {
    "an image by tag": (
        workload("nginx", "docker.io/library/nginx:1.27"),
        "not-a-digest",
        f"{OTHER} line 10: docker.io/library/nginx:1.27 is a tag; a release names images by digest",
    ),
    "an image by nothing": (
        workload("nginx", "nginx"),
        "not-a-digest",
        f"{OTHER} line 10: nginx has no digest; a release names images by digest",
    ),
    "a manifest that does not parse": (
        b"kind: [",
        "malformed-manifest",
        f"{OTHER} line 2: it is not YAML: 'did not find expected node content'",
    ),
    "an object that makes others": (
        b"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: all\n",
        "not-understood",
        f"{OTHER} line 1: argoproj.io/v1alpha1 Application may run images that cannot be seen here",
    ),
    "the break-glass label": (
        BREAK_GLASS,
        "break-glass",
        f"{OTHER} line 9: the break-glass label would admit any image; it is never released",
    ),
    "an image that is none": (
        workload("odd", "apps/NGINX"),
        "malformed-image",
        f"{OTHER} line 10: 'apps/NGINX' is no image reference: 'apps/NGINX' is no repository path",
    ),
}


@pytest.fixture(scope="module")
def pinned() -> Iterator[World]:
    """A world whose posts service is pinned and could be released, were it not for what else is committed."""
    with small_world() as world:
        pin_posts(world)
        yield world


@pytest.fixture
def fresh(pinned: World) -> Iterator[World]:
    """The same world, looked at anew, put back afterwards."""
    pinned.rejected.clear()
    pinned.deliveries.clear()
    yield pinned
    assert pinned.attestations == []
    assert pinned.pull_requests == []
    assert all(record.attempt == 1 for record in pinned.deliveries)


def the_rejection(world: World) -> tuple[str, str]:
    """The reason and the sentence of the one event that was rejected."""
    (message,) = world.rejected
    assert message.function == "attest_images"
    return message.reason, message.detail


def link_on_dev(world: World, path: str, target: str) -> str:
    """Commit a symbolic link to dev; answer the commit."""
    head = world.repository.get_git_commit(world.head("dev"))
    link = InputGitTreeElement(path, "120000", "blob", content=target)
    tree = world.repository.create_git_tree([link], head.tree)
    commit = world.repository.create_git_commit("Link a manifest", tree, [head])
    world.repository.get_git_ref("heads/dev").edit(commit.sha)
    return commit.sha


@pytest.mark.parametrize("case", UNRELEASABLE)
def test_a_commit_that_cannot_be_judged_is_not_attested(fresh: World, case: str) -> None:
    """One line that nobody can vouch for rejects the whole release: nothing is signed, no status is set."""
    content, reason, detail = UNRELEASABLE[case]
    commit = fresh.commit_to_dev({OTHER: content})

    fresh.pass_tests()
    fresh.settle()
    fresh.commit_to_dev({OTHER: None})

    assert the_rejection(fresh) == (reason, detail)
    assert fresh.statuses(commit) == []


def test_a_link_in_a_deployed_folder_is_not_followed(fresh: World) -> None:
    """A link may lead to another file tomorrow, or out of the repository; what it runs cannot be seen."""
    commit = link_on_dev(fresh, "apps/linked.yaml", "posts.yaml")

    fresh.pass_tests()
    fresh.settle()
    fresh.commit_to_dev({"apps/linked.yaml": None})

    assert the_rejection(fresh) == (
        "not-understood",
        "apps/linked.yaml: a link or submodule; its images cannot be seen here",
    )
    assert fresh.statuses(commit) == []


def test_many_faults_are_named_at_once_and_counted(fresh: World) -> None:
    """A person mends five lines in one go, and knows how many are left."""
    tags = {f"apps/n{i}.yaml": workload("n", f"nginx:{i}") for i in range(7)}
    fresh.commit_to_dev(tags)

    fresh.pass_tests()
    fresh.settle()
    fresh.commit_to_dev(dict.fromkeys(tags))

    reason, detail = the_rejection(fresh)
    assert reason == "not-a-digest"
    assert detail.count("; a release names images by digest") == 5
    assert detail.endswith("; and 2 more")


def test_a_commit_of_another_branch_is_not_attested(fresh: World) -> None:
    """Only what dev deployed was tested where tests count."""
    fresh.repository.create_git_ref("refs/heads/feature", fresh.head("dev"))
    commit = fresh.commit_to("feature", {OTHER: workload("users", f"{USERS}@{DIGEST}")})

    fresh.pass_tests(commit)
    fresh.settle()

    assert the_rejection(fresh) == ("not-on-dev", f"commit: {commit} is not on dev")
    assert fresh.statuses(commit) == []


def test_images_that_ci_did_not_test_are_not_attested(fresh: World) -> None:
    """Where CI says what it tested, that must be what the manifests run, image by image."""
    fresh.pass_tests(images=[f"{POSTS}@{DIGEST}"])
    fresh.settle()

    reason, detail = the_rejection(fresh)
    assert reason == "images-differ"
    assert detail.startswith(f"images: {POSTS}@sha256:")
    assert detail.endswith(("was tested, but no manifest runs it", "is in the manifests, but was not tested"))


def test_a_commit_without_an_image_to_attest_completes_nothing(fresh: World) -> None:
    """Empty means no: a release that attests nothing would be waved through everywhere."""
    posts = fresh.file(POSTS_FILE)
    fresh.commit_to_dev({POSTS_FILE: None})

    fresh.pass_tests()
    fresh.settle()
    fresh.commit_to_dev({POSTS_FILE: posts})

    assert the_rejection(fresh) == (
        "nothing-to-attest",
        "the manifests run no image that needs an attestation; empty means no",
    )


def test_images_that_ci_tested_exactly_are_attested(world: World) -> None:
    """The claim is checked, not forbidden."""
    image = pin_posts(world)

    world.pass_tests(images=[image])
    world.settle()

    assert [f"{seen.image}@{seen.digest}" for seen in world.attestations] == [image]


def test_a_bad_event_harms_none_that_comes_beside_it(world: World) -> None:
    """Poison among good events is set aside; the release that is under way arrives."""
    for topic in ("gcr", "image-resolved", "test-passed", "attestation-complete"):
        world.publish(topic, b"poison")
    world.pass_tests(COMMIT)

    release_posts(world)

    assert len(world.rejected) == 5
    assert len(world.pull_requests) == 1
    assert world.dead_letters == []
