"""docs/iam.md: every right that prodgate gives, as one table. `make iam` writes it anew."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.rights import Right, rights
from tests.infra.terraform import INFRA, ROOT, Terraform

PAGE: Final = ROOT / "docs" / "iam.md"
_HEAD: Final = """\
# Who may do what

Every right that [infra/](../infra/README.md) gives, written by `make iam` out of what Terraform applies with the
variables of [prodgate.tfvars.example](../infra/prodgate.tfvars.example); a test holds this page against it. There is no
other: nobody is `owner` or `editor`, no binding replaces what others gave, and no key of a service account exists.

`Pub/Sub of …` and `Binary Authorization of …` are Google's own identities in a project.
`wake-…` is whom Pub/Sub calls a function as. `deployer` applies infra/, after a person has approved; its rights on
whole projects are wide, for what it makes does not exist before, but of roles on projects it can give only those of
prodgate.
`allUsers` may call receive_push, which believes nobody without a secret or a signature
([0010](adr/0010-one-public-function.md)).

| who | role | on |
| --- | --- | --- |
"""


def page(given: Iterable[Right]) -> str:
    """Render the page: one row for each identity, role and kind of place."""
    rows = groupby(sorted(given), key=attrgetter("who", "role", "kind", "condition"))
    return _HEAD + "".join(_row(who, role, kind, condition, list(same)) for (who, role, kind, condition), same in rows)


def _row(who: str, role: str, kind: str, condition: str, same: list[Right]) -> str:
    places = ", ".join(f"`{right.place}`" for right in same)
    only = f", only {condition}" if condition else ""
    return f"| {who} | `{role.removeprefix('roles/')}` | {kind} {places}{only} |\n"


def main() -> None:
    """Apply to a stand-in, and write what was given."""
    with tempfile.TemporaryDirectory() as folder, Provider() as provider:
        stage(ROOT, Path(folder, "dist"))
        terraform = Terraform(Path(folder), provider, variables=INFRA / "prodgate.tfvars.example")
        terraform.apply()
        PAGE.write_text(page(rights(terraform.resources())))


if __name__ == "__main__":
    main()
