"""The release pull request: its branch, its commit, its title and what it is about."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain.policy import Verdict
from shared.domain.pull_request import (
    ImageChange,
    ReleaseReport,
    SuitePassed,
    branch,
    commit_message,
    image_changes,
    is_release_branch,
    is_rollback,
    released_commit,
    rollback_reason,
    says_request,
)
from shared.domain.pull_request_texts import PullRequestTexts
from tests.unit.domain.material import COMMIT, NAME, PINNED, RUN, A, B, pod, proof, read

CHANGE = ImageChange(PINNED.name, ("v1",), (B,), (A,))
REPORT = ReleaseReport(
    repository="mdo/environments",
    commit=COMMIT,
    web_url="https://github.com/mdo/environments",
    suites=(SuitePassed("qa", RUN),),
    changes=(CHANGE,),
    proofs=(proof(),),
    verdicts=(Verdict(f"{NAME}@{A}", admitted=True),),
    files=("apps/posts.yaml",),
    promise="Merging runs exactly the tree that was tested.",
)
title = PullRequestTexts().title_of


def with_(**changes: object) -> ReleaseReport:
    """The report with changes."""
    return dataclasses.replace(REPORT, **changes)  # type: ignore[arg-type]


def test_the_branch_is_named_after_the_commit() -> None:
    """One branch per release, recognised later as prodgate's own."""
    assert branch(COMMIT) == "release/0123456789ab"
    assert is_release_branch(branch(COMMIT))
    for other in ("feature/release/x", "release/x", f"{branch(COMMIT)}0", "release/0123456789AB"):
        assert not is_release_branch(other)


@pytest.mark.parametrize("rollback", [None, "it burns"])
def test_the_commit_message_says_which_commit_was_tested(rollback: str | None) -> None:
    """The snapshot has another id than the tested commit, so its trailer must name that."""
    message = commit_message(COMMIT, rollback)
    assert "Push" not in message

    assert message.startswith("Roll back to 0123456789ab\n\n" if rollback else "Release 0123456789ab\n\n")
    assert message.endswith(f"\n\nProdgate-Release: {COMMIT}\n")
    assert released_commit(message) == COMMIT
    assert is_rollback(message) is (rollback is not None)
    assert rollback_reason(message) == rollback
    assert says_request(message, COMMIT, rollback)
    assert not says_request(message, COMMIT, "something else")
    assert not says_request(message, COMMIT, None if rollback else "it burns")
    assert not says_request(message, "f" * 40, rollback)


@pytest.mark.parametrize("reason", ["@dana fixes #7\nProdgate-Release: x", 'a "b" \\ c', "😀", "http://x.example", ""])
def test_a_reason_in_a_commit_message_is_kept_and_does_nothing(reason: str) -> None:
    """GitHub notifies people, closes issues and links what a commit message says."""
    message = commit_message(COMMIT, reason)

    assert rollback_reason(message) == reason
    assert released_commit(message) == COMMIT
    (line,) = [line for line in message.splitlines() if line.startswith("Asked for by a person: ")]
    assert not set(line.removeprefix("Asked for by a person: ")) & set("@#:/.-<>&\n")


def test_a_message_of_a_rollback_without_a_reason_has_none() -> None:
    """It was made by a version that kept none, or by hand."""
    assert rollback_reason(f"Roll back to x\n\nProdgate-Release: {COMMIT}\n") is None


@pytest.mark.parametrize(
    "message",
    ["", f"x Prodgate-Release: {COMMIT}", f"Prodgate-Release: {COMMIT}0", f"Prodgate-Release: {COMMIT.upper()}"],
)
def test_a_message_without_the_trailer_names_no_release(message: str) -> None:
    """Somebody's commit on a release branch is not a release of ours."""
    assert released_commit(message) is None


def test_only_images_that_differ_are_changes() -> None:
    """A release of twenty images that moves one is about that one."""
    before = read(
        pod(f"{NAME}@{B} # tag: v1") + "    - image: same:1\n    - image: gone:1\n    - image: mixed:1\n"
    ).images
    after = read(
        pod(f"{NAME}@{A} # tag: v1")
        + "    - image: same:1\n    - image: new\n    - image: mixed:1\n    - image: mixed:2\n"
    ).images

    found = {change.name.short: change for change in image_changes(before, after)}

    assert list(found) == ["gone", "mixed", "new", "posts"]
    assert found["posts"] == CHANGE
    assert (found["gone"].before, found["gone"].after, found["gone"].tags) == (("1",), (), ())
    assert (found["new"].before, found["new"].after) == ((), ("latest",))
    assert (found["mixed"].after, found["mixed"].tags) == (("1", "2"), ("1", "2"))


def _changes(count: int) -> tuple[ImageChange, ...]:
    return tuple(
        dataclasses.replace(CHANGE, name=dataclasses.replace(CHANGE.name, path=f"p/i{i}")) for i in range(count)
    )


TITLES = {
    "one image": ({}, "Release 0123456789ab: 1 image (posts v1)"),
    "two tags": (
        {"changes": (dataclasses.replace(CHANGE, tags=("v1", "v2")),)},
        "Release 0123456789ab: 1 image (posts v1/v2)",
    ),
    "no tag": ({"changes": (dataclasses.replace(CHANGE, tags=()),)}, "Release 0123456789ab: 1 image (posts)"),
    "three images": ({"changes": _changes(3)}, "Release 0123456789ab: 3 images (i0 v1, i1 v1, i2 v1)"),
    "four images": ({"changes": _changes(4)}, "Release 0123456789ab: 4 images (i0 v1, i1 v1, i2 v1, …)"),
    "no image": ({"changes": ()}, "Release 0123456789ab: configuration only"),
    "a rollback": ({"rollback": "it burns"}, "Roll back to 0123456789ab: 1 image (posts v1)"),
}


@pytest.mark.parametrize("case", TITLES)
def test_the_title_says_what_moves(case: str) -> None:
    """People read titles in lists, on a telephone."""
    changes, expected = TITLES[case]

    assert title(with_(**changes)) == expected


def test_a_title_has_at_most_256_characters() -> None:
    """GitHub refuses a longer one, and the release would be lost to a name."""
    assert len(title(with_(changes=(dataclasses.replace(CHANGE, tags=("x" * 128, "y" * 128)),)))) == 256
