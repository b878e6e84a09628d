"""Manifests that cannot be judged: what kubectl or Argo CD might deploy, and we do not see, is a problem."""

from __future__ import annotations

import time

import pytest

from shared.domain import limits
from shared.domain.errors import Reason
from shared.domain.manifests import read_manifest
from shared.domain.yaml_nodes import BREAK_GLASS
from tests.unit.domain.material import A, pod, problems, read, written
from tests.unit.domain.patience import HOSTILE_S

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\n"
LIST = "apiVersion: v1\nkind: List\n"
POD = "{apiVersion: v1, kind: Pod, spec: {containers: [{image: evil:1}]}}"
HIDDEN_POD = "  apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: evil:1}]}\n"
UNSEEN, MALFORMED = Reason.NOT_UNDERSTOOD, Reason.MALFORMED_MANIFEST

PROBLEMS = {
    "an unknown kind": (
        "apiVersion: x/v1\nkind: Y\n",
        (UNSEEN, "apps/a.yaml line 1: x/v1 Y may run images that cannot be seen here"),
    ),
    "an old version of a known kind": ("apiVersion: extensions/v1beta1\nkind: Deployment\n", (UNSEEN, "may run")),
    "a kind in look-alike letters": (
        f"apiVersion: v1\nkind: C{chr(0x43E)}nfigMap\n",  # a Cyrillic o
        (UNSEEN, "may run images"),
    ),
    "no kind": ("replicas: 2\n", (UNSEEN, "line 1: a document without apiVersion and kind may run")),
    "a kind that is a list": ("apiVersion: v1\nkind: [Pod]\n", (UNSEEN, "without apiVersion and kind")),
    "Helm values": ("image: {repository: nginx, tag: 1}\n", (UNSEEN, "without apiVersion and kind")),
    "a list of objects": (f"- {POD}\n", (UNSEEN, "line 1: this document is no Kubernetes object")),
    "a word": ("nothing\n", (UNSEEN, "this document is no Kubernetes object")),
    "a templated image": (pod("{{ .Values.image }}"), (UNSEEN, "line 6: the image is templated")),
    "a templated image in quotes": (pod("'{{ .x }}:1'"), (UNSEEN, "line 6: the image '{{ .x }}:1' is templated")),
    "a templated file": (
        "{{- if .x }}\n",
        (MALFORMED, "apps/a.yaml line 1: it is templated, and no YAML before it is rendered"),
    ),
    "a substituted image": (pod("${IMAGE}"), (Reason.MALFORMED_IMAGE, "is no image reference")),
    "no image": (pod("").replace("image: ", ""), (MALFORMED, "line 5: a container or volume has no image")),
    "an empty image": (pod('""'), (MALFORMED, "line 5: a container or volume has no image")),
    "an image that is a list": (pod("[nginx:1]"), (MALFORMED, "a container or volume has no image")),
    "a container that is null": (
        "apiVersion: v1\nkind: Pod\nspec: {containers: [null]}\n",
        (MALFORMED, "has no image"),
    ),
    "containers as a mapping": (
        "apiVersion: v1\nkind: Pod\nspec: {containers: {image: evil:1}}\n",
        (MALFORMED, "line 3: containers is no list"),
    ),
    "volumes as a word": ("apiVersion: v1\nkind: Pod\nspec: {volumes: x}\n", (MALFORMED, "volumes is no list")),
    "no template": (
        "apiVersion: apps/v1\nkind: Deployment\nspec: {template: null}\n",
        (MALFORMED, "line 1: it has no spec.template.spec"),
    ),
    "an image volume without reference": (
        "apiVersion: v1\nkind: Pod\nspec: {volumes: [{image: {}}]}\n",
        (MALFORMED, "a container or volume has no reference"),
    ),
    "an image volume of null": (
        "apiVersion: v1\nkind: Pod\nspec: {volumes: [{image: ~}]}\n",
        (MALFORMED, "has no reference"),
    ),
    "a block scalar": (pod("|-\n        nginx:1"), (UNSEEN, "'nginx:1' is folded or escaped")),
    "a folded scalar": (pod(">-\n        nginx:1"), (UNSEEN, "folded or escaped")),
    "a folded scalar without line end": (pod(">-\n        nginx:1")[:-1], (UNSEEN, "folded or escaped")),
    "an escaped letter": (pod('"ngin\\x78:1"'), (UNSEEN, "'nginx:1' is folded or escaped")),
    "an escaped letter behind an anchor": (pod('&nginx "ngin\\x78"'), (UNSEEN, "folded or escaped")),
    "an image in two lines": (pod('"nginx\\\n        :1"'), (UNSEEN, "folded or escaped")),
    "a shared image": (
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: &i nginx:1}, {image: *i}]}\n",
        (UNSEEN, "line 3: an alias shares this image"),
    ),
    "an image that an annotation shares": (
        "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {a: &i nginx:1}}\nspec: {containers: [{image: *i}]}\n",
        (UNSEEN, "line 3: an alias shares this image"),
    ),
    "shared containers": (
        "apiVersion: v1\nkind: Pod\nspec: {containers: &c [{image: nginx:1}], initContainers: *c}\n",
        (UNSEEN, "an alias shares this image"),
    ),
    "a key twice": (pod("nginx:1") + "      image: evil:1\n", (MALFORMED, "line 5: the key 'image' appears twice")),
    "a key twice in two spellings": (pod("nginx:1") + '      "image": evil:1\n', (MALFORMED, "appears twice")),
    "a key twice by alias": ("apiVersion: v1\nkind: Secret\n&k a: 1\n*k : 2\n", (MALFORMED, "the key 'a' appears")),
    "a merge": (
        "apiVersion: v1\nkind: Pod\nx: &x {initContainers: [{image: evil:1}]}\nspec: {<<: *x, containers: []}\n",
        (UNSEEN, "line 4: a YAML merge (<<) is read differently by different tools"),
    ),
    "a merge in quotes": ('apiVersion: v1\nkind: Pod\nspec: {"<<": {}}\n', (UNSEEN, "a YAML merge (<<)")),
    "a key in base64": (
        pod("nginx:1") + "  !!binary aW5pdENvbnRhaW5lcnM=: [{image: evil:1}]\n",  # initContainers
        (UNSEEN, "line 7: the type 'tag:yaml.org,2002:binary' is read differently by others"),
    ),
    "a kind in base64": ("apiVersion: v1\nkind: !!binary UG9k\n", (UNSEEN, "the type")),
    "a key in base64 under a handle of its own": (
        f"%TAG !y! tag:yaml.org,2002:\n---\n{pod('nginx:1')}  !y!binary aW5pdENvbnRhaW5lcnM=: [{{image: evil:1}}]\n",
        (UNSEEN, "line 1: a directive (%TAG) is read differently by others"),
    ),
    "a local type": (pod("!image nginx:1"), (UNSEEN, "the type '!image' is read differently")),
    "a set": ("apiVersion: v1\nkind: Secret\ndata: !!set {a}\n", (UNSEEN, "the type")),
    "items in a ConfigMap": (
        f"{CONFIG_MAP}items: [{POD}]\n",
        (UNSEEN, "line 1: 'v1 ConfigMap' has items, which others read as a list"),
    ),
    "items in a Deployment": ("apiVersion: apps/v1\nkind: Deployment\nitems: []\n", (UNSEEN, "has items")),
    "items in a member of a List": (
        f"{LIST}items: [{{apiVersion: v1, kind: Secret, items: [{POD}]}}]\n",
        (UNSEEN, "has items"),
    ),
    "items as a mapping": (f"{LIST}items: {{a: {POD}}}\n", (MALFORMED, "line 3: items is no list")),
    "an item that is no object": (f"{LIST}items: [null]\n", (UNSEEN, "this item is no Kubernetes object")),
    "an item of unknown kind": (f"{LIST}items: [{{apiVersion: x/v1, kind: Y}}]\n", (UNSEEN, "x/v1 Y may run")),
    "a List of an unknown kind": ("apiVersion: x/v1\nkind: YList\nitems: []\n", (UNSEEN, "has items")),
    "a List of an unknown kind without items": ("apiVersion: x/v1\nkind: YList\n", (UNSEEN, "may run images")),
    "an unknown kind in a PodList": (
        "apiVersion: v1\nkind: PodList\nitems: [{apiVersion: x/v1, kind: Y}]\n",
        (UNSEEN, "x/v1 Y may run"),
    ),
    "a kind without apiVersion in a PodList": (
        "apiVersion: v1\nkind: PodList\nitems: [{kind: Pod}]\n",
        (UNSEEN, "may"),
    ),
    "a List that holds itself": (
        f"&a\n{LIST}items: [*a]\n",
        (MALFORMED, "line 4: the alias a stands for what it is in"),
    ),
    "an object twice by alias": (f"{LIST}items: [&p {POD}, *p]\n", (UNSEEN, "an alias repeats this object")),
    "a document behind a false marker": (
        f"{CONFIG_MAP}---x:\n{HIDDEN_POD}",
        (UNSEEN, "apps/a.yaml line 3: it begins with --- and goes on, where other readers begin a document"),
    ),
    "a document behind a commented marker": (f"{CONFIG_MAP}---#x:\n{HIDDEN_POD}", (UNSEEN, "line 3: it begins with")),
    "a document behind four hyphens": (f"----x: 1\n{CONFIG_MAP}", (UNSEEN, "line 1: it begins with ---")),
    "two JSON objects": (f'{{"apiVersion": "v1", "kind": "Secret"}}\n{POD}\n', (MALFORMED, "it is not YAML")),
    "a tab as indent": ("apiVersion: v1\n\tkind: Pod\n", (MALFORMED, "line 2: it is not YAML")),
    "a control character": ("apiVersion: v1\nkind: Pod\x07\n", (MALFORMED, "line 2: it is not YAML")),
    "an unknown alias": ("apiVersion: *x\n", (MALFORMED, "line 1: the alias x stands for nothing")),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_others_may_read_otherwise_is_a_problem(case: str) -> None:
    """Whatever is deployed and not seen here would run in prod without ever having been tested."""
    text, (reason, sentence) = PROBLEMS[case]

    found = problems(read(text))

    assert found
    assert (found[0][0], sentence in found[0][1]) == (reason, True), found


@pytest.mark.parametrize("label", sorted(BREAK_GLASS))
@pytest.mark.parametrize(
    "place",
    [
        "metadata: {labels: {LABEL: 'true'}}",
        "metadata: {annotations: {LABEL: 'false'}}",
        "spec: {template: {metadata: {labels: {? LABEL : ''}}}}",
        "anything: [{&a LABEL: yes}]",
        "data: {x: {'LABEL': 1}}",
    ],
)
def test_the_break_glass_label_is_refused_wherever_it_stands(place: str, label: str) -> None:
    """On a pod it switches admission off, whatever is attested."""
    found = problems(read(f"{CONFIG_MAP}{place.replace('LABEL', label)}\n"))

    why = "the break-glass label would admit any image; it is never released"
    assert found == [(Reason.BREAK_GLASS, f"apps/a.yaml line 3: {why}")]


def test_the_break_glass_label_is_refused_in_an_exempt_kind_too() -> None:
    """Exempting a kind says that its images are known, not that admission may be switched off."""
    text = "apiVersion: x/v1\nkind: Y\nspec: {image-policy.k8s.io/break-glass: 'true'}\n"

    assert problems(read(text, exempt=frozenset({"x/v1 Y"})))[0][0] is Reason.BREAK_GLASS


def test_bytes_that_are_not_utf_8_are_a_problem() -> None:
    """Others guess UTF-16 from its mark; we would see other characters than they."""
    for data in (pod("a:1").encode("utf-16"), b"\xff\xfe", b"a: \xe9"):
        manifest = read_manifest("x.yaml", data)

        assert problems(manifest) == [(MALFORMED, "x.yaml: it is not UTF-8")]
        assert manifest.text == ""


AROUND = {
    "no YAML": "{",
    "an open quote": "x: 'y",
    "a template": "{{- if .x }}\nkind: Pod",
    "a templated value": "kind: {{ .x }}\ny: {{ .z }}",
    "an unknown alias": "x: *y",
    "an anchor twice": "x: &a 1\ny: &a 2",
    "a list by alias that is open": "x: &a [*a]",
    "an unknown directive's handle": "x: !e!y 1",
    "other line ends": "x: '\u2028'\ny: \u0085\n: [",
}


@pytest.mark.parametrize("case", AROUND)
def test_what_stands_around_the_unreadable_is_seen_all_the_same(case: str) -> None:
    """Pinning edits around a problem, in the right place; the release refuses the file whole."""
    text = f"{pod('a:1')}---\n{AROUND[case]}\n---\n{pod('b:1')}--- # named\n{AROUND[case]}\n---\n{pod('c:1')}"
    manifest = read(text)

    assert written(manifest) == ["a:1", "b:1", "c:1"]
    assert [manifest.text[field.start : field.end] for field in manifest.images] == ["a:1", "b:1", "c:1"]
    lines = text.replace("\u2028", "\n").replace("\u0085", "\n").split("\n")
    assert [lines[field.line - 1].split()[-1] for field in manifest.images] == ["a:1", "b:1", "c:1"]
    assert len(manifest.problems) == 2
    assert all(" line " in problem.detail.partition(": ")[0] for problem in manifest.problems)


def test_what_stands_behind_a_character_that_is_not_allowed_is_not_seen() -> None:
    """The parser meets it wherever it has read ahead, so nobody can tell which document it is in."""
    manifest = read(f"{pod('a:1')}---\nx: \x07\n---\n{pod('b:1')}")

    assert "b:1" not in written(manifest)
    assert problems(manifest)[-1][1].startswith("apps/a.yaml line 8: it is not YAML")


def test_a_file_full_of_unreadable_documents_is_judged_by_nobody() -> None:
    """Each has the parser begin anew, which costs the time of the whole file."""
    few, many = ("---\n{\n" * count for count in (limits.MANIFEST_BROKEN_DOCUMENTS, 400_000))

    assert len(problems(read(few))) == limits.MANIFEST_BROKEN_DOCUMENTS
    began = time.process_time()
    assert [sentence for _, sentence in problems(read(many))] == [
        "apps/a.yaml: it is too large to be judged: at most 20 documents that are no YAML"
    ]
    assert time.process_time() - began < HOSTILE_S


def test_problems_of_several_documents_are_told_together() -> None:
    """A person mends a file once, not once per problem."""
    assert len(problems(read(f"a: 1\n---\n{pod('a b')}---\n{pod('!x a:1')}"))) == 3


def test_of_several_problems_of_a_document_the_first_is_told() -> None:
    """The others may be consequences of it."""
    assert problems(read("a: !x 1\nb: !y 2\n")) == [
        (UNSEEN, "apps/a.yaml line 1: the type '!x' is read differently by others"),
    ]


def test_a_file_of_the_greatest_size_is_read_and_one_byte_more_is_not() -> None:
    """The bound is on bytes, before anything is parsed."""
    text = pod("a:1")
    full = text + "#" * (limits.MANIFEST_BYTES - len(text))

    assert written(read(full)) == ["a:1"]
    assert problems(read(f"{full}#")) == [
        (MALFORMED, "apps/a.yaml: it has 4,194,305 bytes, too many to be judged"),
    ]


def test_a_hundred_levels_are_read_and_one_more_is_not() -> None:
    """Composing recurses in C, where too deep is no exception but the end of the process."""
    deep, deeper = (f"{CONFIG_MAP}x: {'[' * n}{']' * n}\n" for n in (99, 100))

    assert problems(read(deep)) == []
    assert problems(read(deeper)) == [
        (MALFORMED, "apps/a.yaml: it is too large to be judged: at most 300,000 YAML events in 100 levels"),
    ]


def test_so_many_events_are_read_and_one_more_is_not() -> None:
    """The bound holds between documents, too; the last event is the end of the text."""
    empty = "---\n" * (limits.MANIFEST_EVENTS // 3 - 2)  # three events each

    assert problems(read(f"[]\n{empty}")) == [(UNSEEN, "apps/a.yaml line 1: this document is no Kubernetes object")]
    assert problems(read(f"[1]\n{empty}")) == [
        (MALFORMED, "apps/a.yaml: it is too large to be judged: at most 300,000 YAML events in 100 levels"),
    ]


BOMBS = {
    "brackets": "[" * limits.MANIFEST_BYTES,
    "braces": "{a: " * (limits.MANIFEST_BYTES // 4),
    "hyphens": "- " * (limits.MANIFEST_BYTES // 2),
    "questions": "? " * (limits.MANIFEST_BYTES // 2),
    "scalars": f"[{'1,' * (limits.MANIFEST_BYTES // 2 - 1)}]",
    "documents": "---\n" * (limits.MANIFEST_BYTES // 4),
    "anchors": "".join(f"- &a{i} x\n" for i in range(300_000)),
    "keys of which the last is there twice": "{" + ",".join(f"k{i}: " for i in range(90_000)) + ",z: ,z: }",
    "laughs": f"{LIST}items:\n- &a0 {POD}\n"
    + "".join(
        f"- &a{i} {{apiVersion: v1, kind: List, items: [{','.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 20)
    ),
    "an open quote": 'a: "' + "x\n " * (limits.MANIFEST_BYTES // 4),
    "hyphens in a line": "-" * limits.MANIFEST_BYTES,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_the_largest_hostile_file_is_refused_in_a_few_seconds(bomb: str) -> None:
    """Whoever can commit to dev must not be able to stop the functions, by stack, memory or time."""
    began = time.process_time()

    assert problems(read(BOMBS[bomb]))
    assert time.process_time() - began < HOSTILE_S


def test_an_image_that_reads_as_a_number_is_its_text() -> None:
    """Kubernetes refuses the number, so nothing runs; here it is an image by tag, which no release may hold."""
    assert written(read(pod("1.10"))) == ["1.10"]
    assert written(read(pod(f"nginx@{A}"))) == [f"nginx@{A}"]
