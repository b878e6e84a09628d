"""open_prod_pr: open the pull request whose merge runs exactly what was tested, and nothing else.

The event only wakes this step. It looks for itself: is the commit on dev; has every required suite its status on
exactly this commit, set by our own App; is every image proven attested; would prod's policy admit all of them. Then it
makes the snapshot: a commit with the tested tree on top of prod's head, on a branch of its own, with a green status,
and one pull request. Short of anything, nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all, together
from shared.clients.github import GitHub, Repository
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import Status
from shared.clients.secrets import Secrets
from shared.domain.attestation import Attestor, StoredAttestation
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found
from shared.domain.events import ReportedCompletion
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict, evaluate
from shared.domain.pull_request import (
    ReleaseReport,
    SuitePassed,
    branch,
    image_changes,
    is_release_branch,
    released_commit,
)
from shared.domain.release import Release, read_release, require_readable
from shared.workflow.done import Done
from shared.workflow.environment import (
    CommitContents,
    PolicySettings,
    ProdPolicy,
    contents_of,
    prod_policy,
    require_configured,
    require_on_dev,
    status_context,
)
from shared.workflow.proofs import find_proof
from shared.workflow.settings import EnvironmentSettings
from shared.workflow.snapshot import Candidate, publish


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
    secrets: Secrets
    binauthz: BinaryAuthorization
    attestations: Attestations


async def promote_release(reported: ReportedCompletion, cloud: PromotingCloud, *, settling: bool) -> Done:
    """Open or update the pull request of a release, once everything about it is proven.

    Raises:
        Rejected: the release cannot go to prod; the sentence says what is missing.
        Unavailable: a service did not answer, or what is missing may still be on its way.
    """
    require_configured(reported.repository, cloud.settings.environment)
    token = await cloud.secrets.read(cloud.github.settings.token_secret)
    async with cloud.github.repository(token) as repository:
        looking = _Looking(repository, cloud, settling)
        async with together() as group:
            reading_tested = group.create_task(_tested(reported, looking))
            reading_prod = group.create_task(_standing(looking))
            reading_rules = group.create_task(_rules(cloud))
            settled = await _settled(reported, repository, cloud.settings.environment)
        tested, prod, rules = reading_tested.result(), reading_prod.result(), reading_rules.result()
        if tested.commit.tree == prod.commit.tree:
            return Done(f"nothing to promote: prod has the tree of {tested.commit.sha} already", changed=False)
        if settled is not None:
            return Done(settled, changed=False)
        report = await _judge(reported, tested, prod, rules, looking)
        candidate = Candidate(tested.commit, prod.commit, report)
        return await publish(
            candidate, repository, login=cloud.github.settings.login, base=cloud.settings.environment.prod
        )


@dataclass(frozen=True, slots=True)
class _Looking:
    repository: Repository
    cloud: PromotingCloud
    settling: bool


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a commit holds, and the newest status of each required suite on it, where one was looked for."""

    commit: Commit
    contents: CommitContents
    statuses: Mapping[str, Status | None]


async def _tested(reported: ReportedCompletion, looking: _Looking) -> _Standing:
    repository, settings = looking.repository, looking.cloud.settings
    commit = await require_on_dev(reported.commit, repository, settings.environment, settling=looking.settling)
    suites = sorted(settings.suites)
    async with together() as group:
        reading = group.create_task(contents_of(commit.tree, repository, settings.environment))
        login = settings.attester_login
        found = await gather_all(repository.statuses.of(commit.sha, status_context(suite), login) for suite in suites)
    return _Standing(commit, reading.result(), dict(zip(suites, found, strict=True)))


async def _standing(looking: _Looking) -> _Standing:
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await repository.git.commit(await repository.git.require_head(environment.prod))
    if commit is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return _Standing(commit, await contents_of(commit.tree, repository, environment), {})


@dataclass(frozen=True, slots=True)
class _Rules:
    """Prod's policy, and every required attestor: the suites' own, and those that the policy names."""

    prod: ProdPolicy
    attestors: tuple[Attestor, ...]


async def _rules(cloud: PromotingCloud) -> _Rules:
    own = set(cloud.settings.suites.values())
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        attestors = await gather_all(map(cloud.binauthz.attestor, own))
    prod = reading.result()
    attestors += await gather_all(map(cloud.binauthz.attestor, set(prod.policy.default_rule.attestors) - own))
    return _Rules(prod, tuple(sorted(attestors, key=attrgetter("name"))))


async def _settled(
    reported: ReportedCompletion, repository: Repository, environment: EnvironmentSettings
) -> str | None:
    """Say why this release is not to be opened (again), where people or a newer release have settled that."""
    if reported.rollback is not None:
        return None
    releases = [pull for pull in await repository.pulls.newest(environment.prod) if is_release_branch(pull.head)]
    own = [pull for pull in releases if pull.head == branch(reported.commit)]
    if any(pull.is_open for pull in own):
        return None
    if own:
        how = "merged; prod has changed since" if own[0].is_merged else "closed by a person; reopen it to go on"
        return f"#{own[0].number} was {how}"
    return await _superseded(reported.commit, releases, repository)


async def _superseded(commit: str, releases: Sequence[PullRequest], repository: Repository) -> str | None:
    """Compare with the newest open and the newest merged release: an older one never goes over them."""
    newest_open = next((pull for pull in releases if pull.is_open), None)
    newest_merged = next((pull for pull in releases if pull.is_merged), None)
    for pull in (newest_open, newest_merged):
        head = None if pull is None else await repository.git.commit(pull.head_sha)
        other = None if head is None else released_commit(head.message)
        if pull is not None and other is not None and not await repository.git.contains(commit, other):
            return f"#{pull.number} releases {other}, which is newer; replay with rollback.reason to go back"
    return None


async def _judge(
    reported: ReportedCompletion, tested: _Standing, prod: _Standing, rules: _Rules, looking: _Looking
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


def _passed(suite: str, tested: _Standing, looking: _Looking) -> SuitePassed:
    status, login = tested.statuses[suite], looking.cloud.settings.attester_login
    if status is None or not status.succeeded:
        what = f"suite {suite}: {tested.commit.sha} has no successful status {status_context(suite)} by {login}"
        raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)
    return SuitePassed(suite, status.target_url)


async def _proofs(release: Release, attestors: Sequence[Attestor], looking: _Looking) -> tuple[StoredAttestation, ...]:
    """Prove every image by every required attestor."""
    pairs = [(image, attestor) for attestor in attestors for image in release.to_attest]
    found = await gather_all(find_proof(image, attestor, looking.cloud.attestations) for image, attestor in pairs)
    for (image, attestor), proof in zip(pairs, found, strict=True):
        if proof is None:
            what = f"{image} has no attestation by {attestor.name}"
            raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)
    return tuple(proof for proof in found if proof is not None)


def _verdicts(release: Release, policy: ProdPolicy, proofs: Sequence[StoredAttestation]) -> tuple[Verdict, ...]:
    """Decide as prod's admission will.

    Raises:
        Rejected: it would deny an image.
    """
    attested = {p.attestor: {q.image.digest for q in proofs if q.attestor == p.attestor} for p in proofs}
    verdicts = [evaluate(written, policy.policy, attested, system=policy.system) for written in release.written]
    for verdict in verdicts:
        if not verdict.admitted:
            raise Rejected(Reason.NOT_ADMITTED, verdict.message)
    return tuple(verdicts)


def _fields(contents: CommitContents) -> tuple[ImageField, ...]:
    return tuple(field for manifest in contents.manifests for field in manifest.images)


def _changed_files(before: CommitContents, after: CommitContents) -> tuple[str, ...]:
    old, new = ({entry.path: (entry.sha, entry.mode) for entry in c.entries} for c in (before, after))
    return tuple(path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
