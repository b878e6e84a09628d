"""Patches of kustomizations: those that certainly leave every image as it is, and all the others."""

from __future__ import annotations

from typing import Final

import pytest

from tests.unit.domain.material import pod
from tests.unit.domain.trees import images, kustomized, sentences

SHOP: Final = "acme.io/v1 Shop spec.image"
LIMITS: Final = (
    "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: a, tty: true}]}}}\n"
)

HARMLESS = {
    "text": "patches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n"
    "    - op: add\n      path: /spec/replicas\n      value: 3\n    - {op: remove, path: /metadata/labels/a~1b}\n",
    "an object as text": "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: x}\n",
    "the old way": "patchesJson6902:\n- target: {kind: Deployment}\n"
    "  patch: '[{op: test, path: /spec/replicas, value: 1}]'\n",
    "a deleted object": "patchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: Service\n  $patch: delete\n",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_a_patch_that_names_no_image_is_fine(case: str) -> None:
    """Replicas, limits, labels: what overlays are made for."""
    files = kustomized(HARMLESS[case])

    assert sentences(files) == []
    assert images(files) == [("apps/a.yaml line 6", "nginx:1")]


@pytest.mark.parametrize("field", ["patches: [{path: p.yaml}]\n", "patchesStrategicMerge: [p.yaml]\n"])
def test_a_patch_in_a_file_is_no_manifest(field: str) -> None:
    """Its containers have no image, and need none."""
    files = kustomized(field) | {"apps/p.yaml": LIMITS}

    assert sentences(files) == []
    assert sentences(kustomized("") | {"apps/p.yaml": LIMITS}) != []


REFUSED = {
    "an image": ("spec: {containers: [{name: a, image: evil:1}]}", "it touches an image"),
    "an image volume": ("spec: {volumes: [{name: a, image: {reference: evil:1}}]}", "it touches an image"),
    "an image by alias": ("a: &a {image: x}\nb: *a", "it touches an image"),
    "an image in a path": ("[{op: replace, path: /spec/containers/0/image, value: evil:1}]", "touches an image"),
    "an image in an operation": ("[{op: add, path: /spec/x, value: [{image: evil:1}]}]", "it touches an image"),
    "a copy": ("[{op: copy, from: /a, path: /b}]", "the operation 'copy' is not understood"),
    "a move": ("[{op: move, from: /a, path: /b}]", "the operation 'move' is not understood"),
    "no path": ("[{op: add}]", "the operation 'add' is not understood"),
    "no operation": ("[x]", "the operation '' is not understood"),
    "another kind": ("[{op: replace, path: /kind, value: Pod}]", "changes what the object is"),
    "another version": ("[{op: replace, path: /apiVersion, value: v1}]", "changes what the object is"),
    "items": ("[{op: add, path: /items, value: []}]", "changes what the object is"),
    "the whole object": ("[{op: replace, path: '', value: {}}]", "changes what the object is"),
    "broken glass": (
        "[{op: add, path: /metadata/labels/image-policy.k8s.io~1break-glass, value: 'true'}]",
        "touches an image, or breaks glass",
    ),
    "broken glass in a mapping": ("metadata: {labels: {image-policy.k8s.io/break-glass: 'true'}}", "the break-glass"),
    "a word": ("x", "it is neither a patch nor a list of operations"),
    "no YAML": ("[", "it is not YAML"),
    "too deep": ("[" * 101 + "]" * 101, "it is too large to be judged"),
    "nothing": ("", "it is empty"),
    "a merge": ("a: &a {x: 1}\n<<: *a", "a YAML merge"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("where", ["text", "file"])
def test_a_patch_that_may_change_images_is_a_problem(case: str, where: str) -> None:
    """What it makes of the image would run without being judged."""
    text, sentence = REFUSED[case]
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    field = "- path: p.yaml\n" if where == "file" else f"- patch: |-\n{indented}\n"

    found = sentences(kustomized(f"patches:\n{field}") | {"apps/p.yaml": f"{text}\n"})

    assert found[0].startswith("apps/kustomization.yaml line 3: this patch may change images: ")
    assert sentence in found[0]


MALFORMED = {
    "options": ("patches: [{path: p.yaml, options: {allowKindChange: true}}]", "patches: 'options' is not understood"),
    "an unknown target": ("patches: [{path: p.yaml, target: {Kind: Pod}}]", "target: 'Kind' is not understood"),
    "a missing file": ("patches: [{path: q.yaml}]", "the patch 'q.yaml' is missing, or outside of this folder"),
    "a file elsewhere": ("patches: [{path: ../p.yaml}]", "the patch '../p.yaml' is missing, or outside"),
    "a word": ("patches: [p.yaml]", "patches: an entry is no mapping"),
    "a mapping": ("patchesStrategicMerge: [{}]", "this patch is neither a path nor text"),
    "a target of another kind": (
        "patches: [{path: p.yaml, target: {kind: Pod}}]",
        "it is for a 'Pod', and is a 'Deployment'",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_patch_that_cannot_be_found_or_read_is_a_problem(case: str) -> None:
    """Not understood is not released."""
    field, sentence = MALFORMED[case]

    found = sentences(kustomized(f"{field}\n") | {"apps/p.yaml": LIMITS, "p.yaml": LIMITS})

    assert any(sentence in problem for problem in found), found


@pytest.mark.parametrize("target", ["", "kind: Shop", "kind: .*", "name: x"])
def test_a_patch_that_may_reach_a_configured_resource_is_a_problem(target: str) -> None:
    """Without its image such a resource runs one by default, which nobody sees."""
    operation = "[{op: remove, path: /spec/x}]"

    found = sentences(kustomized(f"patches: [{{target: {{{target}}}, patch: '{operation}'}}]\n"), paths=[SHOP])

    assert "it names no built-in kind, and may reach a custom resource" in found[0]


def test_a_patch_of_a_built_in_kind_is_fine_beside_configured_resources() -> None:
    """It cannot reach them."""
    operation = "[{op: remove, path: /spec/x}]"

    for kind in ("Deployment", "Service"):
        files = kustomized(f"patches: [{{target: {{kind: {kind}}}, patch: '{operation}'}}]\n")
        assert sentences(files, paths=[SHOP]) == []
    files = kustomized(f"patches: [{{target: {{kind: Pod}}, patch: '{operation}'}}]\n", pod("nginx:1"))
    assert sentences(files, paths=["acme.io/v1 Pod spec.image"]) != []


def test_a_patch_that_is_a_resource_too_is_judged_as_one() -> None:
    """It is deployed."""
    files = kustomized("patches: [{path: a.yaml}]\n", "apiVersion: x/v1\nkind: Y\n")

    assert len(sentences(files)) == 1
