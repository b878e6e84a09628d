"""open_prod_pr: open the pull request whose merge runs exactly what was tested, and nothing else.

The event only wakes this step. It looks for itself: is the commit on dev; has every required suite its status on
exactly this commit, set by our own App; is every image proven attested; would prod's policy admit all of them. Then it
makes the snapshot: a commit with the tested tree on top of prod's head, on a branch of its own, with a green status,
and one pull request. Short of anything, nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all
from shared.clients.github import GitHub, Repository
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.clients.secrets import Secrets
from shared.domain.attestation import StoredAttestation
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found
from shared.domain.events import ReportedCompletion
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict, evaluate
from shared.domain.pull_request import (
    ReleaseReport,
    SuitePassed,
    body,
    branch,
    commit_message,
    fingerprint,
    image_changes,
    is_release_branch,
    released_commit,
    title,
)
from shared.domain.release import Release, read_release
from shared.workflow.done import Done
from shared.workflow.environment import (
    CommitContents,
    PolicySettings,
    ProdPolicy,
    contents_of,
    judged_contents,
    prod_policy,
    require_configured,
    require_on_dev,
    status_context,
)
from shared.workflow.proofs import find_proof
from shared.workflow.settings import EnvironmentSettings

RELEASE_STATUS: Final = "prodgate/release"


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


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A release that may go to prod, with everything that was found out about it."""

    commit: Commit
    prod: Commit
    report: ReleaseReport


async def promote_release(reported: ReportedCompletion, cloud: PromotingCloud, *, settling: bool) -> Done:
    """Open or update the pull request of a release, once everything about it is proven.

    Raises:
        Rejected: the release cannot go to prod; the sentence says what is missing.
        Unavailable: a service did not answer, or what is missing may still be on its way.
    """
    require_configured(reported.repository, cloud.settings.environment)
    token = await cloud.secrets.read(cloud.github.settings.token_secret)
    async with cloud.github.repository(token) as repository:
        commit, prod = await _ends(reported, repository, cloud, settling=settling)
        if commit.tree == prod.tree:
            return Done(f"nothing to promote: prod has the tree of {commit.sha} already", changed=False)
        settled = await _settled(reported, repository, cloud.settings.environment)
        if settled is not None:
            return Done(settled, changed=False)
        candidate = await _judge(reported, commit, prod, _Looking(repository, cloud, settling))
        return await _publish(candidate, repository, cloud)


@dataclass(frozen=True, slots=True)
class _Looking:
    repository: Repository
    cloud: PromotingCloud
    settling: bool


async def _ends(
    reported: ReportedCompletion, repository: Repository, cloud: PromotingCloud, *, settling: bool
) -> tuple[Commit, Commit]:
    environment = cloud.settings.environment
    commit = await require_on_dev(reported.commit, repository, environment, settling=settling)
    prod = await repository.git.commit(await repository.git.require_head(environment.prod))
    if prod is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return commit, prod


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


async def _judge(reported: ReportedCompletion, commit: Commit, prod: Commit, looking: _Looking) -> _Candidate:
    """Look at everything that the release rests on.

    Raises:
        Rejected: something about it cannot be released, or is missing for good.
        Unavailable: something cannot be checked, or may still be on its way.
    """
    cloud, repository = looking.cloud, looking.repository
    environment = cloud.settings.environment
    suites = await gather_all(_passed(suite, commit.sha, looking) for suite in sorted(cloud.settings.suites))
    policy = await prod_policy(cloud.binauthz, cloud.settings.policy)
    contents = await judged_contents(commit.tree, repository, environment)
    before = await contents_of(prod.tree, repository, environment)
    release = read_release(contents.manifests, policy.policy, policy.system)
    proofs = await _proofs(release, policy, looking)
    report = ReleaseReport(
        repository=environment.repository,
        commit=commit.sha,
        web_url=f"{cloud.github.settings.web_url}/{environment.repository}",
        suites=tuple(suites),
        changes=image_changes(_fields(before), release.fields),
        proofs=proofs,
        verdicts=_verdicts(release, policy, proofs),
        files=_changed_files(before, contents),
        rollback=reported.rollback,
    )
    return _Candidate(commit, prod, report)


async def _passed(suite: str, commit: str, looking: _Looking) -> SuitePassed:
    login, context = looking.cloud.settings.attester_login, status_context(suite)
    status = await looking.repository.statuses.of(commit, context, login)
    if status is None or not status.succeeded:
        what = f"suite {suite}: {commit} has no successful status {context} by {login}"
        raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)
    return SuitePassed(suite, status.target_url)


async def _proofs(release: Release, policy: ProdPolicy, looking: _Looking) -> tuple[StoredAttestation, ...]:
    """Prove every image by every required attestor: the suites' own, and those that the policy names."""
    cloud = looking.cloud
    names = sorted({*cloud.settings.suites.values(), *policy.policy.default_rule.attestors})
    attestors = await gather_all(cloud.binauthz.attestor(name) for name in names)
    pairs = [(image, attestor) for attestor in attestors for image in release.to_attest]
    found = await gather_all(find_proof(image, attestor, cloud.attestations) for image, attestor in pairs)
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


async def _publish(candidate: _Candidate, repository: Repository, cloud: PromotingCloud) -> Done:
    snapshot, made = await _snapshot(candidate, repository)
    marked = await _mark(snapshot, candidate, repository, cloud.github.settings.login)
    pull, edited = await _pull_request(candidate, repository, cloud.settings.environment.prod)
    return Done(f"#{pull.number} {pull.title} {pull.url}", changed=made or marked or edited)


async def _snapshot(candidate: _Candidate, repository: Repository) -> tuple[str, bool]:
    """Have the release branch name the tested tree on top of prod's head; answer its commit, and whether that is new.

    Raises:
        Rejected: a branch of this name holds another tree; somebody else's work is not overwritten.
    """
    name, commit = branch(candidate.commit.sha), candidate.commit
    head = await repository.git.head(name)
    existing = await repository.git.commit(head) if head else None
    if existing is not None and existing.tree != commit.tree:
        raise Rejected(Reason.BRANCH_TAKEN, f"the branch {name} holds another tree than {commit.sha}; remove it")
    if existing is not None and existing.parents == (candidate.prod.sha,):
        return existing.sha, False
    message = commit_message(commit.sha, candidate.report.rollback)
    sha = await repository.git.commit_tree(commit.tree, candidate.prod.sha, message)
    moved = await (repository.git.move(name, sha, force=True) if existing else repository.git.create(name, sha))
    if not moved:
        raise Unavailable(Fault.LOST_RACE, f"somebody else made the branch {name} just now")
    return sha, True


async def _mark(snapshot: str, candidate: _Candidate, repository: Repository, login: str) -> bool:
    """Say on the snapshot commit that it is the tested tree; whether that is new."""
    status = await repository.statuses.of(snapshot, RELEASE_STATUS, login)
    if status is not None and status.succeeded:
        return False
    report = candidate.report
    await repository.statuses.succeed(
        snapshot,
        RELEASE_STATUS,
        description=f"The tested tree of {report.commit[:12]}: {len(report.proofs)} attestations proven",
        target_url=f"{report.web_url}/commit/{report.commit}",
    )
    return True


async def _pull_request(candidate: _Candidate, repository: Repository, base: str) -> tuple[PullRequest, bool]:
    """Open the pull request, or bring the open one up to date; answer it, and whether anything changed."""
    head, report = branch(candidate.commit.sha), candidate.report
    new_title, new_body = title(report), body(report)
    existing = await _open_one(repository, head, base)
    if existing is None:
        opened = await repository.pulls.open(head, base, title=new_title, body=new_body)
        if opened is not None:
            return opened, True
        existing = await _open_one(repository, head, base)
    if existing is None:
        raise Unavailable(Fault.LOST_RACE, f"{head} could neither be opened nor found open")
    if fingerprint(existing.body) == fingerprint(new_body):
        return existing, False
    return await repository.pulls.edit(existing.number, title=new_title, body=new_body), True


async def _open_one(repository: Repository, head: str, base: str) -> PullRequest | None:
    return next((pull for pull in await repository.pulls.of(head, base) if pull.is_open), None)
