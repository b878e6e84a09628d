"""GitHub's GraphQL, as far as it is used: executed by graphql-core on a subset of GitHub's published schema.

A query that GitHub's schema does not allow is refused as GraphQL does, status 200 with `errors`; a field for which the
caller lacks the permission is null, with an error of type FORBIDDEN beside the rest (docs.github.com/graphql). Of a
former name only a query that follows renames learns more, and none here does. The mutations are
`updateRefs` and `createPullRequest`, made one after the other, and each whatever became of those before it.
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
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute,
    get_variable_values,
    parse,
    validate,
)

from local.github.call import Answer, Call, Operation
from local.github.pull_openings import create_pull_request
from local.github.query_objects import NotAllowed, repository_object
from local.github.ref_updates import update_refs

_QUERIES: Final = 256  # that are remembered
SCHEMA: Final = Path(__file__).with_name("schema.graphql")


@cache
def schema() -> GraphQLSchema:
    """Read the subset of GitHub's schema."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"))


def named_repository(payload: Any) -> dict[str, str]:
    """Take the repository out of a query's variables, in the words of a REST path; a mutation names it by its id."""
    variables = payload.get("variables") if isinstance(payload, dict) else None
    if not isinstance(variables, dict) or mutations_of(payload):
        return {}
    return {"owner": str(variables.get("owner")), "repo": str(variables.get("name"))}


def mutations_of(payload: Any) -> list[str]:
    """Name the mutations that are asked for; none where it is a query, or cannot be read."""
    try:
        document = _read(str(payload["query"]))
    except (GraphQLError, KeyError, TypeError):
        return []
    return [
        selected.name.value
        for one in _operations(document)
        if one.operation is OperationType.MUTATION
        for selected in one.selection_set.selections
        if isinstance(selected, FieldNode)
    ]


def defects_of(text: str, variables: Mapping[str, Any] | None = None) -> list[GraphQLError]:
    """Hold a request, and where they are given its variables, against GitHub's schema."""
    defects = _written_wrong(text)
    if defects or variables is None:
        return defects
    return [defect for one in _operations(_read(text)) for defect in _unfit(one, variables)]


async def query(call: Call) -> Answer:
    """Answer a query about the repository that its variables name, or make a mutation."""
    text = str(call.body.get("query", ""))
    if defects := defects_of(text):
        return _refused(defects)
    root = {
        "repository": lambda _, **__: repository_object(call),
        "updateRefs": lambda _, **asked: update_refs(call, asked["input"]),
        "createPullRequest": lambda _, **asked: create_pull_request(call, asked["input"]),
    }
    running = execute(schema(), _read(text), root, variable_values=dict(call.mapping("variables") or {}))
    result: ExecutionResult = await running if inspect.isawaitable(running) else running
    errors = {"errors": [_described(error) for error in result.errors]} if result.errors else {}
    return Answer({"data": result.data, **errors})


@lru_cache(_QUERIES)
def _written_wrong(text: str) -> list[GraphQLError]:
    """Hold a text against the schema; most are asked again and again, and that takes longer than to answer."""
    try:
        return validate(schema(), _read(text))
    except GraphQLError as error:
        return [error]


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]


def _unfit(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> list[GraphQLError]:
    """Say which variables are not of the type that the operation declares."""
    found = get_variable_values(schema(), operation.variable_definitions or (), dict(variables))
    return found if isinstance(found, list) else []


@lru_cache(_QUERIES)
def _read(text: str) -> DocumentNode:
    return parse(text, no_location=True)


def _refused(errors: list[GraphQLError]) -> Answer:
    return Answer({"errors": [_described(error) for error in errors]})


def _described(error: GraphQLError) -> Mapping[str, Any]:
    kind = {"type": error.original_error.kind} if isinstance(error.original_error, NotAllowed) else {}
    return {**kind, "path": error.path, "message": error.message}


OPERATIONS = (Operation("graphql", "POST", "/graphql", query),)
