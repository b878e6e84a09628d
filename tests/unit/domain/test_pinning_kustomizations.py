"""Pinning kustomizations: the entry that decides gets the digest, and not one other byte changes."""

from __future__ import annotations

from typing import Final

import pytest

from tests.unit.domain.material import A, B, pod
from tests.unit.domain.trees import images, kustomized, pinned

FILE: Final = "apps/kustomization.yaml"
NOW: Final = {"nginx:v1": A, "nginx:2.0.1": A, "r.io/web:v1": B}


def entries(text: str) -> str:
    """A kustomization whose one entry for nginx holds this text."""
    return f"# kept\nimages:\n- name: nginx   # kept, too\n  {text}\nnamespace:   blog\n"


PINNED = {
    "a tag": ("newTag: v1", f"digest: {A} # tag: v1"),
    "single quotes": ("newTag: 'v1'  # why", f"digest: '{A}' # tag: v1  # why"),
    "double quotes": ('"newTag": "v1"', f'"digest": "{A}" # tag: v1'),
    "a digest by comment": (f"digest: {B} # tag: v1", f"digest: {A} # tag: v1"),
    "a digest beside its tag": (f"newTag: v1\n  digest: {B}", f"newTag: v1\n  digest: {A}"),
    "a digest before its tag": (f"digest: {B} # tag: v1\n  newTag: v1", f"digest: {A} # tag: v1\n  newTag: v1"),
    "a digest in the tag": (f"newTag: v1@{B}", f"digest: {A} # tag: v1"),
    "a range": ("newTag: 2.0.0 # follow: semver >=2", f"digest: {A} # tag: 2.0.1 # follow: semver >=2"),
    "a range beside a digest": (
        f"newTag: 2.0.0\n  digest: {B} # follow: semver >=2",
        f"newTag: 2.0.1\n  digest: {A} # follow: semver >=2",
    ),
    "a range beside a digest with its tag": (
        f"newTag: 2.0.0\n  digest: {B} # tag: 2.0.0 follow: semver >=2",
        f"newTag: 2.0.1\n  digest: {A} # tag: 2.0.1 follow: semver >=2",
    ),
    "a new name": ("newTag: v1\n  newName: r.io/web", f"digest: {B} # tag: v1\n  newName: r.io/web"),
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


STILL = {
    "a frozen line": "newTag: v1 # prodgate: freeze",
    "another tag": "newTag: v2",
    "a digest that follows nothing": f"digest: {B}",
    "the digest already": f"digest: {A} # tag: v1",
}


@pytest.mark.parametrize("case", STILL)
def test_an_entry_that_follows_no_tag_that_moved_stays(case: str) -> None:
    """As any other line."""
    files = kustomized(entries(STILL[case]))

    file = pinned(files, NOW)[FILE]

    assert (file.text, file.moves) == (files[FILE], ())
    assert len(file.frozen) == (case == "a frozen line")


def test_an_entry_in_flow_style_that_cannot_carry_its_tag_is_left_alone() -> None:
    """It would lose its tag for ever."""
    files = kustomized("images: [{name: nginx, newTag: v1}]\n")

    file = pinned(files, NOW)[FILE]

    assert (file.text, file.left_alone) == (files[FILE], ("apps/kustomization.yaml line 2",))


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

    assert (apart.moves, apart.left_alone) == (alone.moves, alone.left_alone) == ((), (f"{base} line 4",))
    assert together.text == OVERLAYS[base].replace("newTag: v1", f"digest: {A} # tag: v1")
    assert together.left_alone == ()


def test_the_line_of_a_resource_that_is_overridden_is_not_touched() -> None:
    """Its tag decides nothing."""
    files = kustomized(entries("newTag: v1"), pod("nginx:v1"))

    assert pinned(files, NOW)["apps/a.yaml"].moves == ()
