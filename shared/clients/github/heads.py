"""The head of a branch: read in one question, and moved only while the branch still names the head that was read.

REST moves a branch wherever it only gains commits, and cannot be told from where: one that was taken back meanwhile
would get back what it lost. GraphQL's `updateRefs` compares and swaps: `beforeOid` is "the value this ref needs to
point to before the update" (docs.github.com/graphql/reference/git#updaterefs). Like REST it takes the permission
contents.

How it refuses is documented nowhere, neither the types of its errors nor their words. Another mutation says
`STALE_DATA` where a branch is elsewhere (ministryofjustice/modernisation-platform #11985),
`BRANCH_PROTECTION_RULE_VIOLATION` where it is protected, and something else where a ruleset protects it
(Thinkmill/keystatic #1598). So no error is read for what became of the branch: after each, and after every reply that
was lost, the branch itself is.

Where it is missing (see `server`), one more look and REST's fast-forward have to do: who takes the branch back between
those two gets back what was taken.
"""

from __future__ import annotations

from typing import Final

from shared.clients.github.connection import Connection, Refused
from shared.clients.github.git import Git
from shared.clients.github.named_commit import NAMED, is_whole, named_commit
from shared.clients.github.objects import Commit, Objects
from shared.clients.github.server import Server
from shared.domain.errors import Fault, Unavailable

_QUESTION: Final = f"""
query($owner: String!, $name: String!, $branch: String!) {{
  repository(owner: $owner, name: $name, followRenames: false) {{
    id
    ref(qualifiedName: $branch) {{ target {{ ...Named }} }}
  }}
}}
{NAMED}
"""
_UPDATE: Final = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"


class Heads:
    """Reads and replaces the heads of one repository's branches."""

    def __init__(self, connection: Connection, git: Git, known: Objects, server: Server) -> None:
        self._connection = connection
        self._git = git
        self._known = known
        self._server = server
        # Not kept between events: another repository may have the name by then, and the question tells it anyway.
        self._identity: str | None = None

    async def read(self, branch: str) -> Commit:
        """The commit that a configured branch names.

        Raises:
            Unavailable: the branch or its commit cannot be read.
        """
        return await self._asked(branch) or await self._looked_up(branch)

    async def replace(self, branch: str, head: str, new: str) -> bool:
        """Let a branch name a new commit if it still names this head; False where it names another one.

        What GitHub did not answer is said once more: to move from the same head twice is to move once.

        Raises:
            Unavailable: it was not moved, as far as can be told.
        """
        try:
            return await self._moved(branch, head, new)
        except Unavailable as error:
            if error.fault is not Fault.UNREACHABLE:
                raise
        return await self._moved(branch, head, new)

    async def _asked(self, branch: str) -> Commit | None:
        """Ask GraphQL; None where it does not answer, or lacks the branch or its commit."""
        answer = await self._connection.query(_QUESTION, branch=f"refs/heads/{branch}")
        found = answer and answer["repository"]
        if not found:
            return None
        self._identity = str(found["id"])
        if not (found["ref"] and found["ref"]["target"]):
            return None
        row = found["ref"]["target"]
        commit = named_commit(row)
        if is_whole(row):
            self._known.learn([commit])
        return commit

    async def _looked_up(self, branch: str) -> Commit:
        commit = await self._git.commit(await self._git.require_head(branch))
        if commit is None:
            raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {branch} cannot be read yet")
        return commit

    async def _moved(self, branch: str, head: str, new: str) -> bool:
        if not self._server.swaps:
            return await self._followed(branch, head, new)
        update = {"name": f"refs/heads/{branch}", "beforeOid": head, "afterOid": new, "force": False}
        repository = self._identity = self._identity or await self._told_identity()
        try:
            await self._connection.mutate(_UPDATE, input={"repositoryId": repository, "refUpdates": [update]})
        except (Refused, Unavailable) as error:
            if self._server.learn(error):
                return await self._followed(branch, head, new)
            return await self._settled(branch, head, new, error)
        return True

    async def _told_identity(self) -> str:
        """Ask REST for the id that GraphQL takes (docs.github.com/graphql/guides/using-global-node-ids)."""
        try:
            return str((await self._connection.get(""))["node_id"])
        except Refused as error:
            what = f"GitHub, {self._connection.repository}: {error.status} {error.message}"
            raise Unavailable(Fault.REFUSED, what) from error

    async def _settled(self, branch: str, head: str, new: str, error: Refused | Unavailable) -> bool:
        """Look what became of the branch; where it did not move at all, the error says why."""
        if isinstance(error, Unavailable) and error.fault is Fault.RATE_LIMITED:
            raise error  # nothing was done, and a look would be counted too
        now = await self._git.require_head(branch)
        if now != head:
            return now == new
        if isinstance(error, Unavailable):
            raise error
        what = f"GitHub, moving {branch} to {new}: {error.status} {error.message}"
        raise Unavailable(Fault.REFUSED, what) from error

    async def _followed(self, branch: str, head: str, new: str) -> bool:
        """Look once more, and move by a fast-forward."""
        if await self._git.require_head(branch) != head:
            return False
        return await self._git.move(branch, new)
