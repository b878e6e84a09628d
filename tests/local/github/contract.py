"""Hold calls of the stand-in, requests and answers alike, against GitHub's official OpenAPI description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SUBSET = Path(__file__).parent / "openapi" / "subset.json"
# PyGithub still reads statuses at the address of the API's first years, which the description has dropped.
OLD_ADDRESS = re.compile(r"/repos/[^/]+/[^/]+/statuses/.+")
OLD_OPERATION = "repos/list-commit-statuses-for-ref"


class Contract:
    """The description, and which of its operations have been answered with success so far."""

    def __init__(self) -> None:
        self.subset: dict[str, Any] = json.loads(SUBSET.read_text(encoding="utf-8"))
        self.driven: set[str] = set()
        self._validator = cache(self._make_validator)

    def check_sent(self, verb: str, path: str, *, query: Mapping[str, str], request: Any) -> None:
        """Validate what was sent, whatever was answered; raises jsonschema's ValidationError."""
        name = self.operation(verb, path)
        if not name:
            return
        self._validator(name, "query").validate(self._typed(name, query))
        if self.subset["operations"][name]["request"] is not None:
            self._validator(name, "request").validate(request if request is not None else {})

    def _typed(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Read numbers and flags out of a query, which is all text, where the description says that they are such."""
        types = {
            key: schema.get("type") for key, schema in self.subset["operations"][name]["query"]["properties"].items()
        }
        return {key: _read(value, types.get(key)) for key, value in query.items()}

    def constrained(self, *keywords: str) -> frozenset[str]:
        """Name the properties whose values some schema constrains by one of these keywords, and not only by a type."""
        return frozenset(_constrained([self.subset["operations"], self.subset["schemas"]], "", frozenset(keywords)))

    def check(self, verb: str, path: str, *, request: Any, status: int, answer: Any) -> None:
        """Validate one call; raises jsonschema's ValidationError."""
        name = self.operation(verb, path)
        if not name:
            assert status == 404, f"{verb} {path} is no operation of the description"
            self._validator("", "").validate(answer)
            return
        described = self.subset["operations"][name]
        if described["request"] is not None and status < 300:
            self._validator(name, "request").validate(request if request is not None else {})
        if described["responses"].get(str(status)) is not None:
            self._validator(name, str(status)).validate(answer)
        elif status >= 400:
            self._validator("", "").validate(answer)
        else:
            assert str(status) in described["responses"]
            assert answer is None
        if status < 300:
            self.driven.add(name)

    def operation(self, verb: str, path: str) -> str:
        """Find the operation of a call: of all that fit, the one whose address says most; empty when none does."""
        if verb == "GET" and OLD_ADDRESS.fullmatch(path):
            return OLD_OPERATION
        fitting = [
            (len(re.sub(r"\{\w+\}", "", described["path"])), name)
            for name, described in self.subset["operations"].items()
            if described["verb"] == verb and pattern(described["path"]).fullmatch(path)
        ]
        return max(fitting, default=(0, ""))[1]

    def _make_validator(self, name: str, part: str) -> Draft202012Validator:
        schema: Any = {"$ref": "#/schemas/basic-error"}
        if name:
            described = self.subset["operations"][name]
            schema = described[part] if part in ("query", "request") else described["responses"][part]
        return Draft202012Validator({"schemas": self.subset["schemas"], "allOf": [schema]})


def _read(value: str, kind: Any) -> Any:
    if kind == "integer" and value.lstrip("-").isdecimal():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value


def _constrained(node: Any, name: str, keywords: frozenset[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _constrained(item, name, keywords)
    elif isinstance(node, dict):
        if name and keywords & node.keys():
            yield name
        for key, value in node.items():
            if key == "properties":
                for one, schema in value.items():
                    yield from _constrained(schema, one, keywords)
            else:
                yield from _constrained(value, name, keywords)


@cache
def pattern(template: str) -> re.Pattern[str]:
    """Turn `/repos/{owner}/{repo}/git/ref/{ref}` into an expression; only the last variables may hold slashes."""
    plain = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    narrow = re.sub(r"\{(owner|repo)\}", "[^/]+", plain)
    return re.compile(re.sub(r"\{\w+\}", ".+", narrow))
