"""The release pull request: what it says, how long it is, and that text from outside can do nothing in it."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain import limits
from shared.domain.policy import Verdict
from shared.domain.pull_request import (
    ImageChange,
    ReleaseReport,
    SuitePassed,
    body,
    branch,
    commit_message,
    fingerprint,
    harmless,
    image_changes,
    is_release_branch,
    released_commit,
    title,
)
from tests.unit.domain.material import ATTESTOR_NAME, COMMIT, NAME, PINNED, RUN, A, B, pod, proof, read

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
)
CODE_NAME = harmless(NAME)


def with_(**changes: object) -> ReleaseReport:
    """The report with changes."""
    return dataclasses.replace(REPORT, **changes)  # type: ignore[arg-type]


def test_the_branch_is_named_after_the_commit() -> None:
    """One branch per release, recognised later as prodgate's own."""
    assert branch(COMMIT) == "release/0123456789ab"
    assert is_release_branch(branch(COMMIT))
    assert not is_release_branch("feature/release/x")


@pytest.mark.parametrize("rollback", [None, "it burns"])
def test_the_commit_message_says_which_commit_was_tested(rollback: str | None) -> None:
    """The snapshot has another id than the tested commit, so its trailer must name that."""
    message = commit_message(COMMIT, rollback)

    assert message.startswith("Roll back to 0123456789ab\n\n" if rollback else "Release 0123456789ab\n\n")
    assert message.endswith(f"\n\nProdgate-Release: {COMMIT}\n")
    assert released_commit(message) == COMMIT


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


def test_the_body_says_verdict_images_admission_evidence_and_files() -> None:
    """Everything that a person needs to merge or not, in this order."""
    text = body(REPORT)

    assert text.splitlines()[:2] == [
        "> [!NOTE]",
        "> **Ready.** Every image that needs an attestation has one (1), and prod would admit all 1 images.",
    ]
    assert f"| {CODE_NAME} | <code>v1</code> | <code>{'b' * 12}</code> | <code>{'a' * 12}</code> |" in text
    assert f"| {harmless(f'{NAME}@{A}')} | admitted | attested |" in text
    assert f"- tested commit: [0123456789ab](https://github.com/mdo/environments/commit/{COMMIT})" in text
    assert f"- suite <code>qa</code> passed: [its run]({RUN})" in text
    assert f"by {harmless(ATTESTOR_NAME)}: {harmless('projects/gate/occurrences/1')}" in text
    assert "<details><summary>1 files change in prod</summary>\n\n- <code>apps/posts&#46;yaml</code>\n" in text
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert headings == ["### Images", "### Admission in prod", "### Evidence"]


def test_the_body_says_why_an_image_was_admitted_or_denied() -> None:
    """In a dry run prod admits what it would deny, and the person must see that."""
    text = body(with_(verdicts=(Verdict("x:1", admitted=True, message="by list"), Verdict("y:1", admitted=False))))

    assert "| <code>x&#58;1</code> | admitted | <code>by list</code> |" in text
    assert "| <code>y&#58;1</code> | denied | attested |" in text


def test_the_body_warns_of_a_rollback_with_its_reason() -> None:
    """Older bytes go out again, because a person asked for it."""
    lines = body(with_(rollback="it @burns")).splitlines()

    assert lines[:3] == ["> [!WARNING]", "> **Rollback**, asked for by a person: <code>it &#64;burns</code>", ">"]
    assert lines[3].startswith("> **Ready.**")


def test_a_body_without_images_and_files_says_so() -> None:
    """A configuration change is a release too."""
    text = body(with_(changes=(), files=()))

    assert "### Images\n\nNo image changes; only other files do.\n" in text
    assert "<details>" not in text


def test_an_image_that_comes_or_goes_has_none_on_the_other_side() -> None:
    """An empty cell would look like a mistake."""
    assert f"| {CODE_NAME} | none | none | <code>latest</code> |" in body(
        with_(changes=(ImageChange(PINNED.name, (), (), ("latest",)),))
    )


@pytest.mark.parametrize(("count", "last"), [(200, "- <code>f199</code>\n"), (203, "\n…and 3 more.\n")])
def test_a_list_shows_200_rows_and_counts_the_rest(count: int, last: str) -> None:
    """Nobody reads more, and GitHub bounds the whole."""
    text = body(with_(files=tuple(f"f{i}" for i in range(count))))

    assert f"{last}\n</details>" in text
    assert text.count("- <code>f") == 200


def test_a_body_that_would_be_too_long_is_cut_at_a_line_and_says_so() -> None:
    """GitHub refuses the whole request otherwise, and the release would be stuck on its length."""
    text = body(with_(files=tuple(f"{i}{'x' * 400}" for i in range(200))))

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert "</code>\n\n…the rest is cut: GitHub bounds a body's length." in text
    assert fingerprint(text) is not None


def test_a_body_of_just_the_greatest_length_is_not_cut() -> None:
    """The bound leaves no character unused but those of the sentence about the cut."""
    room = limits.PULL_REQUEST_BODY_CHARACTERS - len(body(with_(suites=(SuitePassed("qa", ""),))))
    cut = len("\n\n…the rest is cut: GitHub bounds a body's length. The files tab of this pull request shows it all.")
    fits, exceeds = (body(with_(suites=(SuitePassed("qa", "x" * (room - cut + 1 + n)),))) for n in (0, 1))

    assert "…the rest is cut" not in fits
    assert "…the rest is cut" in exceeds


def test_the_fingerprint_changes_with_anything_that_the_body_says() -> None:
    """The open pull request is edited only when it would say something else."""
    same, other = body(REPORT), body(with_(files=("apps/users.yaml",)))

    assert fingerprint(same) == fingerprint(body(REPORT)) is not None
    assert fingerprint(same) != fingerprint(other)
    assert fingerprint(same.replace("\n", "\r\n")) == fingerprint(same)


def test_the_fingerprint_covers_what_is_cut_off() -> None:
    """A change beyond the cut is a change."""
    many = tuple(f"{i}{'x' * 400}" for i in range(200))

    assert fingerprint(body(with_(files=many))) != fingerprint(body(with_(files=(*many[:-1], "other"))))


@pytest.mark.parametrize("text", ["", "text of a person", body(REPORT) + "and more"])
def test_a_body_that_a_person_replaced_has_no_fingerprint(text: str) -> None:
    """Then it is written anew; only a marker at the very end is ours."""
    assert fingerprint(text) is None


HARMLESS = {
    "@everyone": "&#64;everyone",
    "#1": "&#35;1",
    "[x](https://evil)": "&#91;x&#93;&#40;https&#58;//evil&#41;",
    "a|b": "a&#124;b",
    "`x`": "&#96;x&#96;",
    "<b>&amp;": "&#60;b&#62;&#38;amp&#59;",
    "a\nb\r\tc": "a b  c",
    "\x00\x7f\x1b": "   ",
    f"a{chr(0x202E)}b{chr(0x2028)}c{chr(0xFEFF)}": "a b c ",
    "\ud800": " ",
    "_*~:!\\": "&#95;&#42;&#126;&#58;&#33;&#92;",
    "é": "&#233;",
    "path/to-it 1": "path/to-it 1",
}


@pytest.mark.parametrize("text", HARMLESS)
def test_text_from_outside_is_code_that_can_do_nothing(text: str) -> None:
    """A file name must not mention a team, close an issue, start a link, leave its table, or turn the text around."""
    assert harmless(text) == f"<code>{HARMLESS[text]}</code>"
