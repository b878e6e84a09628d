"""The world and its verbs: push an image, commit to dev, pass the tests, rotate the key, and look at what came of it.

Every verb acts over the wire, as a developer, CI or an operator would; none edits state behind a server. Verbs are
plain functions: the servers run in an event loop on a thread of their own.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from google.cloud import kms_v1
from google.pubsub_v1 import PubsubMessage

from local.blog_app import environment_files, first_prod_files
from local.faults import Faults
from local.google.pubsub import DeliveryRecord
from local.registry.events import Pushed, artifact_registry_event
from local.registry.push import push_image, retag
from local.world import apps, attesting, ci, founding, looking, scanning
from local.world.clients import Clients
from local.world.cloud import StandInCloud
from local.world.git import WorkingCopy
from local.world.hosting import Hosting, InProcess
from local.world.looking import PulledMessage, SeenAttestation, SeenPullRequest, SeenStatus
from local.world.names import (
    APPS,
    FUNCTIONS,
    KEY,
    MONGO,
    PERSON,
    PERSON_TOKEN,
    QA_WORKFLOW,
    REPOSITORY,
    SERVICES,
    Endpoints,
    FunctionName,
    Signing,
    topic_path,
    variables_of,
)
from local.world.scanning import Found

_T = TypeVar("_T")
_SETTLED_S: Final = 60.0
Files = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """How the world runs.

    `time_scale` shortens Pub/Sub's waits, `backoff_s` is how long its first one lasts before that, `latency_s` is added
    to every remote call, `settling_s` is how long the functions take an event for young, `prod_files` and `first_files`
    are what prod and dev begin with, `pubsub` is another Pub/Sub's address, `variables` are added to every function's
    environment, or taken out of it by None, `github_prefix` is where GitHub's API is: `/api/v3` on a company's own.
    `keeps_tokens` has Apps mint a token for an hour in place of one for each event.
    """

    time_scale: float = 100.0
    backoff_s: int = 10
    latency_s: float = 0.0
    settling_s: float = 0.0
    seed: str = ""
    prod_files: Mapping[str, bytes] = field(default_factory=first_prod_files)
    first_files: Files = field(default_factory=environment_files)
    pubsub: str | None = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    github_prefix: str = ""
    keeps_tokens: bool = False


class World:
    """A stand-in cloud with the Blog App's company in it, and the four functions running."""

    def __init__(self, settings: WorldSettings | None = None, hosting: Callable[[], Hosting] = InProcess) -> None:
        self.settings = settings or WorldSettings()
        self.faults = Faults(seed=self.settings.seed)
        self.deliveries: list[DeliveryRecord] = []
        self.rejected: list[PulledMessage] = []
        self.dead_letters: list[PulledMessage] = []
        self.urls: dict[str, str] = {}
        self._make_hosting = hosting
        self._folder = tempfile.TemporaryDirectory(prefix="prodgate-world-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="world", daemon=True)
        self._listeners: list[Callable[[DeliveryRecord], None]] = [self.deliveries.append]

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._do(self._start())
            self._copy = WorkingCopy(self._path("dana"), self.cloud.github.clone_url(REPOSITORY, token=PERSON_TOKEN))
            self._copy.found(self.settings.prod_files, _given(self.settings.first_files))
            self.repository = looking.github_as_person(self.cloud.github.url)
            self.faults.latency_s = self.settings.latency_s
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.faults.clear()
        self.faults.latency_s = 0
        if hasattr(self, "repository"):
            self.repository.requester.close()
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    # A developer's verbs.

    def push_image(self, repository: str, tag: str, *, content: bytes | None = None, **how: bool) -> str:
        """Build and push an image (`HOST/PATH`), see local.registry; it says so on `gcr`, if it is one that does."""
        host, _, path = repository.partition("/")
        content = f"{repository}:{tag}".encode() if content is None else content
        return self._do(push_image(self.cloud.registries[host].url, path, tag, content=content, **how))

    def retag(self, repository: str, source: str, tag: str) -> str:
        """Let another tag name what one names."""
        host, _, path = repository.partition("/")
        return self._do(retag(self.cloud.registries[host].url, path, source, tag))

    def announce(self, image: str) -> None:
        """Tell prodgate about an image by hand, as people do for registries that tell nobody."""
        self.publish("gcr", json.dumps({"image": image}).encode())

    def commit_to_dev(self, files: Files, message: str = "Change the manifests") -> str:
        """Commit and push to dev; answer the commit."""
        return self._copy.commit("dev", files, message)

    def commit_to(self, branch: str, files: Files, message: str = "Change the manifests") -> str:
        """Commit and push to any branch; answer the commit."""
        return self._copy.commit(branch, files, message)

    def merge_release(self, commit: str, how: str = "merge") -> str:
        """Merge the pull request that releases a commit, as a person does on its page; answer the commit on prod."""
        pull = next(pull for pull in self.pull_requests if pull.head == f"release/{commit[:12]}")
        return str(self.repository.get_pull(pull.number).merge(merge_method=how).sha)

    def squash(self, branch: str, into: str = "prod") -> str:
        """Merge a release as a person may: squashed."""
        return self._copy.merge(branch, into)

    # CI's and an operator's verbs.

    def pass_tests(self, commit: str | None = None, **changed: Any) -> dict[str, Any]:
        """Publish test-passed for a commit (the head of dev), as CI does; answer what was published."""
        event = ci.tests_passed(commit or self.head("dev"), changed)
        self.publish("test-passed", json.dumps(event).encode())
        return event

    def finish_prod_tests(self, commit: str | None = None, **changed: Any) -> dict[str, Any]:
        """Publish prod-tests-finished for a commit (the head of prod), as prod's CI does; answer what was published."""
        event = ci.prod_tests_finished(commit or self.head("prod"), changed)
        self.publish("prod-tests-finished", json.dumps(event).encode())
        return event

    def run_workflow(self, commit: str | None = None, *, workflow: str = QA_WORKFLOW, **changed: Any) -> str:
        """Have GitHub run a workflow for a commit (the head of dev), to success; answer the run's URL."""
        return ci.run_workflow(self.cloud.github, workflow, commit or self.head("dev"), changed)

    def change_run(self, url: str, **changed: Any) -> None:
        """Let a run go on: another status, conclusion or attempt."""
        ci.change_run(self.cloud.github, url, changed)

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """Publish a message as it is; answer its id."""
        message = PubsubMessage(data=data, attributes=dict(attributes or {}))
        answer = self._do(self.clients.publisher.publish(topic=topic_path(topic), messages=[message]))
        return str(answer.message_ids[0])

    def publish_together(self, topic: str, data: Sequence[bytes]) -> None:
        """Publish messages in one request, so that they arrive at the same time."""
        messages = [PubsubMessage(data=each) for each in data]
        self._do(self.clients.publisher.publish(topic=topic_path(topic), messages=messages))

    def replay(self) -> int:
        """Publish every message that was delivered once more, in the order of its first delivery; answer how many."""
        first = {record.message_id: record for record in self.deliveries}
        for record in first.values():
            self.publish(record.topic.rpartition("/")[2], record.data, record.attributes)
        return len(first)

    def attest(self, image: str, **changed: Any) -> str:
        """Store an attestation of an image (`HOST/PATH@sha256:…`) by hand, see `attesting`; answer its occurrence."""
        return self._do(attesting.attest(self.clients, image, **changed))

    def scan(self, image: str, *findings: Found, status: str = "FINISHED_SUCCESS") -> None:
        """Have Artifact Analysis scan an image (`HOST/PATH@sha256:…`) anew, with these findings."""
        self._do(scanning.scan(self.clients, image, findings, status))

    def rotate_key(self, *, trusted: bool = True) -> str:
        """Make a new version of the signing key and, if it is trusted, add it to the attestor; answer its name."""
        made = self._do(
            self.clients.kms.create_crypto_key_version(parent=KEY, crypto_key_version=kms_v1.CryptoKeyVersion())
        )
        if trusted:
            self._do(founding.trust_key_version(self.clients, made.name))
        return str(made.name)

    def found_attestor(self, suite: str) -> None:
        """Make the key, the note and the attestor of another suite."""
        self._do(founding.found_attestor(self.clients, Signing.of(suite), f"{suite} passed"))

    def store_secret(self, name: str, text: str) -> None:
        """Add a version to a secret."""
        self._do(founding.store_secret(self.clients, name, text))

    def set_policy(self, document: dict[str, Any]) -> None:
        """Replace prod's policy."""
        self._do(founding.set_policy(self.clients, document))

    def settle(self, timeout_s: float = _SETTLED_S) -> None:
        """Wait until no event is under way, then take what was rejected and dead-lettered."""
        self._do(self.cloud.pubsub.settled(timeout_s))
        self.rejected += self._do(looking.pull(self.clients, "rejected"))
        self.dead_letters += self._do(looking.pull(self.clients, "dead-letter"))

    def release(self) -> str:
        """Push every image of the Blog App, pin it, and pass the tests; answer the tested commit."""
        for service in SERVICES:
            self.push_image(f"{APPS}/{service}", "v1")
        self.push_image(MONGO, "7")
        self.announce(f"{MONGO}:7")
        self.settle()
        return str(self.pass_tests()["commit"])

    # A thief's verb, and looking.

    def steal_token(self, function: FunctionName) -> str:
        """Mint an installation token with the key of a function's App."""
        return apps.mint(self.cloud.github.url, function)

    def head(self, branch: str) -> str:
        """The commit that a branch names."""
        return self.repository.get_branch(branch).commit.sha

    def file(self, path: str, branch: str = "dev") -> bytes:
        """A file as a branch has it."""
        content = self.repository.get_contents(path, ref=branch)
        return content[0].decoded_content if isinstance(content, list) else content.decoded_content

    @property
    def pull_requests(self) -> list[SeenPullRequest]:
        """Every pull request, oldest first."""
        return looking.pull_requests(self.repository)

    @property
    def attestations(self) -> list[SeenAttestation]:
        """Every attestation of the prod project."""
        return self._do(looking.attestations(self.clients))

    def statuses(self, commit: str) -> list[SeenStatus]:
        """Every status of a commit, newest first."""
        return looking.statuses(self.repository, commit)

    def comments(self, number: int) -> list[str]:
        """The comments on a pull request, oldest first."""
        return [comment.body for comment in self.repository.get_pull(number).get_issue_comments()]

    def lasting_state(self) -> dict[str, Any]:
        """Everything that an event could change."""
        return looking.lasting_state(self.repository, self.attestations)

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine beside the servers, for looks that have no verb."""
        return self._do(work)

    def on_delivery(self, listener: Callable[[DeliveryRecord], None]) -> None:
        """Be told, on the world's own thread, of every delivery as it ends."""
        self._listeners.append(listener)

    # Starting and stopping.

    async def _start(self) -> None:
        self.cloud = StandInCloud(
            self._path("github"), self.faults, time_scale=self.settings.time_scale, on_push=self._tell
        )
        await self.cloud.start()
        self.cloud.pubsub.on_delivery(self._delivered)
        self.endpoints: Endpoints = self.cloud.endpoints(self.settings.pubsub)
        self.clients = Clients(self.endpoints)
        self._found_github()
        await asyncio.gather(
            founding.found_topics(self.clients),
            founding.found_signing(self.clients),
            founding.found_secrets(self.clients),
        )
        self.hosting = self._make_hosting()
        await asyncio.gather(*map(self._host, FUNCTIONS))

    async def _host(self, function: FunctionName) -> None:
        settings = self.settings
        own = variables_of(function, self.endpoints, settings.settling_s, keeps_tokens=settings.keeps_tokens)
        api = {"PRODGATE_GITHUB_API_URL": self.endpoints.github + settings.github_prefix}
        given = {**own, **(api if function.app else {}), **settings.variables}
        variables = {name: value for name, value in given.items() if value is not None}
        self.urls[function.function] = await self.hosting.start(function.function, variables)
        await founding.subscribe(self.clients, function, self.urls[function.function], settings.backoff_s)

    def _found_github(self) -> None:
        github = self.cloud.github
        github.create_repository(REPOSITORY, default_branch="dev")
        github.add_user(PERSON, PERSON_TOKEN)
        apps.register_apps(github)
        github.add_collaborator(REPOSITORY, PERSON)

    async def _stop(self) -> None:
        if hasattr(self, "hosting"):
            await self.hosting.stop()
        if hasattr(self, "clients"):
            await self.clients.close()
        if hasattr(self, "cloud"):
            await self.cloud.stop()

    async def _tell(self, pushed: Pushed) -> None:
        """Be Artifact Registry: say on `gcr` what was pushed."""
        message = PubsubMessage(data=artifact_registry_event(pushed))
        await self.clients.publisher.publish(topic=topic_path("gcr"), messages=[message])

    def _delivered(self, record: DeliveryRecord) -> None:
        for listener in self._listeners:
            listener(record)

    def _path(self, name: str) -> Path:
        return Path(self._folder.name) / name

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _given(files: Files) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if content is not None}
