"""A new branch and its pull request, made in one request.

GraphQL makes the mutations of a document one after the other, and goes on after one that failed (spec.graphql.org,
"Mutation" and "Handling Field Errors"). So where somebody makes a branch of that name in the same moment, the pull
request opens on theirs: look at its head. Of what failed nothing is read but that it failed: REST is asked then, whose
refusals are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.clients.github.named_pull import PULLED, named_pull
from shared.clients.github.pulls import PullRequest
from shared.clients.github.server import Server

_OPEN: Final = f"""
mutation($branch: UpdateRefsInput!, $pull: CreatePullRequestInput!) {{
  updateRefs(input: $branch) {{ clientMutationId }}
  createPullRequest(input: $pull) {{ pullRequest {{ ...Pulled }} }}
}}
{PULLED}
"""
_NONE: Final = "0" * 40  # what a ref that does not exist names (docs.github.com/graphql/reference/git#refupdate)


@dataclass(frozen=True, slots=True)
class NewBranch:
    """A branch that is to be made: in which repository (GraphQL's global id), its name and its commit."""

    repository: str
    name: str
    commit: str


class Openings:
    """Opens pull requests of branches that do not exist yet."""

    def __init__(self, connection: Connection, server: Server) -> None:
        self._connection = connection
        self._server = server

    async def open(
        self, branch: NewBranch, base: str, *, title: str, body: str, draft: bool = False
    ) -> PullRequest | None:
        """Make a branch and open its pull request; None where none was opened, as far as can be told.

        Its head is another commit than the one that was wanted, where the branch could not be made.

        Raises:
            Unavailable: they may or may not have been; look before trying again.
        """
        if not self._server.swaps:
            return None
        update = {"name": f"refs/heads/{branch.name}", "beforeOid": _NONE, "afterOid": branch.commit, "force": False}
        pull = {"baseRefName": base, "headRefName": branch.name, "title": title, "body": body, "draft": draft}
        made = await self._made(
            branch={"repositoryId": branch.repository, "refUpdates": [update]},
            pull={"repositoryId": branch.repository, **pull},
        )
        row = (made.get("createPullRequest") or {}).get("pullRequest")
        return named_pull(row, self._connection.repository) if row else None

    async def _made(self, **asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for both, and answer what was made."""
        try:
            return await self._connection.mutate(_OPEN, **asked)
        except Refused as error:
            self._server.learn(error)
            return error.told
