"""The Terraform files as they are written, parsed without Terraform: argument names, kinds of bindings, wide roles.

What references and values come to is for test_terraform.py and its kin, which need Terraform itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest

from tests.infra.provider.schema import arguments
from tests.infra.terraform import INFRA

FILES: Final = sorted(path for path in INFRA.rglob("*.tf") if ".terraform" not in path.parts)
# https://developer.hashicorp.com/terraform/language/meta-arguments
_META: Final = frozenset({"count", "depends_on", "for_each", "lifecycle", "provider"})
_ROLE: Final = re.compile(r'"(roles/[\w.]+)"')
_WIDE: Final = re.compile(r"roles/(owner|editor|viewer|.*[aA]dmin)")
_EDITS: Final = re.compile(r"roles/.*[eE]ditor")
# Who applies everything: its own roles are the named exception, and docs/iam.md shows them.
_DEPLOYER: Final = INFRA / "modules/deployer/main.tf"
_ATTESTER: Final = {"roles/containeranalysis.occurrences.editor"}  # the API has nothing smaller that writes one


@dataclass(frozen=True, slots=True)
class Block:
    """A resource or data source: where it stands, its type, and what is written in it."""

    path: Path
    kind: str
    type: str
    body: Mapping[str, Any]


@cache
def parsed(text: str) -> dict[str, Any]:
    """Parse a file, without comments and the parser's own marks."""
    plain: dict[str, Any] = _plain(hcl2.loads(text))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.strip('"'): _plain(item) for key, item in value.items() if not key.startswith("__")}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def blocks(path: Path, text: str) -> Iterator[Block]:
    """Find every resource and data source of Google's in a file."""
    document = parsed(text)
    for kind in ("resource", "data"):
        for labelled in document.get(kind, []):
            for name, named in labelled.items():
                if name.startswith("google_"):
                    yield from (Block(path, kind, name, body) for body in named.values())


def unknown(entry: Mapping[str, Any], body: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Name each argument and block that the provider does not document, or that only it may set."""
    for name, value in body.items():
        if name == "dynamic":
            for dynamic in value:
                for inner, generated in dynamic.items():
                    content = generated["content"]
                    yield from unknown(entry, {inner: content if isinstance(content, list) else [content]}, where)
        elif name in entry["blocks"]:
            for item in value:
                yield from unknown(entry["blocks"][name], item, f"{where}{name}.")
        elif "optional" not in (words := entry["attributes"].get(name, "").split()) and "required" not in words:
            yield f"{where}{name}"


def missing(entry: Mapping[str, Any], body: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Name each argument that must be there and is not."""
    yield from (f"{where}{name}" for name, how in entry["attributes"].items() if "required" in how and name not in body)
    for name, nested in entry["blocks"].items():
        for item in body.get(name, []):
            yield from missing(nested, item, f"{where}{name}.")


def _all() -> list[Block]:
    return [block for path in FILES for block in blocks(path, path.read_text())]


def _own(block: Block) -> dict[str, Any]:
    return {name: value for name, value in block.body.items() if name not in _META}


def _entry(block: Block) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = arguments()[block.kind][block.type]
    return entry


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(INFRA)))
def test_every_argument_is_one_that_the_provider_documents(path: Path) -> None:
    """By name, in nested blocks and generated ones too; and none that it demands is left out."""
    for block in blocks(path, path.read_text()):
        assert list(unknown(_entry(block), _own(block))) == [], block.type
        assert list(missing(_entry(block), _own(block))) == [], block.type


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('name = "a"\nretention = "1s"', ["retention"]),
        ('name = "a"\nid = "computed"', ["id"]),
        ('name = "a"\nschema_settings {\n  schema = "s"\n  shape = "x"\n}', ["schema_settings.shape"]),
        ('name = "a"\ndynamic "schema_settings" {\n  for_each = []\n  content {\n    shape = "x"\n  }\n}',
         ["schema_settings.shape"]),
    ],
)  # fmt: skip
def test_a_name_that_is_not_documented_is_found(written: str, found: list[str]) -> None:
    """So the test above can fail."""
    [block] = blocks(INFRA / "main.tf", f'resource "google_pubsub_topic" "this" {{\n{written}\n}}\n')

    assert list(unknown(_entry(block), _own(block))) == found


def test_a_required_argument_that_is_left_out_is_found() -> None:
    """In a nested block too."""
    [block] = blocks(INFRA / "main.tf", 'resource "google_pubsub_topic" "this" {\n  schema_settings {\n  }\n}\n')

    assert list(missing(_entry(block), _own(block))) == ["name", "schema_settings.schema"]


def test_no_binding_replaces_what_others_gave() -> None:
    """`_iam_binding` and `_iam_policy` take away whoever else holds the role, Google's own identities among them."""
    types = {block.type for block in _all()}

    assert any(kind.endswith("_iam_member") for kind in types)
    assert {kind for kind in types if kind.endswith(("_iam_binding", "_iam_policy"))} == set()


def test_no_role_is_wide_but_the_deployer_s() -> None:
    """Neither owner, editor or viewer of a project, nor any that administers, wherever it is written."""
    roles = {(path, role) for path in FILES for role in _ROLE.findall(path.read_text())}

    assert len(roles) > 20
    assert {(path.name, role) for path, role in roles if path != _DEPLOYER and _WIDE.fullmatch(role)} == set()
    assert {role for path, role in roles if path != _DEPLOYER and _EDITS.fullmatch(role)} == _ATTESTER
    assert {role for _, role in roles} & {"roles/owner", "roles/editor", "roles/viewer"} == set()


def test_everybody_may_call_one_function_and_nothing_else() -> None:
    """receive_push, where it is public; nothing is open to whoever has any Google account."""
    members = [block for block in _all() if re.search(r"all(Authenticated)?Users", str(block.body.get("member", "")))]

    assert [(block.type, block.body["member"].strip('"')) for block in members] == [
        ("google_cloud_run_v2_service_iam_member", "allUsers")
    ]
    assert members[0].body["count"] == "${var.public ? 1 : 0}"
    assert sum(path.read_text().count("allUsers") for path in FILES) == 1
    assert not any("allAuthenticatedUsers" in path.read_text() for path in FILES)
