"""One repository, seen with one App's token for the length of one event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.clients.github.blobs import BlobCache
from shared.clients.github.connection import Connection
from shared.clients.github.git import Git
from shared.clients.github.pulls import Pulls
from shared.clients.github.statuses import Statuses
from shared.domain.secret import SecretText


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Where the repository is, and as whom it is used.

    `token_secret` is a Secret Manager version, `login` the App's own login (`prodgate-attest[bot]`), `web_url` what
    people open, `api_url` what is called.
    """

    repository: str
    token_secret: str
    login: str
    api_url: str
    web_url: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The parts of GitHub's API for one repository."""

    git: Git
    statuses: Statuses
    pulls: Pulls


class GitHub:
    """Opens the repository for one event; blobs stay cached between events, tokens do not."""

    def __init__(self, settings: GitHubSettings, executor: Executor) -> None:
        self.settings = settings
        self._executor = executor
        self._cache = BlobCache()

    @asynccontextmanager
    async def repository(self, token: SecretText) -> AsyncIterator[Repository]:
        """Use the repository with a token; the connections are closed afterwards."""
        connection = Connection(self.settings.api_url, self.settings.repository, token, self._executor)
        try:
            yield Repository(Git(connection, self._cache), Statuses(connection), Pulls(connection))
        finally:
            connection.close()
