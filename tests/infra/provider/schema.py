"""The provider's schema out of provider_arguments.json, in the plugin protocol's form."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from tests.infra.provider.wire import message

ARGUMENTS: Final = Path(__file__).with_name("provider_arguments.json")
_NESTING: Final = {"single": 1, "list": 2, "set": 3, "map": 4}
_SCALARS: Final = frozenset({"string", "number", "bool"})
_PROVIDER: Final = {"attributes": {"project": "optional string", "region": "optional string"}, "blocks": {}}


def arguments() -> dict[str, Any]:
    """Read what each type takes and gives: `{"resource": {"google_pubsub_topic": …}, "data": {…}}`."""
    read: dict[str, Any] = json.loads(ARGUMENTS.read_text())
    return read


def type_of(attribute: str) -> Any:
    """Turn `optional computed list(string)` into Terraform's `["list", "string"]`."""
    written = attribute.rpartition(" ")[2]
    if written in _SCALARS:
        return written
    kind, inner = re.fullmatch(r"(list|set|map)\((.*)\)", written).groups()  # type: ignore[union-attr]
    if not inner.startswith("object("):
        return [kind, inner]
    members = (member.split("=") for member in inner[len("object(") : -1].split(","))
    return [kind, ["object", dict(members)]]


def provider_schema() -> bytes:
    """Answer GetProviderSchema."""
    known = arguments()
    return message(
        {
            1: _schema(_PROVIDER),
            2: [_entry(name, entry) for name, entry in known["resource"].items()],
            3: [_entry(name, entry) for name, entry in known["data"].items()],
        }
    )


def _entry(name: str, entry: dict[str, Any]) -> bytes:
    return message({1: name, 2: _schema(entry)})


def _schema(entry: dict[str, Any]) -> bytes:
    return message({1: 0, 2: _block(entry)})


def _block(entry: dict[str, Any]) -> bytes:
    return message(
        {
            2: [_attribute(name, attribute) for name, attribute in entry["attributes"].items()],
            3: [_nested(name, nested) for name, nested in entry["blocks"].items()],
        }
    )


def _attribute(name: str, attribute: str) -> bytes:
    flags = {4: "required", 5: "optional", 6: "computed"}
    words = attribute.split()
    told = {number: word in words for number, word in flags.items()}
    return message({1: name, 2: json.dumps(type_of(attribute)), **told})


def _nested(name: str, nested: dict[str, Any]) -> bytes:
    return message({1: name, 2: _block(nested), 3: _NESTING[nested["nesting"]], 4: nested["min"], 5: nested["max"]})
