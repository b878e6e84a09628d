"""What the comment behind an image asks for: another tag to follow, by version or by form, or to stand still."""

from __future__ import annotations

import itertools
import time

import pytest

from shared.domain.errors import Reason
from shared.domain.following import Glob, Version
from shared.domain.image import parse_name
from shared.domain.pinning import PinnedFile, pin
from tests.unit.domain.material import NAME, A, B, pod, problems, read
from tests.unit.domain.patience import HOSTILE_S

PRECEDENCE = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def pushed(text: str, *tags: str, digest: str = A) -> PinnedFile:
    """Pin a text after pushes of these tags, in this order."""
    return pin(read(text), {(parse_name(NAME), tag): type(A)(digest) for tag in tags})


def test_versions_are_in_the_order_of_semver() -> None:
    """The row of section 11, and numbers that are no words."""
    versions = [Version.read(tag) for tag in PRECEDENCE]

    for lower, higher in itertools.combinations(versions, 2):
        assert lower is not None
        assert higher is not None
        assert lower < higher
        assert not higher < lower
    assert Version.read("v1.2.0") == Version.read("1.2.0")


@pytest.mark.parametrize(
    "tag", ["1", "1.2", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3-a..b", "1.2.3.4", "V1.2.3", "", "x"]
)
def test_what_is_no_version_is_none(tag: str) -> None:
    """A tag that only looks like a version is not compared with any."""
    assert Version.read(tag) is None


MOVED = {
    "a higher version": ("1.2.0 follow: semver >=1.2.0 <2", "1.3.0"),
    "a version with a v": ("v1.2.0 follow: semver >=1.2 <2", "v1.10.0"),
    "a prerelease that is named": ("1.2.0 follow: semver >=1.3.0-rc.1", "1.3.0-rc.2"),
    "a version above an inner bound": ("1.2.0 follow: semver >1.2.0 <=1.3.0", "1.3.0"),
    "the only version": ("1.2.0 follow: semver =1.3.0", "1.3.0"),
    "a version after a word": ("latest follow: semver >=1", "1.0.0"),
    "a higher number": ("main-9 follow: glob main-*", "main-10"),
    "a later day": ("2026.1.9 follow: glob *", "2026.1.10"),
    "more numbers": ("main-9 follow: glob main-*", "main-9.1"),
    "a number after the same word": ("eu-9-x follow: glob *-*-x", "eu-10-x"),
    "the first number of two": ("1-9-x follow: glob *-*-x", "2-1-x"),
    "a form after a word": ("latest follow: glob main-*", "main-7c1"),
    "the very tag of a form without *": ("v0 follow: glob v1", "v1"),
    "behind another #": ("1.2.0 # follow: semver >=1", "1.3.0"),
}
STAYED = {
    "a lower version": ("1.2.0 follow: semver >=1", "1.1.9"),
    "the same version in other words": ("1.2.0 follow: semver >=1", "v1.2.0"),
    "a version above the range": ("1.2.0 follow: semver >=1 <2", "2.0.0"),
    "a prerelease": ("1.2.0 follow: semver >=1", "1.3.0-rc.1"),
    "a prerelease of another version": ("1.2.0 follow: semver >=1.3.0-rc.1", "1.4.0-rc.1"),
    "a version below an outer bound": ("1.2.0 follow: semver >1.3.0", "1.3.0"),
    "a version above an inner bound": ("1.2.0 follow: semver <=1.3.0", "1.3.1"),
    "no version": ("1.2.0 follow: semver >=1", "latest"),
    "a tag of another form": ("main-1 follow: glob main-*", "dev-1"),
    "a tag with less than the form": ("main-1-x follow: glob main-*-x", "main-x"),
    "a tag with another middle": ("main-1-x follow: glob *-1-*", "main-2-x"),
    "a lower number": ("main-10 follow: glob main-*", "main-9"),
    "the same number in other digits": ("main-1 follow: glob main-*", "main-01"),
    "a lower number first": ("2-1-x follow: glob *-*-x", "1-9-x"),
    "a tag that nothing follows": ("1.2.0", "1.3.0"),
}


@pytest.mark.parametrize("case", MOVED)
def test_a_line_moves_to_another_tag_that_it_follows(case: str) -> None:
    """Digest and visible tag move together, and the rest of the comment stays."""
    comment, tag = MOVED[case]
    before = pod(f"'{NAME}@{B}'  # tag: {comment}")

    file = pushed(before, tag)

    assert file.text == before.replace(B, A).replace(f"tag: {comment.split()[0]}", f"tag: {tag}")
    assert [(move.tag, move.digest) for move in file.moves] == [(tag, A)]
    assert pushed(file.text, tag).moves == ()


@pytest.mark.parametrize("case", STAYED)
def test_a_line_stays_where_it_is_for_every_other_tag(case: str) -> None:
    """Late news of a lower version, or news of another kind, moves nothing."""
    comment, tag = STAYED[case]
    text = pod(f"{NAME}@{B} # tag: {comment}")

    assert (pushed(text, tag).text, pushed(text, tag).moves) == (text, ())


def test_the_tag_that_a_line_names_moves_it_still() -> None:
    """A version that is pushed again is news of the line's own tag."""
    text = pod(f"{NAME}@{B} # tag: 1.2.0 follow: semver >=2")

    assert pushed(text, "1.2.0").text == text.replace(B, A)


def test_of_several_versions_the_highest_wins_in_any_order() -> None:
    """Events that arrive together are in no order."""
    text = pod(f"{NAME}@{B} # tag: 1.2.0 follow: semver >=1")

    for order in itertools.permutations(["1.2.0", "1.10.0", "1.9.0", "0.1.0"]):
        assert pushed(text, *order).moves[0].tag == "1.10.0"


def test_another_tag_of_the_same_digest_moves_the_comment_alone() -> None:
    """A release candidate that becomes the release keeps its bytes, and the line says its new name."""
    text = pod(f"{NAME}@{A} # tag: 1.2.0 follow: semver >=1")

    assert pushed(text, "1.3.0").text == text.replace("1.2.0", "1.3.0")


UNORDERED = {
    "commits": ("main-7c1 follow: glob main-*", "main-9a2"),
    "a commit after a number": ("main-71 follow: glob main-*", "main-9a2"),
    "a commit before a number": ("main-7c1-8 follow: glob main-*-*", "main-9a2-9"),
    "words": ("main follow: glob *", "dev"),
}


@pytest.mark.parametrize("case", UNORDERED)
def test_a_tag_that_has_no_order_moves_nothing_and_it_is_said(case: str) -> None:
    """Whether news of it is late cannot be told, and late news never wins."""
    comment, tag = UNORDERED[case]
    text = pod(f"{NAME}@{B} # tag: {comment}")

    file = pushed(text, tag)

    assert (file.text, file.moves) == (text, ())
    (alone,) = file.unordered
    why = f"whether {tag} is above {comment.split()[0]} cannot be told: * stands for more than numbers in them"
    assert str(alone) == f"apps/a.yaml line 6: {why}"


def test_of_several_tags_of_a_form_the_highest_number_wins_in_any_order() -> None:
    """As of versions; a tag without order among them holds up no other."""
    text = pod(f"{NAME}@{B} # tag: main-3 follow: glob main-*")

    for order in itertools.permutations(["main-3", "main-12", "main-9", "main-7c1"]):
        assert pushed(text, *order).moves[0].tag == "main-12"


def test_a_frozen_line_says_nothing_of_tags_without_order() -> None:
    """It would not move for an ordered one either."""
    assert pushed(pod(f"{NAME}@{B} # tag: a follow: glob * # prodgate: freeze"), "b").unordered == ()


@pytest.mark.parametrize("pattern", ["*" * 100 + "x", "*a" * 50 + "x"])
def test_a_hostile_form_costs_no_time(pattern: str) -> None:
    """A regular expression would try every way to share a tag among the stars."""
    assert not Glob(pattern).names("a" * 128)


def test_an_image_by_tag_may_say_what_it_follows() -> None:
    """Whoever writes the line writes a tag; pinning turns it into digest and comment."""
    text = pod(f"{NAME}:1.2.0 # follow: semver >=1")

    once = pushed(text, "1.3.0").text

    assert once == pod(f"{NAME}@{A} # tag: 1.3.0 # follow: semver >=1")
    assert pushed(once, "1.4.0").moves[0].tag == "1.4.0"


def test_a_digest_may_say_what_it_follows_before_it_names_a_tag() -> None:
    """Its first move writes the tag down; where no comment can stand, it is left alone."""
    assert pushed(pod(f"{NAME}@{B} # follow: glob v*"), "v1").text == pod(f"{NAME}@{A} # tag: v1 # follow: glob v*")


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "semver",
        "semver >=x",
        "semver >1.2",
        "semver 1.2.0",
        "semver >=1 because",
        "glob",
        "glob a b",
        "glob a?",
        "me",
    ],
)
def test_a_pattern_that_is_not_understood_is_a_problem_and_follows_its_tag_alone(comment: str) -> None:
    """Whoever mistypes a range finds out before prod does; the rest of the file is pinned all the same."""
    text = pod(f"{NAME}@{B} # tag: 1.2.0 follow: {comment}")
    manifest = read(text)

    assert [reason for reason, _ in problems(manifest)] == [Reason.NOT_UNDERSTOOD]
    assert problems(manifest)[0][1].startswith("apps/a.yaml line 6: follow: ")
    assert pushed(text, "1.2.0", "1.3.0").text == text.replace(B, A)


@pytest.mark.parametrize(("tag", "belongs"), [("1.2.0", True), ("0.9.0", False), ("main", False)])
def test_a_range_names_the_versions_in_it(tag: str, *, belongs: bool) -> None:
    """Whoever pushed a lower version is told that the line passed it, not that nothing follows it."""
    (field,) = read(pod(f"{NAME}@{B} # tag: 1.3.0 follow: semver >=1")).images

    assert field.pattern is not None
    assert field.pattern.names(tag) is belongs


FROZEN = [
    f"{NAME}:v1 # prodgate: freeze",
    f"{NAME}@{B} # tag: v1 # prodgate: freeze",
    f"{NAME}@{B} # tag: v1 follow: glob * # prodgate: freeze",
    f"'{NAME}:v1'\t# because of 7 # prodgate: freeze until May",
    f"{NAME}:v1 # prodgate: freeze # prodgate: freeze",
]


@pytest.mark.parametrize("source", FROZEN)
def test_a_frozen_line_never_moves_and_is_read_as_any_other(source: str) -> None:
    """A person stopped it; the release still judges what it says."""
    text = pod(source)

    file = pushed(text, "v1")

    assert (file.text, file.moves, file.left_alone) == (text, (), ())
    assert [(move.field.place, move.tag) for move in file.frozen] == [("apps/a.yaml line 6", "v1")]
    assert problems(read(text)) == []


def test_freezing_holds_its_own_line_in_any_style_and_no_other() -> None:
    """In flow style the comment stands behind the brackets; the lines around it move on."""
    other = f"{NAME}@{B} # tag: v1\n"
    text = (
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [\n  {{image: {other}  }},\n"
        f"  {{image: {NAME}:v1}}, # prodgate: freeze\r\n  {{image: {other}  }}]}}\n"
    )

    file = pushed(text, "v1")

    assert file.text == text.replace(B, A)
    assert [move.field.line for move in file.frozen] == [6]


@pytest.mark.parametrize(
    "comment",
    [
        "#prodgate: freeze",
        "# prodgate:freeze",
        "# Prodgate: Freeze",
        "# prodgate freeze",
        "# prodgate: frozen",
        "# nice # prodgate: freeze",
        "# why: prodgate: freeze",
    ],
)
def test_what_almost_says_freeze_freezes(comment: str) -> None:
    """A person who meant it and slipped must not find the line moved."""
    text = pod(f"{NAME}:v1 {comment}")

    assert (pushed(text, "v1").moves, problems(read(text))) == ((), [])


ALMOST = {
    "#tag: v1": "#tag: v1",
    "# tag:v1": "# tag:v1",
    "# Tag: v1": "# Tag: v1",
    "# tag: v1,": "# tag: v1,",
    "# Follow: semver >=1": "Follow: semver >=1",
    "# nice # follow: semver >=1": "follow: semver >=1",
    "# nice follow : glob *": "follow : glob *",
    "# tag: v1 Follow: semver >=1": "Follow: semver >=1",
    "# tag: v1 follows: semver >=1": "follows: semver >=1",
    "# tag: v1 # tag: v2": "# tag: v2",
    "# prodgate: stop": "# prodgate: stop",
    "# tag: v1 # prodgate: hold # why": "# prodgate: hold",
}


@pytest.mark.parametrize("comment", ALMOST)
def test_a_comment_that_almost_says_something_is_a_problem(comment: str) -> None:
    """It would be ignored, and somebody believes that it is not."""
    ((reason, sentence),) = problems(read(pod(f"{NAME}@{B} {comment}")))

    assert reason is Reason.NOT_UNDERSTOOD
    assert sentence.startswith(f"apps/a.yaml line 6: {ALMOST[comment]!r} is not understood")


def test_a_comment_behind_a_bracket_is_a_problem_too() -> None:
    """It stands on the line, and not behind the image, where it is read."""
    text = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {NAME}:v1}}]}} # follow: semver >=1\n"

    assert len(problems(read(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        pod(f"{NAME}:v1 # nice tag: blue"),
        pod(f"{NAME}:v1 # see prodgate"),
        pod(f"{NAME}:v1") + "      # tag: v1\n",
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {NAME}:v1, x: '# tag: no'}}]}}\n",
    ],
)
def test_other_words_are_a_persons_own(text: str) -> None:
    """A comment is there for people first."""
    assert problems(read(text)) == []
    assert [field.is_frozen for field in read(text).images] == [False]


def test_a_line_of_many_images_is_read_in_seconds() -> None:
    """What stands behind an image is looked at as far as a comment may begin, and no further."""
    rows = ",".join(["{image: a:1}"] * 20_000)
    began = time.process_time()

    assert len(read(f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{rows}]}} {'# prodgate ' * 90_000}\n").images)
    assert time.process_time() - began < HOSTILE_S
