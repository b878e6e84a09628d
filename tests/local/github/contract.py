"""Hold calls of the stand-in, requests and answers alike, against GitHub's official OpenAPI description."""

from __future__ import annotations

import json
import re
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
            schema = described["request"] if part == "request" else described["responses"][part]
        return Draft202012Validator({"schemas": self.subset["schemas"], "allOf": [schema]})


@cache
def pattern(template: str) -> re.Pattern[str]:
    """Turn `/repos/{owner}/{repo}/git/ref/{ref}` into an expression; only the last variables may hold slashes."""
    plain = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    narrow = re.sub(r"\{(owner|repo)\}", "[^/]+", plain)
    return re.compile(re.sub(r"\{\w+\}", ".+", narrow))
