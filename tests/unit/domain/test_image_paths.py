"""Configured paths: custom resources whose images people outside of dev say where to find; and mentions of others."""

from __future__ import annotations

import pytest

from shared.domain.errors import Reason
from shared.domain.image_paths import IMAGE_PATH, read_image_paths
from shared.domain.manifests import Manifest, Mention, read_manifest
from tests.unit.domain.material import pod, problems, read, written

ROWS = (
    "argoproj.io/v1alpha1 Rollout spec.template.spec:podSpec",
    "acme.io/v1 Shop spec.image",
    "acme.io/v1 Shop spec.jobs[].run.image",
    "v1 ConfigMap data.image",
)
SHOP = "apiVersion: acme.io/v1\nkind: Shop\n"
EXEMPT = frozenset({"acme.io/v1 Shop", "acme.io/v1 Other"})


def configured(text: str) -> Manifest:
    """Read a manifest with these paths; its kinds are exempt, too."""
    return read_manifest("apps/a.yaml", text.encode(), EXEMPT, read_image_paths(ROWS))


def test_every_row_has_the_form_of_one() -> None:
    """Configuration is read by this pattern, whole."""
    assert all(IMAGE_PATH.fullmatch(row) for row in ROWS)


@pytest.mark.parametrize(
    "row", ["acme.io/v1 Shop", "acme.io/v1 Shop spec.images[]", "v1 Pod a..b", "v1 Pod [].image", "v1 Pod a[]:podSpec"]
)
def test_a_path_of_another_form_is_none(row: str) -> None:
    """A function with such a row does not start."""
    assert IMAGE_PATH.fullmatch(row) is None


def test_images_are_read_along_the_paths_even_of_exempt_and_inert_kinds() -> None:
    """To say where the images are is to ask that they are judged."""
    shop = f"{SHOP}spec: {{image: a:1, jobs: [{{run: {{image: b:1}}}}, {{run: {{image: c:1}}}}]}}\n"
    cases = f"{shop}---\n{SHOP}spec: {{image: d:1}}\n---\napiVersion: v1\nkind: ConfigMap\ndata: {{image: e:1}}\n"

    manifest = configured(cases)

    assert written(manifest) == ["a:1", "b:1", "c:1", "d:1", "e:1"]
    assert problems(manifest) == []


def test_a_configured_pod_spec_is_read_as_that_of_a_deployment() -> None:
    """Init containers and image volumes run as they do anywhere else."""
    spec = "{initContainers: [{image: a:1}], containers: [{image: b:1}], volumes: [{image: {reference: c:1}}]}"
    rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n"

    manifest = configured(f"{rollout}spec: {{template: {{spec: {spec}}}}}\n")

    assert written(manifest) == ["a:1", "b:1", "c:1"]
    assert problems(configured(f"{rollout}spec: {{workloadRef: {{}}}}\n"))[0][1].endswith(
        "it has no spec.template.spec"
    )
    assert problems(configured(f"{rollout}spec: {{template: {{spec: {{}}}}}}\n"))[0][0] is Reason.NOT_UNDERSTOOD


UNSEEN = {
    "no image": ("spec: {}\n", "it has no spec.image"),
    "an image elsewhere": ("image: a:1\n", "it has no spec.image"),
    "an image of another form": ("spec: {image: {repository: a}}\n", "it has no spec.image"),
    "a list of another form": ("spec: {image: a:1, jobs: {}}\n", "jobs is no list"),
    "an item without its key": ("spec: {image: a:1, jobs: [{}]}\n", "it has no spec.jobs[].run.image"),
    "an item that is no mapping": ("spec: {image: a:1, jobs: [x]}\n", "it has no spec.jobs[].run.image"),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_an_object_that_does_not_have_its_paths_is_a_problem(case: str) -> None:
    """Its controller would run an image that nobody sees here, by default or by another field."""
    text, sentence = UNSEEN[case]

    assert sentence in problems(configured(f"{SHOP}{text}"))[0][1]


def test_an_object_without_any_image_is_a_problem() -> None:
    """Empty means no."""
    manifest = read_manifest(
        "apps/a.yaml",
        f"{SHOP}spec: {{jobs: []}}\n".encode(),
        EXEMPT,
        read_image_paths(["acme.io/v1 Shop spec.jobs[].image"]),
    )

    assert problems(manifest) == [
        (Reason.NOT_UNDERSTOOD, "apps/a.yaml line 1: no configured path of acme.io/v1 Shop leads to an image"),
    ]


def test_values_that_are_called_images_are_mentioned_and_nothing_else() -> None:
    """A person may know that a controller reads them; prodgate neither edits nor judges them, whatever holds them."""
    text = (
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  image: a:1\n  sidecarImage: b:1\n  imageName: c\n  image2: d\n"
        "  baseImage: ''\n---\napiVersion: v1\nkind: Pod\nmetadata: {annotations: {image: e:1}}\n"
        "spec: {containers: [{image: f:1}]}\n---\napiVersion: x/v1\nkind: Y\nimage: g:1\n"
    )

    manifest = read(text)

    assert manifest.mentions == (
        Mention("apps/a.yaml line 4", "a:1"),
        Mention("apps/a.yaml line 5", "b:1"),
        Mention("apps/a.yaml line 12", "e:1"),
        Mention("apps/a.yaml line 17", "g:1"),
    )
    assert written(manifest) == ["f:1"]
    assert len(problems(manifest)) == 1


MENTIONED = {
    "Helm values": ("image: {repository: a, tag: v1}\nsidecarImage:\n  repository: b\n", ["a:v1", "b"]),
    "Helm values by digest": ("image: {repository: a, digest: 'sha256:1'}\n", ["a@sha256:1"]),
    "a mapping that is none": ("image: {pullPolicy: Always}\n", []),
    "a list": ("image: [a]\n", []),
    "a custom resource": ("apiVersion: x/v1\nkind: Y\nspec: {jobs: [{image: a}, {image: b}]}\n", ["a", "b"]),
    "a key twice": (f"{pod('a:1')}      name: b\n", ["a:1"]),
    "a merge": ("apiVersion: v1\nkind: Pod\nspec: {<<: {}, containers: [{image: a:1}]}\n", ["a:1"]),
    "no YAML": ("x: {image: a:1}\ny: [\n", ["a:1"]),
    "no object": ("- image: a:1\n", ["a:1"]),
    "an image that is none": (pod("A/B"), []),
}


@pytest.mark.parametrize("case", MENTIONED)
def test_what_is_called_an_image_is_mentioned_where_a_document_has_a_problem_too(case: str) -> None:
    """There above all a person wants to know what may run."""
    text, values = MENTIONED[case]
    manifest = read(text)

    assert len(manifest.problems) >= 1
    assert [mention.value for mention in manifest.mentions] == values


def test_a_file_that_is_too_large_mentions_and_runs_nothing() -> None:
    """It is refused whole, with one sentence."""
    manifest = read(f"{SHOP}---\napiVersion: v1\nkind: ConfigMap\nimage: a:1\n---\nx: {'[' * 200}")

    assert (manifest.images, manifest.mentions, len(manifest.problems)) == ((), (), 1)


@pytest.mark.parametrize("text", ["a: &x 1\nb: &x 2\n", "&x a: &x 1\n"])
def test_an_anchor_that_is_there_twice_is_a_problem(text: str) -> None:
    """YAML 1.1 and 1.2 differ about which of them an alias means."""
    assert ": the anchor x is there twice" in problems(read(text))[0][1]
