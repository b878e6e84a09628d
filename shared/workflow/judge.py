"""Looking at everything that a release rests on, and judging it: what was tested, what prod runs, and prod's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all, together
from shared.clients.github import GitHub, Repository
from shared.clients.github.git import Commit
from shared.clients.github.statuses import Status
from shared.domain.attestation import StoredAttestation
from shared.domain.attestors import Attestor
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found
from shared.domain.events import ReportedCompletion
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict
from shared.domain.pull_request import ReleaseReport, SuitePassed, image_changes
from shared.domain.release import Release, read_release, require_readable
from shared.workflow.environment import (
    CommitContents,
    PolicySettings,
    ProdPolicy,
    contents_of,
    prod_policy,
    require_on_dev,
    status_context,
)
from shared.workflow.proofs import find_proofs
from shared.workflow.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class PromoteSettings:
    """The environments repository, prod's policy, the suites that a release requires with their attestors.

    `attester_login` is the App that sets the suites' statuses; a status by anybody else does not count.
    """

    environment: EnvironmentSettings
    policy: PolicySettings
    suites: Mapping[str, str]
    attester_login: str


@dataclass(frozen=True, slots=True)
class PromotingCloud:
    """What promoting needs of the world."""

    settings: PromoteSettings
    github: GitHub
    binauthz: BinaryAuthorization
    attestations: Attestations


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks: the repository for this event, everything else, and whether what is missing may still come."""

    repository: Repository
    cloud: PromotingCloud
    settling: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a commit holds, and the newest status of each required suite on it, where one was looked for."""

    commit: Commit
    contents: CommitContents
    statuses: Mapping[str, Status | None]


async def look_at_tested(reported: ReportedCompletion, looking: Looking) -> Standing:
    """Read the tested commit and the statuses of the required suites on exactly it."""
    repository, settings = looking.repository, looking.cloud.settings
    commit = await require_on_dev(reported.commit, repository, settings.environment, settling=looking.settling)
    suites = sorted(settings.suites)
    async with together() as group:
        reading = group.create_task(contents_of(commit.tree, repository, settings.environment))
        login = settings.attester_login
        found = await gather_all(repository.statuses.of(commit.sha, status_context(suite), login) for suite in suites)
    return Standing(commit, reading.result(), dict(zip(suites, found, strict=True)))


async def look_at_prod(looking: Looking) -> Standing:
    """Read what prod's head holds."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await repository.git.commit(await repository.git.require_head(environment.prod))
    if commit is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return Standing(commit, await contents_of(commit.tree, repository, environment), {})


@dataclass(frozen=True, slots=True)
class Rules:
    """Prod's policy, and every required attestor: the suites' own, and those that the policy names."""

    prod: ProdPolicy
    attestors: tuple[Attestor, ...]


async def look_at_rules(cloud: PromotingCloud) -> Rules:
    """Read prod's policy and the required attestors."""
    own = set(cloud.settings.suites.values())
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        attestors = await gather_all(map(cloud.binauthz.attestor, own))
    prod = reading.result()
    attestors += await gather_all(map(cloud.binauthz.attestor, set(prod.attestors) - own))
    return Rules(prod, tuple(sorted(attestors, key=attrgetter("name"))))


async def judge(
    reported: ReportedCompletion, tested: Standing, prod: Standing, rules: Rules, looking: Looking
) -> ReleaseReport:
    """Judge everything that the release rests on.

    Raises:
        Rejected: something about it cannot be released, or is missing for good.
        Unavailable: something cannot be checked, or may still be on its way.
    """
    environment = looking.cloud.settings.environment
    suites = tuple(_passed(suite, tested, looking) for suite in tested.statuses)
    require_readable(tested.contents.entries, environment.folders)
    release = read_release(tested.contents.manifests, rules.prod.policy, rules.prod.system)
    proofs = await _proofs(release, rules.attestors, looking)
    return ReleaseReport(
        repository=environment.repository,
        commit=tested.commit.sha,
        web_url=f"{looking.cloud.github.settings.web_url}/{environment.repository}",
        suites=suites,
        changes=image_changes(_fields(prod.contents), release.fields),
        proofs=proofs,
        verdicts=_verdicts(release, rules.prod, proofs),
        files=_changed_files(prod.contents, tested.contents),
        rollback=reported.rollback,
    )


def _passed(suite: str, tested: Standing, looking: Looking) -> SuitePassed:
    status, login = tested.statuses[suite], looking.cloud.settings.attester_login
    if status is None or not status.succeeded:
        what = f"suite {suite}: {tested.commit.sha} has no successful status {status_context(suite)} by {login}"
        raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)
    return SuitePassed(suite, status.target_url)


async def _proofs(release: Release, attestors: Sequence[Attestor], looking: Looking) -> tuple[StoredAttestation, ...]:
    """Prove every image by every required attestor."""
    found = await gather_all(find_proofs(release.to_attest, each, looking.cloud.attestations) for each in attestors)
    for attestor, looks in zip(attestors, found, strict=True):
        for look in looks:
            if look.proof is None:
                what = f"{look.image} has no attestation by {attestor.name}"
                raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)
    return tuple(look.proof for looks in found for look in looks if look.proof is not None)


def _verdicts(release: Release, policy: ProdPolicy, proofs: Sequence[StoredAttestation]) -> tuple[Verdict, ...]:
    """Decide as prod's admission will.

    Raises:
        Rejected: it would deny an image.
    """
    attested = {p.attestor: {q.image.digest for q in proofs if q.attestor == p.attestor} for p in proofs}
    verdicts = [policy.judge(written, attested) for written in release.written]
    for verdict in verdicts:
        if not verdict.admitted:
            raise Rejected(Reason.NOT_ADMITTED, verdict.message)
    return tuple(verdicts)


def _fields(contents: CommitContents) -> tuple[ImageField, ...]:
    return tuple(field for manifest in contents.manifests for field in manifest.images)


def _changed_files(before: CommitContents, after: CommitContents) -> tuple[str, ...]:
    old, new = ({entry.path: (entry.sha, entry.mode) for entry in c.entries} for c in (before, after))
    return tuple(path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
