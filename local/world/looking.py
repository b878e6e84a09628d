"""What a person sees in the world: pull requests, attestations, rejected events, a picture of all lasting state."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from github import Auth, Github
from github.Repository import Repository
from google.pubsub_v1 import AcknowledgeRequest, PullRequest
from grafeas.grafeas_v1 import ListOccurrencesRequest, NoteKind

from local.world.clients import Clients
from local.world.names import PERSON_TOKEN, PROD_PROJECT, REPOSITORY, pull_subscription

_PULLED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class PulledMessage:
    """A message out of `rejected` or `dead-letter`: its bytes and attributes."""

    data: bytes
    attributes: Mapping[str, str]

    @property
    def function(self) -> str:
        """Which function rejected it."""
        return self.attributes.get("prodgate-function", "")

    @property
    def reason(self) -> str:
        """The name of the reason."""
        return self.attributes.get("prodgate-reason", "")

    @property
    def detail(self) -> str:
        """The sentence that says what is wrong."""
        return self.attributes.get("prodgate-detail", "")


@dataclass(frozen=True, slots=True)
class SeenAttestation:
    """An attestation occurrence as Container Analysis lists it."""

    image: str
    digest: str
    occurrence: str
    note: str
    key_id: str


@dataclass(frozen=True, slots=True)
class SeenPullRequest:
    """A pull request as its page shows it."""

    number: int
    title: str
    body: str
    head: str
    base: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class SeenStatus:
    """A commit status as its list shows it; `creator` is a login."""

    context: str
    state: str
    creator: str
    target_url: str
    description: str


def github_as_person(url: str) -> Repository:
    """Open the environments repository as a person does."""
    client = Github(
        auth=Auth.Token(PERSON_TOKEN), base_url=url, seconds_between_requests=None, seconds_between_writes=None
    )
    return client.get_repo(REPOSITORY)


def pull_requests(repository: Repository) -> list[SeenPullRequest]:
    """Every pull request, oldest first."""
    pulls = repository.get_pulls(state="all", sort="created", direction="asc")
    return [SeenPullRequest(p.number, p.title, p.body, p.head.ref, p.base.ref, p.html_url, p.state) for p in pulls]


async def attestations(clients: Clients) -> list[SeenAttestation]:
    """Every attestation of the prod project."""
    request = ListOccurrencesRequest(parent=f"projects/{PROD_PROJECT}", page_size=1000)
    pager = await clients.grafeas.list_occurrences(request=request)
    seen = []
    async for found in pager:
        if found.kind == NoteKind.ATTESTATION:
            image, _, digest = found.resource_uri.partition("@")
            key_id = found.attestation.signatures[0].public_key_id
            seen.append(SeenAttestation(image, digest, found.name, found.note_name, key_id))
    return sorted(seen, key=lambda attestation: (attestation.image, attestation.digest))


async def pull(clients: Clients, topic: str) -> list[PulledMessage]:
    """Take what waits in a pull subscription."""
    subscription = pull_subscription(topic)
    with warnings.catch_warnings():
        # The field is deprecated for subscribers that poll; here somebody looks once, and an empty answer is one.
        warnings.simplefilter("ignore", DeprecationWarning)
        request = PullRequest(subscription=subscription, max_messages=_PULLED_AT_ONCE, return_immediately=True)
        answer = await clients.subscriber.pull(request=request)
    ids = [received.ack_id for received in answer.received_messages]
    if ids:
        await clients.subscriber.acknowledge(request=AcknowledgeRequest(subscription=subscription, ack_ids=ids))
    return [PulledMessage(r.message.data, dict(r.message.attributes)) for r in answer.received_messages]


def statuses(repository: Repository, commit: str) -> list[SeenStatus]:
    """Every status of a commit, newest first."""
    found = repository.get_commit(commit).get_statuses()
    return [SeenStatus(s.context, s.state, s.creator.login, s.target_url or "", s.description or "") for s in found]


def lasting_state(repository: Repository, seen: list[SeenAttestation]) -> dict[str, Any]:
    """Everything that an event could change: branches, statuses, pull requests, attestations."""
    branches = {branch.name: branch.commit.sha for branch in repository.get_branches()}
    return {
        "branches": branches,
        "statuses": {sha: _statuses(repository, sha) for sha in sorted(set(branches.values()))},
        "pull_requests": [
            (p.number, p.state, p.title, hashlib.sha256(p.body.encode()).hexdigest()) for p in pull_requests(repository)
        ],
        "attestations": [a.occurrence for a in seen],
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name what differs between two pictures of the lasting state."""
    changed = [part for part in before if before[part] != after[part]]
    return [f"{part}: {json.dumps(before[part])} -> {json.dumps(after[part])}" for part in changed]


def _statuses(repository: Repository, sha: str) -> list[str]:
    return [f"{status.id} {status.context} {status.state}" for status in repository.get_commit(sha).get_statuses()]
