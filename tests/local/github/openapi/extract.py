"""Cut the operations that the stand-in offers out of GitHub's official OpenAPI description.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-*.tgz
    python tests/local/github/openapi/extract.py package/generated/api.github.com.json

writes `subset.json` beside this file: for each operation its query, its request schema and its answers, and every
schema that they reach, as JSON Schema (`nullable` becomes a type; examples, prose and formats are dropped).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = "@octokit/openapi 23.0.2, generated/api.github.com.json; MIT License, Copyright (c) 2020 Octokit contributors"
PROSE = {
    "description",
    "example",
    "examples",
    "title",
    "format",
    "deprecated",
    "externalDocs",
    "discriminator",
    "default",
}
OPERATIONS = {
    "actions": ("get-workflow-run",),
    "apps": ("create-installation-access-token",),
    "users": ("get-authenticated",),
    "rate-limit": ("get",),
    "repos": (
        "get",
        "get-commit",
        "list-commits",
        "compare-commits",
        "get-branch",
        "list-branches",
        "get-content",
        "create-commit-status",
        "list-commit-statuses-for-ref",
        "get-combined-status-for-ref",
        "get-branch-rules",
        "list-pull-requests-associated-with-commit",
    ),
    "git": (
        "get-ref",
        "list-matching-refs",
        "create-ref",
        "update-ref",
        "delete-ref",
        "get-commit",
        "create-commit",
        "get-tree",
        "create-tree",
        "get-blob",
        "create-blob",
    ),
    "pulls": (
        "list",
        "create",
        "get",
        "update",
        "merge",
        "list-files",
        "request-reviewers",
    ),
    "issues": (
        "add-labels",
        "add-assignees",
        "create-comment",
        "list-comments",
        "update-comment",
    ),
}
JSON = "application/json"
OVERLAPPING = {"$ref": "#/schemas/repository-rule-violation-error"}


def json_schema(node: Any, *, names_are_data: bool = False) -> Any:
    """Translate one OpenAPI 3.0 schema into JSON Schema, loosening nothing but `format`."""
    if isinstance(node, list):
        return [json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names_are_data:
        return {name: json_schema(schema) for name, schema in node.items()}
    kept = {
        keyword: json_schema(value, names_are_data=keyword == "properties")
        for keyword, value in node.items()
        if keyword not in PROSE and keyword != "nullable" and not keyword.startswith("x-")
    }
    if isinstance(kept.get("$ref"), str):
        kept["$ref"] = f"#/schemas/{kept['$ref'].rpartition('/')[2]}"
    return {"anyOf": [kept, {"type": "null"}]} if node.get("nullable") else kept


def references(node: Any) -> Iterator[str]:
    """Find the names of the schemas that a translated schema points to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def content(description: dict[str, Any], holder: dict[str, Any]) -> Any:
    """Give the schema of a request's or an answer's JSON; null where it has none."""
    if "$ref" in holder:
        *_, kind, name = holder["$ref"].split("/")
        holder = description["components"][kind][name]
    media = holder.get("content", {})
    schema = json_schema(media[JSON].get("schema")) if JSON in media else None
    if isinstance(schema, dict) and OVERLAPPING in schema.get("oneOf", ()):
        # Every plain validation error is one of these as well: read strictly, "one of" would forbid them all.
        return {"anyOf": schema["oneOf"]}
    return schema


def query(description: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the schema of an operation's query: an object whose properties are the parameters."""
    resolved = [
        description["components"]["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for one in parameters
    ]
    own = [one for one in resolved if one["in"] == "query"]
    return {
        "type": "object",
        "properties": {one["name"]: json_schema(one["schema"]) for one in own},
        "required": [one["name"] for one in own if one.get("required")],
        "additionalProperties": False,
    }


def operation(description: dict[str, Any], route: tuple[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """Cut one operation: its verb and path, the schemas of its query and its request, and of its answers by status."""
    verb, path = route
    return {
        "verb": verb.upper(),
        "path": path,
        "query": query(description, found.get("parameters", [])),
        "request": content(description, found.get("requestBody", {})),
        "responses": {status: content(description, answer) for status, answer in found["responses"].items()},
    }


def extract(description: dict[str, Any]) -> dict[str, Any]:
    """Cut all our operations, and what their schemas reach."""
    by_id = {
        found["operationId"]: ((verb, path), found)
        for path, verbs in description["paths"].items()
        for verb, found in verbs.items()
        if isinstance(found, dict) and "operationId" in found
    }
    names = [f"{group}/{name}" for group, names in OPERATIONS.items() for name in names]
    operations = {name: operation(description, *by_id[name]) for name in names}
    schemas: dict[str, Any] = {}
    wanted = {"basic-error", *references(operations)}
    while wanted:
        name = wanted.pop()
        schemas[name] = json_schema(description["components"]["schemas"][name])
        wanted |= set(references(schemas[name])) - schemas.keys()
    return {"source": SOURCE, "operations": operations, "schemas": dict(sorted(schemas.items()))}


def written(subset: dict[str, Any]) -> str:
    """Write one line per operation and per schema, so that two changes of the list can be merged."""
    parts = [f'"source": {json.dumps(subset["source"])}']
    for part in ("operations", "schemas"):
        rows = [
            f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'), sort_keys=True)}"
            for name, row in sorted(subset[part].items())
        ]
        parts.append(f'"{part}": {{\n' + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    subset = extract(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Path(__file__).with_name("subset.json").write_text(written(subset), encoding="utf-8")
