"""GraphQL's mutation `updateRefs`: several refs move together, each only from where its caller says that it is.

What it does is documented with the mutation (docs.github.com/graphql/reference/git#updaterefs): all or nothing;
`beforeOid` must be what the ref names, and forty zeros there mean that there must be none; forty zeros in `afterOid`
delete; without `force` only a fast-forward. How it refuses is documented nowhere. That the ref is elsewhere is said as
`createCommitOnBranch` says it (`STALE_DATA`, ministryofjustice/modernisation-platform #11985), a missing permission and
an unknown repository as every query does. The type `UNPROCESSABLE` of the others is a guess, their words are REST's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from local.github.call import Call
from local.github.objects import ABSENT, SHA
from local.github.query_objects import NotAllowed
from local.github.references import Movement, ReferenceMoved, is_ref_name
from local.github.refusal import not_accessible
from local.github.repository import Repository
from local.github.representations import node_id
from local.github.rules import Change, violations

REFUSED: Final = "UNPROCESSABLE"
ARCHIVED: Final = "Repository was archived so is read-only."


async def update_refs(call: Call, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Move refs.

    Raises:
        NotAllowed: one of them must not move, or is elsewhere; then none does.
    """
    repository = repository_of(call, asked["repositoryId"])
    if not call.account.may("contents", "write"):
        raise NotAllowed(not_accessible(app=call.account.is_app).message, "FORBIDDEN")
    if repository.records.archived:
        raise NotAllowed(ARCHIVED, "FORBIDDEN")
    movements = [await movement(repository, update) for update in asked["refUpdates"]]
    await move(repository, movements)
    return {"clientMutationId": asked.get("clientMutationId")}


def repository_of(call: Call, identity: str) -> Repository:
    """Find a repository by its global id, as far as the caller sees it; a former name is no matter here.

    Raises:
        NotAllowed: there is none.
    """
    for repository in call.repositories.values():
        if node_id("R", repository.id) == identity and any(map(call.account.sees, repository.names)):
            return repository
    raise NotAllowed(f"Could not resolve to a node with the global id of '{identity}'", "NOT_FOUND")


async def movement(repository: Repository, update: Mapping[str, Any]) -> Movement:
    """Hold one update against the ref, the rules of its branch, and the history.

    Raises:
        NotAllowed: it must not be made.
    """
    name, after, before = update["name"], update["afterOid"], update.get("beforeOid")
    if not is_ref_name(name):
        raise NotAllowed(f"{name} is not a valid ref name.", REFUSED)
    found = await repository.references.get(name)
    now = found.sha if found is not None else ABSENT
    if before is not None and before != now:
        raise stale(name, before)
    if after != ABSENT and not (SHA.fullmatch(after) and await repository.objects.kind(after)):
        raise NotAllowed("Object does not exist", REFUSED)
    changes = await changes_of(repository, now, after)
    if "force" in changes and not update.get("force"):
        raise NotAllowed("Update is not a fast forward", REFUSED)
    broken = [sentence for change in changes for sentence in violations(repository, name, change)]
    if broken:
        raise NotAllowed("\n".join(["Repository rule violations found", "", *broken, "", ""]), REFUSED)
    return Movement(name, new=after, old=now)


async def changes_of(repository: Repository, now: str, after: str) -> Sequence[Change]:
    """Say what a move is to the rules of a branch."""
    if now == ABSENT:
        return ["create"]
    if after == ABSENT:
        return ["deletion"]
    return ["update"] if await repository.history.is_ancestor(now, after) else ["update", "force"]


async def move(repository: Repository, movements: Sequence[Movement]) -> None:
    """Make the moves, all or none, each from where it was seen a moment ago.

    Raises:
        NotAllowed: another update came first.
    """
    try:
        await repository.references.move_together(movements)
    except ReferenceMoved:
        raise stale(movements[0].name, movements[0].old) from None


def stale(name: str, before: str) -> NotAllowed:
    """Refuse an update of a ref that names something else."""
    return NotAllowed(f'Expected {name} to point to "{before}" but it did not.', "STALE_DATA")
