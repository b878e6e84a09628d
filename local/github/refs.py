"""Operations on refs: `git/get-ref`, `list-matching-refs`, `create-ref`, `update-ref`, `delete-ref`.

The messages of refusals are those of https://docs.github.com/rest/git/refs and of the threads
octokit.js #21 ("Update is not a fast forward") and create-pull-request ("Reference already exists").
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from local.github.call import Answer, Call, Operation, created, listed
from local.github.objects import ABSENT, SHA
from local.github.references import Reference, ReferenceMoved, is_ref_name
from local.github.refusal import not_found, unprocessable
from local.github.representations import node_id
from local.github.rules import refuse_push


def representation(call: Call, reference: Reference) -> dict[str, Any]:
    """Describe a ref as the schema `git-ref`."""
    plural = {"commit": "commits", "tag": "tags", "tree": "trees", "blob": "blobs"}[reference.type]
    return {
        "ref": reference.name,
        "node_id": node_id("REF", reference.name),
        "url": call.show.api(call.repository, f"/git/{reference.name}"),
        "object": {
            "type": reference.type,
            "sha": reference.sha,
            "url": call.show.api(call.repository, f"/git/{plural}/{reference.sha}"),
        },
    }


async def get_ref(call: Call) -> Answer:
    """Look up one ref, given without `refs/`."""
    reference = await call.repository.references.get(f"refs/{call.path['ref']}")
    if reference is None:
        raise not_found()
    return Answer(representation(call, reference))


async def list_matching_refs(call: Call) -> Answer:
    """List the refs that begin with a prefix, given without `refs/`."""
    matching = await call.repository.references.matching(f"refs/{call.path['ref']}")
    return listed(call, matching, lambda reference: representation(call, reference))


async def create_ref(call: Call) -> Answer:
    """Create a ref, given with `refs/`, at an object that exists."""
    name, sha = call.text("ref"), await existing_object(call)
    if not is_ref_name(name) or name.count("/") < 2:  # noqa: PLR2004 - `refs/`, its kind, its name
        raise unprocessable(f"{name} is not a valid ref name.")
    refuse_push(call.repository, name, "create")
    try:
        await call.repository.references.move(name, new=sha)
    except ReferenceMoved:
        raise unprocessable("Reference already exists") from None
    return created(representation(call, await standing(call, name)))


async def update_ref(call: Call) -> Answer:
    """Move a ref to a descendant of its commit, or to any object with `force`.

    Of two calls that move the same ref from the same commit, one wins; to the other it is no fast-forward any more.
    """
    references = call.repository.references
    before = await standing(call, f"refs/{call.path['ref']}")
    sha, force = await existing_object(call), call.flag("force")
    refuse_push(call.repository, before.name, "update")
    if not await call.repository.history.is_ancestor(before.sha, sha):
        if not force:
            raise unprocessable("Update is not a fast forward")
        refuse_push(call.repository, before.name, "force")
    try:
        await references.move(before.name, new=sha, old=before.sha)
    except ReferenceMoved:
        raise unprocessable("Update is not a fast forward") from None
    return Answer(representation(call, await standing(call, before.name)))


async def delete_ref(call: Call) -> Answer:
    """Delete a ref."""
    before = await standing(call, f"refs/{call.path['ref']}")
    refuse_push(call.repository, before.name, "deletion")
    try:
        await call.repository.references.move(before.name, new=ABSENT, old=before.sha)
    except ReferenceMoved:
        raise unprocessable("Reference does not exist") from None
    return Answer(None, HTTPStatus.NO_CONTENT)


async def standing(call: Call, name: str) -> Reference:
    """Look up a ref that a write expects.

    Raises:
        Refusal: 422, when it does not exist.
    """
    reference = await call.repository.references.get(name)
    if reference is None:
        raise unprocessable("Reference does not exist")
    return reference


async def existing_object(call: Call) -> str:
    """Take the `sha` of the body.

    Raises:
        Refusal: 422, when it is no full SHA or names nothing.
    """
    sha = call.text("sha")
    if not SHA.fullmatch(sha):
        raise unprocessable("The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if not await call.repository.objects.kind(sha):
        raise unprocessable("Object does not exist")
    return sha


ROOT = "/repos/{owner}/{repo}/git"

OPERATIONS = (
    Operation("git/get-ref", "GET", ROOT + "/ref/{ref:.+}", get_ref, "contents"),
    Operation("git/list-matching-refs", "GET", ROOT + "/matching-refs/{ref:.*}", list_matching_refs, "contents"),
    Operation("git/create-ref", "POST", ROOT + "/refs", create_ref, "contents", "write"),
    Operation("git/update-ref", "PATCH", ROOT + "/refs/{ref:.+}", update_ref, "contents", "write"),
    Operation("git/delete-ref", "DELETE", ROOT + "/refs/{ref:.+}", delete_ref, "contents", "write"),
)
