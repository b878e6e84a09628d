"""What a commit would run in prod, as attest_images and open_prod_pr both must know it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import all_of, settle, together
from shared.clients.github import Repository
from shared.clients.github.git import Commit
from shared.domain.drift import named
from shared.domain.errors import Reason, not_found, shown
from shared.domain.image_fields import PodPlace
from shared.domain.kustomize import effective
from shared.domain.manifests import Manifest
from shared.domain.policy import ANYWHERE, Attested, Place, Policy, Verdict, evaluate, strictest
from shared.domain.release import TreeEntry, exempt_entries, manifest_entries, require_readable
from shared.domain.vocabulary import LogEvent
from shared.workflow.reading import ManifestReader
from shared.workflow.settings import EnvironmentSettings, require_repository

LOG: Final = logging.getLogger("prodgate.environment")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Whose admission policy decides: the prod project's, and the location of Google's system policy.

    `place` is where prod runs, which decides between a policy's specific rules.
    """

    project: str
    location: str
    place: Place = ANYWHERE


@dataclass(frozen=True, slots=True)
class ProdPolicy:
    """The policy of prod, the system policy's patterns where it uses them, and where prod runs."""

    policy: Policy
    system: tuple[str, ...]
    place: Place = ANYWHERE

    @property
    def attestors(self) -> tuple[str, ...]:
        """Every attestor that prod may require."""
        return self.policy.attestors_at(self.place)

    def attestors_of(self, pods: Iterable[PodPlace]) -> frozenset[str]:
        """Every attestor that prod may require of an image that runs in some pods."""
        return frozenset(name for pod in pods for name in self.policy.attestors_at(self._place_of(pod)))

    def judge(self, written: str, attested: Attested, pods: Iterable[PodPlace] = (PodPlace(),)) -> Verdict:
        """Decide about one image as prod's admission will, where it is strictest among the pods that run it."""
        return strictest(
            evaluate(written, self.policy, attested, system=self.system, place=self._place_of(pod)) for pod in pods
        )

    def _place_of(self, pod: PodPlace) -> Place:
        return self.place.of_pod(pod.namespace, pod.service_account)


@dataclass(frozen=True, slots=True)
class CommitContents:
    """A commit's tree: its id, its entries, and the manifests in it that are deployed."""

    tree: str
    entries: tuple[TreeEntry, ...]
    manifests: tuple[Manifest, ...]


def status_context(suite: str) -> str:
    """Name the commit status that says a suite is accepted and its attestations proven."""
    return f"prodgate/{suite}"


def require_configured(repository: str, environment: EnvironmentSettings) -> None:
    """Refuse events about any repository but the configured one.

    Raises:
        Rejected: the event names another.
    """
    require_repository(repository, environment.repository)


async def require_on_dev(
    commit: str, repository: Repository, environment: EnvironmentSettings, *, settling: bool
) -> Commit:
    """Read a commit that dev's history must hold.

    Raises:
        Rejected: there is none of this id, or dev does not hold it.
        Unavailable: it may not be visible yet, or the repository cannot be read at all.
    """
    async with together() as group:
        held = group.create_task(repository.git.contains(environment.dev, commit))
        found = group.create_task(repository.git.commit(commit))
    known = found.result()
    if known is not None and held.result():
        return known
    # To an App that may not see the repository GitHub says 404 about everything in it: that is no fault of the event.
    await repository.git.require_head(environment.dev)
    if held.result() is False:
        raise not_found(Reason.NOT_ON_DEV, f"commit: {commit} is not on {environment.dev}", settling=settling)
    raise not_found(Reason.UNKNOWN_COMMIT, f"commit: {environment.repository} has no {commit}", settling=settling)


async def contents_of(
    tree: str, repository: Repository, environment: EnvironmentSettings, reader: ManifestReader
) -> CommitContents:
    """Read every manifest of a tree; what is wrong with one is in its problems."""
    entries = await repository.git.tree(tree)
    chosen = manifest_entries(entries, environment.folders, environment.exempt_paths)
    blobs = await repository.git.blobs(chosen)
    manifests = reader.read(zip(chosen, blobs, strict=True))
    return CommitContents(tree, entries, effective(manifests, environment.folders, environment.image_paths))


async def judged_contents(
    tree: str, repository: Repository, environment: EnvironmentSettings, reader: ManifestReader
) -> CommitContents:
    """Read every manifest of a tree that is to be judged as a release.

    Raises:
        Rejected: part of it cannot be read as files.
    """
    contents = await contents_of(tree, repository, environment, reader)
    require_readable(contents.entries, environment.folders, environment.exempt_paths)
    warn_of_exempt_paths(contents, environment)
    return contents


def warn_of_exempt_paths(contents: CommitContents, environment: EnvironmentSettings) -> tuple[str, ...]:
    """Answer and log which files of a release nobody judges, each time: what they run is not attested."""
    found = exempt_entries(contents.entries, environment.folders, environment.exempt_paths)
    paths = tuple(entry.path for entry in found)
    if paths:
        warning = f"by PRODGATE_EXEMPT_PATHS nobody judges {named(paths, shown)}; what they run is not attested here"
        LOG.warning(warning, extra={"event": LogEvent.EXEMPT_PATHS})
    return paths


async def prod_policy(binauthz: BinaryAuthorization, settings: PolicySettings) -> ProdPolicy:
    """Read the policy that admits images in prod.

    Raises:
        Rejected: it holds what is not understood here.
        Unavailable: it cannot be read.
    """
    async with together() as group:  # ours says whether Google's counts, and nearly always it does
        asking = group.create_task(settle(binauthz.system_patterns(settings.location)))
        policy = await binauthz.policy(settings.project)
        if not policy.uses_system_policy:
            asking.cancel()
    system = all_of([asking.result()])[0] if policy.uses_system_policy else ()
    return ProdPolicy(policy, system, settings.place)
