"""Cut the types and fields that are used out of GitHub's published GraphQL schema.

    npm pack @octokit/graphql-schema@15.26.1 && tar xzf octokit-graphql-schema-*.tgz
    python -m tests.local.github.graphql.extract package/schema.graphql

writes `local/github/schema.graphql`. Nothing is loosened: a field keeps its type and all of its arguments, and what
these reach is kept whole, so that every query that is valid here is valid there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

SOURCE: Final = "@octokit/graphql-schema 15.26.1, schema.graphql; MIT License, Copyright (c) GitHub 2025"
OUT: Final = Path(__file__).parents[4] / "local" / "github" / "schema.graphql"
KEPT: Final[Mapping[str, str]] = {
    "Query": "repository",
    "Mutation": "updateRefs createPullRequest",
    "UpdateRefsPayload": "clientMutationId",
    "CreatePullRequestPayload": "clientMutationId pullRequest",
    "Repository": (
        "id nameWithOwner object ref pullRequests mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed "
        "deleteBranchOnMerge"
    ),
    "Ref": "name target rules",
    "GitObject": "oid",
    "Blob": "oid text isTruncated isBinary byteSize",
    "Tree": "oid",
    "Tag": "oid name target",
    "Commit": "oid message tree parents committedDate history status",
    "CommitConnection": "nodes totalCount",
    "CommitHistoryConnection": "nodes totalCount",
    "Status": "contexts context state",
    "StatusContext": "context state description targetUrl createdAt creator",
    "Actor": "login",
    "Bot": "login",
    "User": "login",
    "UserConnection": "nodes",
    "Team": "slug",
    "RequestedReviewer": "",
    "ReviewRequest": "requestedReviewer",
    "ReviewRequestConnection": "nodes",
    "Label": "name",
    "LabelConnection": "nodes",
    "PullRequest": (
        "number title body author headRefName headRefOid headRepository isCrossRepository baseRefName baseRefOid url "
        "labels reviewRequests assignees state isDraft createdAt updatedAt mergedAt mergeCommit commits"
    ),
    "PullRequestConnection": "nodes totalCount pageInfo",
    "PageInfo": "hasNextPage endCursor",
    "PullRequestCommit": "commit",
    "PullRequestCommitConnection": "nodes totalCount",
    "RepositoryRule": "type parameters",
    "RepositoryRuleConnection": "nodes totalCount",
    "RuleParameters": "",
    "RequiredStatusChecksParameters": "requiredStatusChecks strictRequiredStatusChecksPolicy doNotEnforceOnCreate",
    "StatusCheckConfiguration": "context integrationId",
    "PullRequestParameters": (
        "allowedMergeMethods dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval "
        "requiredApprovingReviewCount requiredReviewThreadResolution"
    ),
}
WHOLE: Final = (EnumTypeDefinitionNode, InputObjectTypeDefinitionNode, ScalarTypeDefinitionNode)


class References(Visitor):
    """Collects the names of the types that a definition points to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
        """Note one."""
        self.found.add(node.name.value)


def references(definition: TypeDefinitionNode) -> set[str]:
    """Name the types that a definition points to."""
    visitor = References()
    visit(definition, visitor)
    return visitor.found


def narrowed(definition: TypeDefinitionNode, fields: set[str]) -> TypeDefinitionNode:
    """Keep the named fields of a type, its interfaces and its members, as far as they are kept themselves."""
    if isinstance(definition, UnionTypeDefinitionNode):
        return replace(definition, types=tuple(one for one in definition.types or () if one.name.value in KEPT))
    if not isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
        raise TypeError(f"{definition.name.value} has no fields")
    missing = fields - {field.name.value for field in definition.fields or ()}
    if missing:
        raise LookupError(f"{definition.name.value} has no {', '.join(sorted(missing))}")
    return replace(
        definition,
        fields=tuple(field for field in definition.fields or () if field.name.value in fields),
        interfaces=tuple(one for one in definition.interfaces or () if one.name.value in KEPT),
    )


def extract(text: str) -> str:
    """Cut the schema."""
    document = parse(re.sub(r'""".*?"""', "", text, flags=re.DOTALL), no_location=True)
    by_name = {one.name.value: one for one in document.definitions if isinstance(one, TypeDefinitionNode)}
    kept: dict[str, TypeDefinitionNode] = {
        name: narrowed(by_name[name], set(fields.split())) for name, fields in KEPT.items()
    }
    wanted = set().union(*map(references, kept.values())) - kept.keys()
    while wanted:
        name = wanted.pop()
        if name in {"String", "Int", "Boolean", "ID", "Float"}:
            continue
        if not isinstance(by_name[name], WHOLE):
            raise TypeError(f"{name} is reached, and no field of it is kept")
        kept[name] = by_name[name]
        wanted |= references(by_name[name]) - kept.keys()
    return f"# {SOURCE}\n# Cut by tests/local/github/graphql/extract.py.\n\n{printed(kept[n] for n in sorted(kept))}\n"


def printed(definitions: Iterable[TypeDefinitionNode]) -> str:
    """Write the definitions, without the directives that only tell where something was defined."""
    text = print_ast(DocumentNode(definitions=tuple(definitions)))
    return re.sub(r" @(?:preview|possibleTypes|docsCategory)\([^)]*\)", "", text)


if __name__ == "__main__":
    OUT.write_text(extract(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
