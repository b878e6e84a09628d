"""GitHub's GraphQL, as far as it is used: executed by graphql-core on a subset of GitHub's published schema.

A query that GitHub's schema does not allow is refused as GraphQL does, status 200 with `errors`; a field for which the
caller lacks the permission is null, with an error of type FORBIDDEN beside the rest (docs.github.com/graphql). Of a
former name only a query that follows renames learns more, and none here does; mutations are not offered.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
    validate,
)

from local.github.call import Answer, Call, Operation
from local.github.query_objects import NotAllowed, repository_object

_QUERIES: Final = 256  # that are remembered
SCHEMA: Final = Path(__file__).with_name("schema.graphql")


@cache
def schema() -> GraphQLSchema:
    """Read the subset of GitHub's schema."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"))


def named_repository(payload: Any) -> dict[str, str]:
    """Take the repository out of a query's variables, in the words of a REST path."""
    variables = payload.get("variables") if isinstance(payload, dict) else None
    if not isinstance(variables, dict):
        return {}
    return {"owner": str(variables.get("owner")), "repo": str(variables.get("name"))}


@lru_cache(_QUERIES)
def defects_of(text: str) -> list[GraphQLError]:
    """Hold a query against GitHub's schema; most are asked again and again, and that takes longer than to answer."""
    try:
        return validate(schema(), _read(text))
    except GraphQLError as error:
        return [error]


async def query(call: Call) -> Answer:
    """Answer a query about the repository that its variables name."""
    text = str(call.body.get("query", ""))
    if defects := defects_of(text):
        return _refused(defects)
    root = {"repository": lambda _, **__: repository_object(call)}
    running = execute(schema(), _read(text), root, variable_values=dict(call.mapping("variables") or {}))
    result: ExecutionResult = await running if inspect.isawaitable(running) else running
    errors = {"errors": [_described(error) for error in result.errors]} if result.errors else {}
    return Answer({"data": result.data, **errors})


@lru_cache(_QUERIES)
def _read(text: str) -> DocumentNode:
    return parse(text, no_location=True)


def _refused(errors: list[GraphQLError]) -> Answer:
    return Answer({"errors": [_described(error) for error in errors]})


def _described(error: GraphQLError) -> Mapping[str, Any]:
    kind = {"type": error.original_error.kind} if isinstance(error.original_error, NotAllowed) else {}
    return {**kind, "path": error.path, "message": error.message}


OPERATIONS = (Operation("graphql", "POST", "/graphql", query),)
