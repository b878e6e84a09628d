"""The little of GitHub's GraphQL that is used: many blobs of one repository in one query.

Understood is exactly this shape, an alias for each object; anything else is refused as GraphQL does, status 200 with
`errors` (docs.github.com/graphql: Query.repository, Repository.object, Blob):

    query($owner: String!, $name: String!) {
      repository(owner: $owner, name: $name) {
        b0: object(oid: "…") { ... on Blob { text isTruncated } }
      }
    }

`text` is null for binary blobs, which is what a blob that is not UTF-8 counts as here; beyond 512 KB it is truncated.
"""

from __future__ import annotations

import re
from typing import Any, Final

from local.github.call import Answer, Call, Operation
from local.github.repository import Repository

TRUNCATED_AT: Final = 512_000  # bytes; GitHub names no figure, this is what its answers show
_QUERY: Final = re.compile(
    r"query\(\$owner: String!, \$name: String!\) \{ repository\(owner: \$owner, name: \$name\) \{ (?P<objects>.+) \} \}"
)
_OBJECT: Final = re.compile(
    r'(?P<alias>[a-z]+[0-9]+): object\(oid: "(?P<oid>[0-9a-f]{40})"\) \{ \.\.\. on Blob \{ text isTruncated \} \}'
)


def named_repository(payload: Any) -> dict[str, str]:
    """Take the repository out of a query's variables, in the words of a REST path."""
    variables = payload.get("variables") if isinstance(payload, dict) else None
    if not isinstance(variables, dict):
        return {}
    return {"owner": str(variables.get("owner")), "repo": str(variables.get("name"))}


async def query(call: Call) -> Answer:
    """Answer the one query that is understood."""
    found = _QUERY.fullmatch(" ".join(str(call.body.get("query", "")).split()))
    objects = list(_OBJECT.finditer(found["objects"])) if found else []
    if found is None or " ".join(match[0] for match in objects) != found["objects"]:
        return Answer({"errors": [{"message": "Parse error: the stand-in understands one query only"}]})
    answers = {match["alias"]: await _blob(call.repository, match["oid"]) for match in objects}
    return Answer({"data": {"repository": answers}})


async def _blob(repository: Repository, oid: str) -> dict[str, Any] | None:
    content = await repository.objects.blob(oid)
    if content is None:
        return None
    try:
        text = None if b"\0" in content else content[:TRUNCATED_AT].decode()
    except UnicodeDecodeError:
        text = None
    return {"text": text, "isTruncated": len(content) > TRUNCATED_AT}


OPERATIONS = (Operation("graphql", "POST", "/graphql", query, "contents"),)
