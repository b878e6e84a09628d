"""Manifests: every place where Kubernetes takes an image from, and where each one stands in the text."""

from __future__ import annotations

import pytest

from shared.domain.following import TagComment
from shared.domain.kinds import POD_SPECS, Kind
from shared.domain.manifests import read_manifest
from tests.unit.domain.material import NAME, A, pod, problems, read, written

SPEC = "{containers: [{image: a:1}], initContainers: [{image: b:1}], ephemeralContainers: [{image: c:1}]}"


def workload(kind: Kind) -> str:
    """A workload of this kind, its pod spec where Kubernetes has it."""
    text = SPEC
    for key in reversed(POD_SPECS[kind]):
        text = f"{{{key}: {text}}}"
    return f"apiVersion: {kind.api_version}\nkind: {kind.name}\n{text[1:-1]}\n"


@pytest.mark.parametrize("kind", POD_SPECS, ids=str)
def test_every_container_of_every_workload_kind_is_seen(kind: Kind) -> None:
    """An init container runs an image as any other does, and admission asks about it."""
    manifest = read(workload(kind))

    assert written(manifest) == ["a:1", "b:1", "c:1"]
    assert problems(manifest) == []


def test_an_image_volume_is_seen() -> None:
    """Kubernetes mounts the content of an image as a volume, which a container may execute."""
    text = pod("a:1") + "  volumes:\n    - {name: x, emptyDir: {}}\n    - {name: y, image: {reference: b:1}}\n"

    assert written(read(text)) == ["a:1", "b:1"]


def test_the_objects_of_a_list_are_seen_at_any_depth() -> None:
    """`kubectl get -o yaml` writes Lists, and a List may hold another."""
    inner = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, spec: {containers: [{image: a:1}]}}]}"

    assert written(read(f"apiVersion: v1\nkind: List\nitems: [{inner}]\n")) == ["a:1"]


def test_a_typed_list_is_seen_whether_its_items_say_their_kind_or_not() -> None:
    """`kubectl get pods -o yaml` of some versions, and every API answer: kubectl takes the kind from the list."""
    spec = "spec: {containers: [{image: IMAGE}]}"
    items = f"[{{{spec}}}, {{apiVersion: v1, kind: Pod, {spec}}}]".replace("IMAGE", "a:1", 1).replace("IMAGE", "b:1")

    manifest = read(f"apiVersion: v1\nkind: PodList\nitems: {items}\n---\nkind: SecretList\napiVersion: v1\n")

    assert written(manifest) == ["a:1", "b:1"]
    assert problems(manifest) == []


def test_every_document_of_a_file_is_seen() -> None:
    """One file holds many objects, empty documents and comments between them."""
    manifest = read(f"# head\n---\n{pod('a:1')}---\n---\n# only this\n--- # named\n{pod('b:1')}...\n")

    assert written(manifest) == ["a:1", "b:1"]
    assert problems(manifest) == []


def test_hundreds_of_documents_are_told_apart() -> None:
    """An image in a later document was once taken for an alias, because a node that is gone had its id."""
    manifest = read("---\n".join(pod(f"a:{i}") for i in range(300)))

    assert len(manifest.images) == 300
    assert problems(manifest) == []


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n---\n", "\ufeff"])
def test_a_file_of_nothing_runs_nothing(text: str) -> None:
    """Nothing stands in it that anybody could deploy."""
    manifest = read(text)

    assert (manifest.images, manifest.problems) == ((), ())


STYLES = {
    "plain": ("nginx:1", "nginx:1"),
    "single quotes": ("'nginx:1'", "nginx:1"),
    "double quotes": ('"nginx:1"', "nginx:1"),
    "an anchor": ("&web nginx:1", "nginx:1"),
    "an anchor that reads as the image": ("&nginx 'nginx'", "nginx"),
    "a string by type": ("!!str nginx:1", "nginx:1"),
    "a comment": ("nginx:1   # why", "nginx:1"),
}


@pytest.mark.parametrize("style", STYLES)
def test_an_image_stands_exactly_where_the_field_says(style: str) -> None:
    """Pinning replaces these characters and no others."""
    source, value = STYLES[style]
    text = pod(source)

    (field,) = read(text).images

    assert (field.start, field.end) == (text.rindex(value), text.rindex(value) + len(value))
    assert text[field.start : field.end] == value
    assert (field.line, field.place) == (6, "apps/a.yaml line 6")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_shift_nothing(start: str, end: str) -> None:
    """Positions are in characters after the mark; libyaml counts it, and would be off by one."""
    manifest = read(start + f"# ünïcödé 🚀\n{pod('nginx:1')}".replace("\n", end))

    (field,) = manifest.images
    assert manifest.bom == start
    assert manifest.text[field.start : field.end] == "nginx:1"
    assert field.line == 7


JSON_POD = '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "nginx:1"}]}}'
EQUAL_SPELLINGS = {
    "JSON": JSON_POD,
    "JSON with escapes in keys": JSON_POD.replace('"image"', '"im\\u0061ge"'),
    "quoted keys": pod("nginx:1").replace("image", "'image'").replace("containers", '"containers"'),
    "explicit keys": pod("nginx:1").replace("image:", "? image\n      :"),
    "a key in a block": pod("nginx:1").replace("image:", "? |-\n        image\n      :"),
    "a key by alias": pod("nginx:1").replace("name: app", "&k name: &v image").replace("image: nginx", "*v : nginx"),
    "a kind by type": pod("nginx:1").replace("kind: ", "kind: !!str "),
    "containers by alias": "apiVersion: v1\nkind: Pod\nx: &c [{image: nginx:1}]\nspec: {containers: *c}\n",
    "a spec by alias": "apiVersion: v1\nkind: Pod\nx: &s {containers: [{image: nginx:1}]}\nspec: *s\n",
    "a YAML directive": f"%YAML 1.1\n---\n{pod('nginx:1')}",
    "null beside it": pod("nginx:1") + "  initContainers: null\n  volumes: ~\n  ephemeralContainers:\n",
}


@pytest.mark.parametrize("spelling", EQUAL_SPELLINGS)
def test_an_image_is_seen_however_its_keys_are_spelled(spelling: str) -> None:
    """Kubectl and Argo CD read all of these as the same pod, so hiding behind syntax must not work."""
    manifest = read(EQUAL_SPELLINGS[spelling])

    assert written(manifest) == ["nginx:1"]
    assert problems(manifest) == []


FOLLOWING = [
    ("nginx:1", "1"),
    (f"nginx:1@{A}", "1"),
    (f"nginx@{A} # tag: 1", "1"),
    (f"nginx@{A}\t# tag: 1 moves on", "1"),
    (f"'nginx@{A}' # tag: 1", "1"),
    (f'"nginx@{A}"   # tag: 1', "1"),
    (f"nginx:2@{A} # tag: 1", "2"),
    (f"nginx@{A}", None),
    (f"nginx@{A} # tag 1", None),
    (f"nginx@{A} # tag: -1", None),
    (f"nginx@{A} # tag: {'1' * 129}", None),
    (f"nginx@{A} # tag: 1,2", None),
    (f"nginx@{A} # why # tag: 1", None),
    ("nginx", None),
]


@pytest.mark.parametrize(("source", "tag"), FOLLOWING)
def test_a_line_follows_its_tag_or_the_one_in_its_comment(source: str, tag: str | None) -> None:
    """A pinned line must still say which tag moves it, and nothing else may be taken for that."""
    (field,) = read(pod(source)).images

    assert field.follows == tag


def test_the_comment_is_read_at_the_end_of_a_file_too() -> None:
    """A file need not end with a line end."""
    text = f"nginx@{A} # tag: 1"

    assert TagComment.read(text, len(text) - 9).tag == "1"


def test_the_images_come_in_the_order_of_the_text() -> None:
    """Init containers may stand before containers, and pinning goes from front to back."""
    spec = "spec: {initContainers: [{image: first:1}], containers: [{image: second:1}]}\n"

    assert written(read(f"apiVersion: v1\nkind: Pod\n{spec}")) == ["first:1", "second:1"]


def test_an_exempt_kind_is_read_over() -> None:
    """What people outside of dev decided to trust is not judged, by exact apiVersion and kind."""
    application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {}\n"

    assert problems(read(application, exempt=frozenset({"argoproj.io/v1alpha1 Application"}))) == []
    assert problems(read(application, exempt=frozenset({"argoproj.io/v1 Application"}))) != []


def test_a_manifest_keeps_its_path_and_text() -> None:
    """What is not pinned must be written back as it was."""
    manifest = read_manifest("apps/x.yml", pod(NAME).encode())

    assert (manifest.path, manifest.bom, manifest.text) == ("apps/x.yml", "", pod(NAME))


def test_an_image_without_tag_and_digest_is_seen_too() -> None:
    """It means latest, and the release refuses it by name."""
    (field,) = read(pod("nginx")).images

    assert (field.reference.tag, field.reference.digest) == (None, None)
