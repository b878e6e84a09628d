"""Pinning: the digest goes in, the tag into the comment, and not one other byte changes."""

from __future__ import annotations

import dataclasses
import time

import pytest

from shared.domain.image import ImageName, parse_name
from shared.domain.image_fields import ImageField
from shared.domain.image_paths import read_image_paths
from shared.domain.manifests import read_manifest
from shared.domain.pinning import PinnedFile, pin
from tests.unit.domain.material import NAME, A, B, pod, read
from tests.unit.domain.patience import HOSTILE_S

NOW = {(parse_name(NAME), "v1"): A, (parse_name("nginx"), "1"): A}
LONG = f"{NAME}@{A} # tag: v1"

PINNED = {
    "a tag": (f"{NAME}:v1", LONG),
    "single quotes": (f"'{NAME}:v1'", f"'{NAME}@{A}' # tag: v1"),
    "double quotes": (f'"{NAME}:v1"', f'"{NAME}@{A}" # tag: v1'),
    "a comment of a person": (f"{NAME}:v1  # keep me", f"{LONG}  # keep me"),
    "blanks at the end": (f"{NAME}:v1   ", f"{LONG}   "),
    "an anchor": (f"&i {NAME}:v1", f"&i {LONG}"),
    "a type": (f"!!str {NAME}:v1", f"!!str {LONG}"),
    "a digest by comment": (f"{NAME}@{B} # tag: v1", LONG),
    "a digest by comment, far": (f"{NAME}@{B}    # tag: v1 (why)", f"{NAME}@{A}    # tag: v1 (why)"),
    "a digest by comment, quoted": (f'"{NAME}@{B}" # tag: v1', f'"{NAME}@{A}" # tag: v1'),
    "a tag and an old digest": (f"{NAME}:v1@{B}", LONG),
    "a tag, and the same in a comment": (f"{NAME}:v1 # tag: v1", LONG),
    "a tag, and another in a comment": (f"{NAME}:v1  # tag: v0 (why)", f"{NAME}@{A}  # tag: v1 (why)"),
    "a tag with all of the comment": (
        f"{NAME}:v1 # tag: v1 follow: semver >=1 <2",
        f"{NAME}@{A} # tag: v1 follow: semver >=1 <2",
    ),
    "a tag and an old digest with all of the comment": (
        f"'{NAME}:v1@{B}'\t# tag: v1 # follow: glob v*",
        f"'{NAME}@{A}'\t# tag: v1 # follow: glob v*",
    ),
    "a short name": ("nginx:1", f"nginx@{A} # tag: 1"),
    "a name of Docker Hub in full": ("docker.io/library/nginx:1", f"docker.io/library/nginx@{A} # tag: 1"),
}
UNTOUCHED = {
    "the digest already": f"{NAME}@{A} # tag: v1",
    "the tag and the digest already": f"{NAME}:v1@{A}",
    "another tag": f"{NAME}:v2",
    "another tag by comment": f"{NAME}@{B} # tag: v2",
    "a digest that follows nothing": f"{NAME}@{B}",
    "no tag": NAME,
    "another image of this tag": f"{NAME}-api:v1",
    "the image on another host": f"evil.io/{NAME.partition('/')[2]}:v1",
}


def pinned(text: str) -> PinnedFile:
    """Pin what the tags name now."""
    return pin(read(text), NOW)


@pytest.mark.parametrize("case", PINNED)
def test_a_followed_image_moves_and_its_line_stays_as_it_was_written(case: str) -> None:
    """People review these lines, so nothing may change in them but the digest and the comment."""
    before, after = PINNED[case]

    file = pinned(pod(before))

    assert file.text == pod(after)
    assert [(move.tag, move.digest) for move in file.moves] == [("v1" if NAME in before else "1", A)]
    assert file.left_alone == ()


@pytest.mark.parametrize("case", PINNED)
def test_pinning_twice_is_pinning_once(case: str) -> None:
    """Every event is redelivered some day; the second commit would be empty, so there is none."""
    once = pinned(pod(PINNED[case][0])).text

    again = pinned(once)

    assert (again.text, again.moves) == (once, ())


@pytest.mark.parametrize("case", PINNED)
def test_a_pinned_line_moves_with_its_tag_later(case: str) -> None:
    """The comment keeps the tag, so the next push of it finds the line."""
    once = pinned(pod(PINNED[case][0])).text

    later = pin(read(once), dict.fromkeys(NOW, B))

    assert later.text == once.replace(A, B)
    assert len(later.moves) == 1


@pytest.mark.parametrize("case", UNTOUCHED)
def test_an_image_that_follows_another_tag_is_not_touched(case: str) -> None:
    """A push of one tag moves that tag's lines and no others."""
    text = pod(UNTOUCHED[case])

    file = pinned(text)

    assert (file.text, file.moves, file.left_alone) == (text, (), ())


KEPT = {
    "CRLF": pod(f"{NAME}:v1").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + pod(f"{NAME}:v1"),
    "no line end": pod(f"{NAME}:v1")[:-1],
    "other alphabets": f"# ünïcödé 🚀\u2028\n{pod(f'{NAME}:v1')}# Ende\u0085\n",
    "tabs before a comment": pod(f"{NAME}:v1\t# why"),
    "odd indents": pod(f"{NAME}:v1")
    .replace("    - ", "          -     ")
    .replace("      image", "                image"),
    "flow of people": f"x: {{a: 1,b:  [2 ,3]}}\n{pod(f'{NAME}:v1')}",
    "several documents": f"# head\n---\n{pod(f'{NAME}:v1')}---\nkind: ~\n...\n---\n",
    "an unreadable document after it": f"{pod(f'{NAME}:v1')}---\n{{{{ .Values.x }}}}\n",
    "an image after it": pod(f"{NAME}:v1") + "    - image: other:1\n",
}


@pytest.mark.parametrize("case", KEPT)
def test_everything_around_the_image_stays_byte_for_byte(case: str) -> None:
    """A YAML library that writes back would lose comments, quotes and line ends."""
    text = KEPT[case]

    assert pinned(text).text == text.replace(f"{NAME}:v1", LONG)


@pytest.mark.parametrize(
    "text",
    [
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {NAME}:v1}}]}}\n",
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {NAME}:v1, name: a}}]}}\n",
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: {NAME}:v1 , name: a}}]}}\n",
        f'{{"apiVersion": "v1", "kind": "Pod", "spec": {{"containers": [{{"image": "{NAME}:v1"}}]}}}}\n',
        f'\n{{"apiVersion": "v1", "kind": "Pod", "spec": {{"containers": [{{\n"image": "{NAME}:v1"\n}}]}}}}\n',
    ],
)
def test_a_line_that_cannot_carry_the_comment_is_left_alone_and_said_so(text: str) -> None:
    """It would lose its tag for ever, and a comment in JSON would break every reader of it."""
    file = pinned(text)

    assert (file.text, file.moves) == (text, ())
    (alone,) = file.left_alone
    assert (alone.field.path, alone.tag) == ("apps/a.yaml", "v1")
    assert ("JSON has no comment" if text.lstrip().startswith("{") else "more follows on its line") in str(alone)


def test_flow_style_that_ends_its_line_can_carry_the_comment() -> None:
    """A comment after the last thing on a line is YAML anywhere but in JSON."""
    text = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{\n  image: {NAME}:v1\n}}]}}\n"

    assert pinned(text).text == text.replace(f"{NAME}:v1", LONG)


BESIDE = {
    "an explicit key": "? image\n      : nginx:1",
    "an explicit key after it": "image: nginx:1\n      ? name\n      : app",
    "a key by alias after it": "tty: &k name\n      image: nginx:1\n      *k : app",
    "a key by alias": "name: &k image\n      *k : nginx:1",
    "an anchor before its mapping": "&m\n      image: nginx:1",
    "flow within flow": "x: {y: {z: 1}, image: {a: 1}}\n      image: nginx:1",
}


@pytest.mark.parametrize("case", BESIDE)
def test_only_the_image_moves_whatever_stands_beside_it(case: str) -> None:
    """The part of the text that is read back is cut out with care."""
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - {BESIDE[case]}\n    - name: b\n"
    image = f"nginx@{A} # tag: 1"

    assert pinned(text).text == text.replace("nginx:1", image)


def test_images_within_one_another_move_together() -> None:
    """A custom resource may hold an image beside an object that holds another."""
    paths = read_image_paths(["acme.io/v1 Shop spec.image", "acme.io/v1 Shop spec.job.image"])
    text = "apiVersion: acme.io/v1\nkind: Shop\nspec: {job: {\n  image: nginx:1\n  }, image: nginx:1\n  }\n"

    file = pin(read_manifest("x.yaml", text.encode(), image_paths=paths), NOW)

    assert file.text == text.replace("nginx:1", f"nginx@{A} # tag: 1")


def test_json_with_a_digest_moves_by_no_comment() -> None:
    """JSON has no comments, so a digest in it follows nothing."""
    text = f'{{"apiVersion": "v1", "kind": "Pod", "spec": {{"containers": [{{"image": "{NAME}@{B}"}}]}}}}\n'

    assert (pinned(text).moves, pinned(text).left_alone) == ((), ())


def test_several_images_of_a_file_move_at_once() -> None:
    """One commit holds all lines that follow the tag."""
    text = pod(f"{NAME}:v1") + f"    - image: 'nginx:1'\n    - image: {NAME}:v2\n    - image: {NAME}@{B} # tag: v1\n"

    file = pinned(text)

    assert len(file.moves) == 3
    assert file.text == (
        pod(LONG) + f"    - image: 'nginx@{A}' # tag: 1\n    - image: {NAME}:v2\n    - image: {NAME}@{A} # tag: v1\n"
    )


def test_no_digests_change_nothing() -> None:
    """Nothing is known, so nothing moves."""
    assert pin(read(pod(f"{NAME}:v1")), {}).moves == ()


def _displaced(field: ImageField, by: int) -> ImageField:
    return dataclasses.replace(field, start=field.start + by, end=field.end + by)


@pytest.mark.parametrize("by", [-30, -2, -1, 1, 9, 90])
def test_a_splice_at_the_wrong_place_is_caught_before_it_is_written(by: int) -> None:
    """The text is read again after the edit: one character off is somebody else's line."""
    manifest = read(pod(f"{NAME}@{B} # tag: v1") + "    - name: next\n      image: next:1\n")
    wrong = dataclasses.replace(manifest, images=tuple(_displaced(field, by) for field in manifest.images))

    file = pin(wrong, NOW)

    assert (file.is_defect, file.text, file.moves) == (True, manifest.text, ())
    assert [str(alone) for alone in file.left_alone] == [
        "apps/a.yaml line 6: the edited text does not read back as it should, which is a defect of prodgate"
    ]


@pytest.mark.parametrize("source", ["x\n  hostNetwork: true #", "'x"])
def test_a_move_with_a_hostile_name_is_caught_before_it_is_written(source: str) -> None:
    """Were the grammar ever to let a line end through, the text would not read back."""
    manifest = read(pod("nginx:1"))
    (field,) = manifest.images
    reference = dataclasses.replace(field.reference, name=ImageName("h", "p"), tag="t")
    wrong = dataclasses.replace(field, reference=reference, source=source, follows="t")
    hostile = dataclasses.replace(manifest, images=(wrong,))

    file = pin(hostile, {(ImageName("h", "p"), "t"): A})

    assert (file.is_defect, file.text) == (True, manifest.text)


def test_a_file_full_of_images_is_pinned_in_seconds() -> None:
    """What moves must not be looked for among all that moves."""
    rows = "    - image: nginx:1\n" * 40_000
    manifest = read(f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{rows}")
    began = time.process_time()

    assert len(pin(manifest, NOW).moves) == 40_000
    assert time.process_time() - began < HOSTILE_S


def test_a_move_to_a_hostile_tag_is_caught_before_it_is_written() -> None:
    """The reference may read as it should, and the comment behind it still bring a line of its own."""
    manifest = read(pod("nginx:1"))
    (field,) = manifest.images
    tag = "1\n      tty: true #"
    hostile = dataclasses.replace(manifest, images=(dataclasses.replace(field, follows=tag),))
    reference = dataclasses.replace(field.reference, written=f"nginx:{tag}")

    renamed = dataclasses.replace(hostile, images=(dataclasses.replace(hostile.images[0], reference=reference),))

    for each in (hostile, renamed):
        file = pin(each, {(field.reference.name, tag): A})
        assert (file.is_defect, file.text) == (True, manifest.text)


def test_only_what_may_move_moves() -> None:
    """Of two spellings of one image an allowlist may admit one; who calls says so for each as it is written."""
    text = pod("nginx:1") + "    - image: docker.io/library/nginx:1\n"

    file = pin(read(text), NOW, lambda field: field.source != "nginx:1")

    assert file.text == text.replace("library/nginx:1", f"library/nginx@{A} # tag: 1")
    assert file.left_alone == ()
