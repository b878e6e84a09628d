"""One repository, seen with one App's token for the length of one event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.clients.github.comments import Comments
from shared.clients.github.connection import Access, Connection
from shared.clients.github.git import Git
from shared.clients.github.heads import Heads
from shared.clients.github.objects import Objects
from shared.clients.github.openings import Openings
from shared.clients.github.overview import Overviews
from shared.clients.github.pulls import Pulls
from shared.clients.github.rules import Rules
from shared.clients.github.runs import Runs
from shared.clients.github.server import Server
from shared.clients.github.statuses import Statuses
from shared.clients.github.tokens import Credentials, Tokens


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Where the repository is, and as whom it is used.

    `login` is the App's own login (`prodgate-attest[bot]`), or the one that a stored token belongs to; `web_url` is
    what people open, `api_url` what is called.
    """

    repository: str
    credentials: Credentials
    login: str
    api_url: str
    web_url: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The parts of GitHub's API for one repository."""

    git: Git
    heads: Heads
    statuses: Statuses
    pulls: Pulls
    openings: Openings
    comments: Comments
    rules: Rules
    runs: Runs
    overviews: Overviews


class GitHub:
    """Opens the repository for one event; its objects stay known between events, and so does what `tokens` keeps."""

    def __init__(self, settings: GitHubSettings, tokens: Tokens, executor: Executor) -> None:
        self.settings = settings
        self._tokens = tokens
        self._executor = executor
        self._known = Objects()
        self._server = Server()

    @asynccontextmanager
    async def repository(self) -> AsyncIterator[Repository]:
        """Use the repository as this function; the connections are closed afterwards.

        Raises:
            Unavailable: there is no token to be had.
        """
        access = Access(self.settings.repository, await self._tokens.current(), self._tokens.forget)
        connection = Connection(self.settings.api_url, access, self._executor)
        git = Git(connection, self._known)
        try:
            yield Repository(
                git,
                Heads(connection, git, self._known, self._server),
                Statuses(connection),
                Pulls(connection),
                Openings(connection, self._server),
                Comments(connection),
                Rules(connection),
                Runs(connection),
                Overviews(connection, self._known),
            )
        finally:
            connection.close()
