"""Pinning kustomizations: the entry that decides gets the digest, and not one other byte changes."""

from __future__ import annotations

from typing import Final

import pytest

from tests.unit.domain.material import A, B, pod
from tests.unit.domain.trees import deployed, images, kustomized, pinned, sentences

FILE: Final = "apps/kustomization.yaml"
NOW: Final = {"nginx:v1": A, "nginx:2.0.1": A, "r.io/web:v1": B}


def entries(text: str) -> str:
    """A kustomization whose one entry for nginx holds this text."""
    return f"# kept\nimages:\n- name: nginx   # kept, too\n  {text}\nnamespace:   blog\n"


PINNED = {
    "a tag": ("newTag: v1", f"digest: {A}\n  newTag: v1"),
    "single quotes": ("newTag: 'v1'  # why", f"digest: '{A}'\n  newTag: 'v1'  # why"),
    "double quotes": ('"newTag": "v1"', f'"digest": "{A}"\n  "newTag": "v1"'),
    "a digest by comment": (f"digest: {B} # tag: v1", f"digest: {A} # tag: v1"),
    "a digest beside its tag": (f"newTag: v1\n  digest: {B}", f"newTag: v1\n  digest: {A}"),
    "a digest before its tag": (f"digest: {B} # tag: v1\n  newTag: v1", f"digest: {A} # tag: v1\n  newTag: v1"),
    "a digest in the tag": (f"newTag: v1@{B}", f"digest: {A}\n  newTag: v1"),
    "a tag with a comment": (
        "newTag: 2.0.0 # tag: 2.0.0 follow: semver >=2",
        f"digest: {A}\n  newTag: 2.0.1 # tag: 2.0.1 follow: semver >=2",
    ),
    "a tag with a stale comment": ("newTag: v1 # tag: v0", f"digest: {A}\n  newTag: v1 # tag: v1"),
    "a range": ("newTag: 2.0.0 # follow: semver >=2", f"digest: {A}\n  newTag: 2.0.1 # follow: semver >=2"),
    "a range beside a digest": (
        f"newTag: 2.0.0\n  digest: {B} # follow: semver >=2",
        f"newTag: 2.0.1\n  digest: {A} # follow: semver >=2",
    ),
    "a range beside a digest with its tag": (
        f"newTag: 2.0.0\n  digest: {B} # tag: 2.0.0 follow: semver >=2",
        f"newTag: 2.0.1\n  digest: {A} # tag: 2.0.1 follow: semver >=2",
    ),
    "a range behind the tag of a digest": (
        f"digest: {B}\n  newTag: 2.0.0 # tag: 2.0.0 follow: semver >=2",
        f"digest: {A}\n  newTag: 2.0.1 # tag: 2.0.1 follow: semver >=2",
    ),
    "a new name": ("newTag: v1\n  newName: r.io/web", f"digest: {B}\n  newTag: v1\n  newName: r.io/web"),
}


@pytest.mark.parametrize("case", PINNED)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_entry_moves_and_its_file_stays_as_it_was_written(case: str, end: str) -> None:
    """The digest is what kustomize deploys; the tag stays visible, and followable."""
    before, after = (kustomized(entries(text))[FILE].replace("\n", end) for text in PINNED[case])
    files = kustomized("") | {FILE: before}

    file = pinned(files, NOW)[FILE]
    again = pinned(files | {FILE: file.text}, NOW)[FILE]

    assert (file.text, len(file.moves), file.left_alone) == (after, 1, ())
    assert (again.text, again.moves) == (after, ())
    assert file.moves[0].written == file.moves[0].digest


STILL = {
    "a frozen line": "newTag: v1 # prodgate: freeze",
    "a frozen tag beside a digest": f"newTag: v1 # prodgate: freeze\n  digest: {B} # follow: semver >=1",
    "a frozen digest beside a tag": f"newTag: v1\n  digest: {B} # prodgate: freeze",
    "a frozen name": "newTag: v1\n# end",
    "another tag": "newTag: v2",
    "a digest that follows nothing": f"digest: {B}",
    "the digest already": f"digest: {A} # tag: v1",
}


@pytest.mark.parametrize("case", STILL)
def test_an_entry_that_follows_no_tag_that_moved_stays(case: str) -> None:
    """As any other line."""
    text = entries(STILL[case])
    files = kustomized(text.replace("# kept, too", "# prodgate: freeze") if case == "a frozen name" else text)

    file = pinned(files, NOW)[FILE]

    assert (file.text, file.moves) == (files[FILE], ())
    assert len(file.frozen) == case.startswith("a frozen")


FLOW = {
    "flow style": ("{name: nginx, newTag: v1}", f"{{name: nginx, digest: {A}, newTag: v1}}"),
    "a tag first": ("{newTag: 'v1' , name: nginx}", f"{{digest: '{A}', newTag: 'v1' , name: nginx}}"),
    "JSON": ('{"name":"nginx","newTag":"v1"}', f'{{"name":"nginx","digest": "{A}", "newTag":"v1"}}'),
}


@pytest.mark.parametrize("case", FLOW)
def test_an_entry_in_flow_style_gets_its_digest_beside_its_tag(case: str) -> None:
    """It needs no comment to keep its tag."""
    files = kustomized(f"images: [{FLOW[case][0]}]\n")

    assert pinned(files, NOW)[FILE].text == files[FILE].replace(*FLOW[case])


@pytest.mark.parametrize("entry", ["- ? newTag\n  : v1\n  ? name\n  : nginx", "- name: &k newTag\n  *k : v1"])
def test_an_entry_in_which_no_digest_can_stand_is_left_alone_and_said_so(entry: str) -> None:
    """Where the key begins is not plain to see."""
    name = "nginx" if "nginx" in entry else "newTag"
    files = kustomized(f"images:\n{entry}\n", pod(f"{name}:1"))

    file = pinned(files, {"nginx:v1": A})[FILE]

    assert (file.text, file.moves) == (files[FILE], ())
    assert [alone.why for alone in file.left_alone] == ["a digest can go in nowhere beside its newTag"] * (
        name == "nginx"
    )


CONFUSED = {
    "a comment behind the name": ("- name: nginx # follow: semver >=1\n  newTag: v1", "must stand once"),
    "two patterns": (
        f"- name: nginx\n  newTag: 2.0.0 # follow: semver >=2\n  digest: {B} # follow: semver >=1",
        "must stand once",
    ),
    "a pattern that is none": ("- name: nginx\n  newTag: v1 # follow: me", "neither a range"),
    "a comment that is almost one": ("- name: nginx\n  newTag: v1 # Follow: glob *", "is not understood"),
}


@pytest.mark.parametrize("case", CONFUSED)
def test_an_entry_whose_comment_is_not_understood_is_a_problem_and_follows_its_tag_alone(case: str) -> None:
    """As any other line."""
    entry, sentence = CONFUSED[case]
    files = kustomized(f"images:\n{entry}\n")

    assert len([found for found in sentences(files) if sentence in found]) == 1
    assert [image.pattern for manifest in deployed(files) for image in manifest.images] == [None]


HIDDEN = {
    "an entry of another form": "- name: nginx\n  newTag: v2\n  tagSuffix: -x",
    "an entry by alias": "- &e {name: nginx, newTag: v2}\n- *e",
    "a tag by alias": "- {name: other, newTag: &t v2}\n- {name: nginx, newTag: *t}",
    "an entry that is no mapping": "- nginx",
    "a name that is a pattern": "- name: ngin.*\n  newTag: v2",
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_an_entry_may_override_that_is_not_understood_is_neither_judged_nor_edited(case: str) -> None:
    """Its own line says nothing about what will run."""
    files = kustomized(f"images:\n{HIDDEN[case]}\n", pod("nginx:v1"))

    assert len(sentences(files)) >= 1
    assert images(files) == []
    assert [file.moves for file in pinned(files, NOW).values()] == [(), ()]


def test_an_entry_that_is_not_understood_hides_no_image_of_another_name() -> None:
    """The rest of the tree is judged and pinned all the same."""
    files = kustomized("images:\n- name: other\n  tagSuffix: -x\n", pod("nginx:v1"))

    assert images(files) == [("apps/a.yaml line 6", "nginx:v1")]


def test_one_entry_moves_the_images_of_many_resources_at_once() -> None:
    """It is one place."""
    files = kustomized(entries("newTag: v1"), f"{pod('nginx:1')}---\n{pod('nginx:2')}")

    assert len(pinned(files, NOW)[FILE].moves) == 1


def test_a_resource_whose_tag_no_entry_sets_is_pinned_in_its_own_line_by_its_new_name() -> None:
    """What runs is the new name's image, so its digest counts."""
    files = kustomized("images: [{name: nginx, newName: r.io/web}]\n", pod("nginx:v1"))

    after = pinned(files, NOW)["apps/a.yaml"].text

    assert after == pod(f"nginx@{B} # tag: v1")
    assert images(files | {"apps/a.yaml": after}) == [("apps/a.yaml line 6", f"r.io/web@{B}")]


OVERLAYS: Final = {
    "apps/base/kustomization.yaml": "resources: [a.yaml]\nimages:\n- name: nginx\n  newTag: v1\n",
    "apps/base/a.yaml": pod("nginx"),
    "apps/eu/kustomization.yaml": "resources: [../base]\n",
    "apps/us/kustomization.yaml": "resources: [../base]\nimages: [{name: nginx, newName: r.io/web}]\n",
}


def test_a_tag_that_two_names_share_moves_only_when_both_agree() -> None:
    """A digest of one registry need not exist in the other."""
    base = "apps/base/kustomization.yaml"

    apart = pinned(OVERLAYS, {"nginx:v1": A, "r.io/web:v1": B})[base]
    alone = pinned(OVERLAYS, {"nginx:v1": A})[base]
    together = pinned(OVERLAYS, {"nginx:v1": A, "r.io/web:v1": A})[base]

    why = "it decides several images, and they do not all move alike"
    for file in (apart, alone):
        assert (file.moves, [str(alone) for alone in file.left_alone]) == ((), [f"{base} line 4: {why}"])
    assert together.text == OVERLAYS[base].replace("newTag: v1", f"digest: {A}\n  newTag: v1")
    assert together.left_alone == ()


def test_the_line_of_a_resource_that_is_overridden_is_not_touched() -> None:
    """Its tag decides nothing."""
    files = kustomized(entries("newTag: v1"), pod("nginx:v1"))

    assert pinned(files, NOW)["apps/a.yaml"].moves == ()
