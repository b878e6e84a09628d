"""Kustomizations: each image that they deploy is judged as it will run, and pinned where it is decided."""

from __future__ import annotations

import time
from typing import Final

import pytest

from shared.domain import limits
from shared.domain.errors import Reason
from tests.unit.domain.material import A, B, pod
from tests.unit.domain.patience import HOSTILE_S
from tests.unit.domain.trees import Files, deployed, images, kustomized, sentences

RESOURCE: Final = "apps/a.yaml line 6"
ENTRY: Final = "apps/kustomization.yaml line 4"

OVERRIDES = {
    "a tag": ("newTag: v2", "nginx:v2"),
    "a digest": (f"digest: {A}", f"nginx@{A}"),
    "a digest beside a tag": (f"newTag: v2\n  digest: {A}", f"nginx:v2@{A}"),
    "a tag that holds a digest": (f"newTag: v2@{A}", f"nginx:v2@{A}"),
    "a name and a tag": ("newTag: v2\n  newName: r.io/web", "r.io/web:v2"),
    "a number as a tag": ("newTag: 1.10", "nginx:1.10"),
}


@pytest.mark.parametrize("case", OVERRIDES)
@pytest.mark.parametrize("image", ["nginx", "nginx:1", f"nginx@{B}", f"nginx:1@{B}"])
def test_an_entry_decides_the_tag_and_the_digest_of_what_it_names(case: str, image: str) -> None:
    """What stands in the resource does not run; what the entry makes of it does."""
    entry, effective = OVERRIDES[case]
    line = 5 if "\n  digest" in entry else 4

    found = images(kustomized(f"images:\n- name: nginx\n  {entry}\n", pod(image)))

    assert found == [(f"apps/kustomization.yaml line {line}", effective)]


KEPT = {
    "another name": ("{name: httpd, newTag: v2}", "nginx:1"),
    "the start of its name": ("{name: ngin, newTag: v2}", "nginx:1"),
    "its name as Docker Hub spells it": ("{name: docker.io/library/nginx, newTag: v2}", "nginx:1"),
    "a new name alone": ("{name: nginx, newName: r.io/web}", "r.io/web:1"),
    "empty values": ('{name: nginx, newTag: "", digest: ~}', "nginx:1"),
}


@pytest.mark.parametrize("case", KEPT)
def test_an_image_whose_tag_no_entry_sets_is_decided_by_its_own_line(case: str) -> None:
    """The line may still run under a new name."""
    entry, effective = KEPT[case]

    assert images(kustomized(f"images: [{entry}]\n")) == [(RESOURCE, effective)]


def test_entries_apply_in_their_order_each_to_what_the_one_before_left() -> None:
    """So kustomize does; the last one that sets a tag decides."""
    entries = (
        "images:\n- name: nginx\n  newTag: v2\n- name: nginx\n  newName: r.io/web\n- name: r.io/web\n  newTag: v3\n"
        "- name: nginx\n  newTag: v4\n"
    )

    assert images(kustomized(entries)) == [("apps/kustomization.yaml line 8", "r.io/web:v3")]


BASE: Final = {
    "apps/base/kustomization.yaml": "resources: [a.yaml]\nimages:\n- name: nginx\n  newTag: v2\n",
    "apps/base/a.yaml": pod("nginx:1"),
}


def test_overlays_over_one_base_are_judged_each() -> None:
    """Both are deployed: what one pins, the other may not."""
    overlays = {
        "apps/eu/kustomization.yaml": "resources: [../base]\n",
        "apps/us/kustomization.yml": f"bases: [../base]\nimages: [{{name: nginx, digest: '{A}'}}]\n",
    }

    assert images(BASE | overlays) == [
        ("apps/base/kustomization.yaml line 4", "nginx:v2"),
        ("apps/us/kustomization.yml line 2", f"nginx@{A}"),
    ]


def test_a_base_that_only_overlays_include_is_not_judged_by_itself() -> None:
    """Nobody deploys it; its tag is a placeholder."""
    overlay = {"apps/eu/Kustomization": f"resources: [../base]\nimages: [{{name: nginx, digest: '{A}'}}]\n"}

    assert images(BASE | overlay) == [("apps/eu/Kustomization line 2", f"nginx@{A}")]


def test_a_base_that_is_a_configured_folder_is_judged_by_itself_too() -> None:
    """Configuration says that every one of these folders is deployed."""
    overlay = {"apps/eu/Kustomization": f"resources: [../base]\nimages: [{{name: nginx, digest: '{A}'}}]\n"}

    assert images(BASE | overlay, ["apps/base", "apps/eu"]) == [
        ("apps/base/kustomization.yaml line 4", "nginx:v2"),
        ("apps/eu/Kustomization line 2", f"nginx@{A}"),
    ]


def test_a_tree_without_kustomizations_is_judged_as_it_stands() -> None:
    """Nothing overrides anything."""
    assert images({"apps/a.yaml": pod("nginx:1")}) == [(RESOURCE, "nginx:1")]


def test_a_file_that_no_kustomization_lists_is_judged_as_it_stands() -> None:
    """Argo CD leaves it out today, and takes it once somebody removes the kustomization."""
    files = kustomized("images: [{name: nginx, newTag: v2}]\n") | {"apps/b.yaml": pod("nginx:1")}

    assert images(files) == [("apps/kustomization.yaml line 2", "nginx:v2"), ("apps/b.yaml line 6", "nginx:1")]


def test_a_kustomization_at_the_top_lists_what_is_below_it() -> None:
    """At a terminal the folder is often the one that people stand in."""
    files = {"kustomization.yaml": "resources: [./x/a.yaml]\n", "x/a.yaml": pod("nginx:1")}

    assert images(files, ["."]) == [("x/a.yaml line 6", "nginx:1")]
    assert sentences({"kustomization.yaml": "resources: [../a.yaml]\n", "../a.yaml": pod("nginx:1")}, ["."]) != []


FIELDS: Final = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
metadata: {name: x}
namespace: blog
namePrefix: eu-
nameSuffix: -1
commonLabels: {app: x}
commonAnnotations: {a: b}
labels: [{pairs: {a: b}, includeSelectors: true, includeTemplates: true}]
replicas: [{name: web, count: 3}]
configMapGenerator: [{name: x, literals: [a=b]}]
secretGenerator: [{name: x, envs: [x.env]}]
generatorOptions: {disableNameSuffixHash: true}
sortOptions: {order: fifo}
buildMetadata: [originAnnotations]
components: []
helmCharts: ~
patches: ~
"""


def test_fields_that_change_no_image_are_fine() -> None:
    """Most kustomizations hold little else."""
    files = kustomized(FIELDS)

    assert sentences(files) == []
    assert images(files) == [(RESOURCE, "nginx:1")]


REFUSED = {
    "components": ("components: [../c]", "line 2: 'components' can change what runs, or bring in what cannot be seen"),
    "charts": ("helmCharts: [{name: x}]", "'helmCharts' can change"),
    "generators": ("generators: [x.yaml]", "'generators' can change"),
    "transformers": ("transformers: [x.yaml]", "'transformers' can change"),
    "validators": ("validators: [x.yaml]", "'validators' can change"),
    "replacements": ("replacements: [{path: x.yaml}]", "'replacements' can change"),
    "variables": ("vars: [{name: X}]", "'vars' can change"),
    "configurations": ("configurations: [x.yaml]", "'configurations' can change"),
    "definitions of types": ("crds: [x.yaml]", "'crds' can change"),
    "a schema": ("openapi: {path: x.json}", "'openapi' can change"),
    "the old name of images": ("imageTags: [{name: x}]", "'imageTags' can change"),
    "a field in capitals": ("Images: [{name: nginx, newTag: v2}]", "'Images' can change"),
    "labels that write where they like": (
        "labels: [{pairs: {image: evil:1}, fields: [{path: spec/containers, create: true}]}]",
        "labels: 'fields' is not understood",
    ),
    "an unknown field of an image": ("images: [{name: nginx, tagSuffix: -x}]", "images: 'tagSuffix' is not understood"),
    "an image that is a word": ("images: [nginx]", "images: an entry is no mapping"),
    "images that are no list": ("images: {name: nginx}", "images is no list"),
    "a resource that is no path": ("bases: [{}]", "this resource is no path"),
    "a pattern as a name": ("images: [{name: 'ngin.*', newTag: v2}]", "characters that kustomize reads as a pattern"),
    "a tag in a name": ("images: [{name: 'nginx:1', newTag: v2}]", "the name of an image has a tag"),
    "no name": ("images: [{newTag: v2}]", "the name of an image has a tag, or"),
    "a tag in a new name": ("images: [{name: nginx, newName: 'x:1'}]", "the name of an image has a tag"),
    "an entry twice by alias": ("images: [&x {name: nginx, newTag: v2}, *x]", "an alias repeats this entry"),
    "a tag by alias": ("namespace: &x v2\nimages: [{name: nginx, newTag: *x}]", "'v2' is folded, escaped or by alias"),
    "a folded tag": ("images:\n- name: nginx\n  newTag: >-\n    v2", "line 3: 'v2' is folded, escaped or by alias"),
    "a pattern that is none": ("images:\n- name: nginx\n  newTag: v2 # follow: x", "line 3: follow: 'x' is neither"),
    "two tags": (
        f"images:\n- name: nginx\n  newTag: v2\n  digest: {A} # tag: v1",
        "line 3: newTag and comments name two tags: 'v1 v2'",
    ),
    "another kind": ("kind: Component", "it is no kustomize.config.k8s.io/v1beta1 Kustomization"),
    "another version": ("apiVersion: kustomize.toolkit.fluxcd.io/v1", "it is no kustomize.config.k8s.io/v1beta1"),
    "a second document": ("---\nresources: []", "a kustomization is one document, and this is another"),
    "a name that is a pattern by its dot": ("images: [{name: ngi.x, newTag: v2}]", "'ngi.x' overrides"),
    "what makes no image": ("images: [{name: nginx, newName: X/Y}]", "apps/a.yaml line 6 becomes: 'X/Y' is no image"),
    "the label that breaks glass": (
        "commonLabels: {image-policy.k8s.io/break-glass: 'true'}",
        "the break-glass label would admit any image",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_change_images_otherwise_is_a_problem(case: str) -> None:
    """The release refuses it with file and line; nothing is guessed."""
    text, sentence = REFUSED[case]

    found = sentences(kustomized(f"{text}\n"))

    assert any(sentence in problem for problem in found), found
    assert found[0].startswith("apps/kustomization.yaml")


UNSEEN = [
    "https://example.com/x.yaml",
    "github.com/mdo/base",
    "git@github.com:mdo/base",
    "../base?ref=v1",
    "//x",
    "/etc/x.yaml",
    "missing.yaml",
    "missing",
    "../../outside",
    "../other/b.yaml",
    "sub.git/base",
    "",
]


@pytest.mark.parametrize("name", UNSEEN)
def test_a_resource_that_is_not_in_the_deployed_folders_is_a_problem(name: str) -> None:
    """It runs images that nobody sees here."""
    files = {
        "apps/x/kustomization.yaml": f"resources:\n- '{name}'\n",
        "apps/other/b.yaml": pod("nginx:1"),
        "apps/x/sub.git/base/kustomization.yaml": "",
        "apps/x/github.com/mdo/base/kustomization.yaml": "",
    }

    (found,) = sentences(files)

    assert found == (
        f"apps/x/kustomization.yaml line 2: {name!r} is remote, missing, outside of this folder or of all that is "
        "deployed"
    )


@pytest.mark.parametrize("included", [".", "../a/../x", "../y"])
def test_kustomizations_that_include_themselves_are_a_problem(included: str) -> None:
    """None of them could be built, and none would be judged."""
    files = {
        "apps/x/kustomization.yaml": f"resources: [{included}]\n",
        "apps/y/kustomization.yaml": "resources: [../x]\n",
    }

    assert any("includes this kustomization itself" in problem for problem in sentences(files))


def test_kustomizations_in_many_levels_are_a_problem_and_no_crash() -> None:
    """Whoever can commit to dev must not be able to stop the functions."""
    deep = {f"apps/{n}/kustomization.yaml": f"resources: [../{n + 1}]\n" for n in range(1500)}

    assert any("more than 32 levels of kustomizations" in problem for problem in sentences(deep))


def test_a_bomb_of_entries_is_refused_in_time() -> None:
    """Entries times images is what kustomize does, and what an attacker would multiply."""
    entries = "".join(f"- {{name: x{n}, newTag: v1}}\n" for n in range(10_000))
    files = kustomized(f"images:\n{entries}", "---\n".join(pod(f"nginx:{n}") for n in range(5_000)))
    began = time.process_time()

    assert sentences(files) == ["apps/kustomization.yaml: it has too many images and entries to be judged"]
    assert time.process_time() - began < HOSTILE_S


def test_two_kustomizations_in_one_folder_are_a_problem() -> None:
    """Kustomize refuses them, too."""
    files = kustomized("") | {"apps/Kustomization": ""}

    assert sentences(files) == ["apps/Kustomization: a folder has one kustomization, and this has another"]


UNCERTAIN = {
    "an ephemeral container": "apiVersion: v1\nkind: Pod\nspec: {ephemeralContainers: [{image: nginx:1}]}\n",
    "two at once": "apiVersion: v1\nkind: Pod\nspec: {ephemeralContainers: [{image: nginx:1}, {image: nginx:2}]}\n",
    "an image volume": "apiVersion: v1\nkind: Pod\nspec: {volumes: [{image: {reference: nginx:1}}]}\n",
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_what_versions_of_kustomize_override_differently_is_a_problem(case: str) -> None:
    """Kustomize 5.5 leaves these as they are; nobody knows what the cluster's Argo CD runs tomorrow."""
    files = kustomized("images: [{name: nginx, newTag: v2}]\n", UNCERTAIN[case])

    why = "whether 'nginx' overrides apps/a.yaml line 3 depends on the version of kustomize"
    assert sentences(files) == [f"apps/kustomization.yaml line 2: {why}"]
    assert sentences(kustomized("images: [{name: httpd, newTag: v2}]\n", UNCERTAIN[case])) == []


def test_a_problem_of_a_resource_stays_one() -> None:
    """A kustomization makes nothing readable that was not."""
    files: Files = kustomized("images: [{name: nginx, newTag: v2}]\n", "kind: Unknown\napiVersion: x/v1\n")

    assert [problem.reason for manifest in deployed(files) for problem in manifest.problems] == [Reason.NOT_UNDERSTOOD]


def test_more_images_than_can_be_judged_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on what one kustomization deploys."""
    monkeypatch.setattr(limits, "KUSTOMIZE_IMAGES", 1)
    files = kustomized("", f"{pod('nginx:1')}---\n{pod('nginx:2')}")

    assert sentences(files) == ["apps/kustomization.yaml: it has too many images and entries to be judged"]
