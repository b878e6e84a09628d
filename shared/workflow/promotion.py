"""What promoting is configured with, and what it needs of the world."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.github import AppInstallation, GitHub, Repository
from shared.clients.vulnerabilities import Vulnerabilities
from shared.domain.protection import Setter
from shared.domain.pull_request_texts import PullRequestTexts
from shared.workflow.environment import PolicySettings
from shared.workflow.reading import ManifestReader
from shared.workflow.settings import EnvironmentSettings

RELEASE_STATUS: Final = "prodgate/release"


class Strategy(StrEnum):
    """What is merged: a snapshot of the tested tree, or dev itself."""

    SNAPSHOT = "snapshot"
    BRANCH = "branch"


class Protection(StrEnum):
    """What to do where prod's branch rules leave a way around the gate."""

    WARN = "warn"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class PullRequestSettings:
    """How a pull request is dressed; people and teams by login and slug."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    is_draft: bool = False
    runbook: str = ""
    texts: PullRequestTexts = field(default_factory=PullRequestTexts)


@dataclass(frozen=True, slots=True)
class PromoteSettings:
    """The environments repository, prod's policy, the suites that a release requires with their attestors.

    `attester_login` is the App that sets the suites' statuses; a status by anybody else does not count. `app` is the id
    of the App that sets `prodgate/release`, where it is configured.
    """

    environment: EnvironmentSettings
    policy: PolicySettings
    suites: Mapping[str, str]
    attester_login: str
    strategy: Strategy = Strategy.SNAPSHOT
    protection: Protection = Protection.WARN
    app: int | None = None
    pull_request: PullRequestSettings = field(default_factory=PullRequestSettings)


@dataclass(frozen=True, slots=True)
class PromotingCloud:
    """What promoting needs of the world; `vulnerabilities` is None where they are not shown.

    `turn` lets one event at a time look and then act on what it saw. The function runs as one instance, so nobody else
    of us opens or closes a release in between.
    """

    settings: PromoteSettings
    manifests: ManifestReader
    github: GitHub
    binauthz: BinaryAuthorization
    attestations: Attestations
    vulnerabilities: Vulnerabilities | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks: the repository for this event, everything else, and whether what is missing may still come.

    `woken` is the line about the event that a body shows.
    """

    repository: Repository
    cloud: PromotingCloud
    settling: bool
    woken: str = ""

    @property
    def login(self) -> str:
        """The release App's own login."""
        return self.cloud.github.settings.login

    @property
    def setter(self) -> Setter:
        """Who sets `prodgate/release`, as rules can name it."""
        is_app = isinstance(self.cloud.github.settings.credentials, AppInstallation)
        return Setter(is_app, self.cloud.settings.app)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an event asks for: a commit to be released.

    `suite` is the one that is said to be complete, and None for a look at what was left waiting; `rollback` is a
    person's reason.
    """

    commit: str
    suite: str | None = None
    rollback: str | None = None
