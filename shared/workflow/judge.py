"""Judging a release: what was tested, what prod runs, and prod's rules."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from shared.clients.gathering import gather_all, together
from shared.clients.github.git import Comparison
from shared.clients.github.statuses import CommitStatuses
from shared.domain.attestation import StoredAttestation
from shared.domain.drift import files_of
from shared.domain.errors import Reason, Rejected, not_found
from shared.domain.image import PinnedImage
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict
from shared.domain.protection import UnreadRules, weaknesses
from shared.domain.pull_request import Commits, CommitSubject, ImageChange, ReleaseReport, SuitePassed, image_changes
from shared.domain.push_times import BroughtPushes
from shared.domain.release import Release, read_release, require_readable
from shared.domain.vocabulary import LogEvent
from shared.workflow.brought import pushes_between
from shared.workflow.cautions import cautions, exempt_caution
from shared.workflow.drift import brought_back_by, require_no_drift
from shared.workflow.environment import CommitContents, ProdPolicy, status_context, warn_of_exempt_paths
from shared.workflow.order import Course
from shared.workflow.promotion import RELEASE_STATUS, Looking, PromoteSettings, Protection, Strategy, Wish
from shared.workflow.proofs import find_proofs
from shared.workflow.scanned import scan_report
from shared.workflow.scene import Scene
from shared.workflow.study import Rules, study

LOG: Final = logging.getLogger("prodgate.judge")
_SNAPSHOT: Final = "Merging runs exactly the tree that was tested: this branch is that tree on top of prod."
_SAME: Final = "Merging runs exactly the tree that was tested: prod has nothing that dev has not."
_MAY_DIFFER: Final = (
    "Merging may run something else than what was tested: prod has commits that dev has not (a squash, a revert, a "
    "change by hand), and GitHub joins both. Merge dev by merge commits only, or use the strategy `snapshot`."
)
_NAMED: Final = 5  # missing suites or attestations; a status shows 140 characters, `rejected` 1,024 bytes
_DELETES: Final = (
    "The repository deletes a branch once it is merged, and {dev} is what would be merged: switch that off, or forbid "
    "the deletion of {dev}."
)
_MOVES: Final = (
    "Whatever is pushed to dev until then is merged with it; the status `{status}` is on the tested commit alone."
)


def missing_suites(statuses: CommitStatuses, settings: PromoteSettings) -> tuple[str, ...]:
    """Name the required suites that have no successful status of ours on a commit."""
    login = settings.attester_login
    found = {suite: statuses.newest(status_context(suite), login) for suite in sorted(settings.suites)}
    return tuple(suite for suite, status in found.items() if status is None or not status.succeeded)


def waited_for(scene: Scene, looking: Looking) -> tuple[str, ...]:
    """Name the required suites that a release still waits for."""
    return missing_suites(scene.statuses, looking.cloud.settings)


def require_suites(scene: Scene, looking: Looking) -> None:
    """Make sure that every required suite has passed for exactly this commit.

    Raises:
        Rejected: one has not; the event that says so is not young any more.
        Unavailable: its status may not be visible yet.
    """
    login = looking.cloud.settings.attester_login
    missing = [
        f"suite {suite}: {scene.tested.sha} has no successful status {status_context(suite)} by {login}"
        for suite in waited_for(scene, looking)
    ]
    _require_nothing(missing, looking)


async def judge(wish: Wish, scene: Scene, course: Course, looking: Looking) -> ReleaseReport:
    """Judge everything that the release rests on.

    Raises:
        Rejected: something about it cannot be released, or is missing for good.
        Unavailable: something cannot be checked, or may still be on its way.
    """
    settings, environment = looking.cloud.settings, looking.cloud.settings.environment
    warnings = _warnings(scene, looking)
    tested, prod, rules = await study(scene, looking)
    require_readable(tested.entries, environment.folders, environment.exempt_paths)
    exempt = warn_of_exempt_paths(tested, environment)
    release = read_release(tested.manifests, rules.prod.policy, rules.prod.system)
    changes = image_changes(_fields(prod), release.fields)
    async with together() as group:
        scanning = group.create_task(scan_report(changes, looking.cloud.vulnerabilities))
        proving = group.create_task(_proofs(release, rules, looking))
        comparison = await _compare(wish, scene, course, looking)
    is_snapshot = wish.rollback is not None or settings.strategy is Strategy.SNAPSHOT
    back: tuple[str, ...] = ()
    if is_snapshot:
        await require_no_drift(wish, scene, course, comparison, looking)
        back = await brought_back_by(wish, scene, course, looking)
    proofs = proving.result()
    return ReleaseReport(
        repository=environment.repository,
        commit=scene.tested.sha,
        web_url=f"{looking.cloud.github.settings.web_url}/{environment.repository}",
        suites=_passed(scene, settings),
        changes=changes,
        proofs=proofs,
        verdicts=_verdicts(release, rules.prod, proofs),
        files=_changed_files(prod, tested),
        promise=_SNAPSHOT if is_snapshot else await _promise(scene, looking),
        commits=_commits(comparison),
        warnings=warnings,
        cautions=(*exempt_caution(exempt), *await cautions(back, course, looking)),
        runbook=settings.pull_request.runbook,
        rollback=wish.rollback,
        woken=looking.woken,
        scans=scanning.result(),
        pushes=_pushes(wish, changes, comparison),
    )


def _pushes(wish: Wish, changes: Sequence[ImageChange], comparison: Comparison | None) -> BroughtPushes | None:
    """Tell which pushes a release brings; what a rollback is compared with are those that it takes back."""
    if comparison is None or wish.rollback is not None:
        return None
    return pushes_between(comparison, [change.name for change in changes])


def _passed(scene: Scene, settings: PromoteSettings) -> tuple[SuitePassed, ...]:
    login = settings.attester_login
    found = [(suite, scene.statuses.newest(status_context(suite), login)) for suite in sorted(settings.suites)]
    return tuple(SuitePassed(suite, status.target_url) for suite, status in found if status is not None)


def _warnings(scene: Scene, looking: Looking) -> tuple[str, ...]:
    """Say what prod's branch rules leave open.

    Raises:
        Rejected: they leave something open, and configuration says that they must not.
    """
    settings = looking.cloud.settings
    found = weaknesses(scene.branch_rules, settings.environment.prod, RELEASE_STATUS, looking.setter)
    if scene.deletes_branch and scene.head == settings.environment.dev:
        found += (_DELETES.format(dev=settings.environment.dev),)
    if found and settings.protection is Protection.ENFORCE:
        what = " ".join(found)
        unread = isinstance(scene.branch_rules, UnreadRules)
        raise not_found(Reason.UNPROTECTED, what, settling=unread and looking.settling)
    for weakness in found:
        LOG.warning("%s", weakness, extra={"event": LogEvent.UNPROTECTED})
    return found


async def _compare(wish: Wish, scene: Scene, course: Course, looking: Looking) -> Comparison | None:
    """Compare with the last release, or with prod where there is none; a rollback the other way round."""
    before = course.last.commit if course.last else scene.prod.sha
    ends = (before, wish.commit) if wish.rollback is None else (wish.commit, before)
    return await looking.repository.git.compare(*ends)


def _commits(comparison: Comparison | None) -> Commits:
    if comparison is None:
        return Commits()
    subjects = tuple(CommitSubject(c.sha, c.message.partition("\n")[0]) for c in reversed(comparison.commits))
    return Commits(subjects, comparison.total)


async def _promise(scene: Scene, looking: Looking) -> str:
    """Say what merging dev does: it is what was tested only where prod has nothing of its own."""
    comparison = await looking.repository.git.compare(scene.prod.sha, scene.tested.sha)
    same = comparison is not None and comparison.is_ahead
    return f"{_SAME if same else _MAY_DIFFER} {_MOVES.format(status=RELEASE_STATUS)}"


async def _proofs(release: Release, rules: Rules, looking: Looking) -> tuple[StoredAttestation, ...]:
    """Prove every image by the attestor of every required suite, and by those that prod requires where it runs."""
    attestors, suites = rules.attestors, set(looking.cloud.settings.suites.values())
    found = await gather_all(find_proofs(release.to_attest, each, looking.cloud.attestations) for each in attestors)
    required = _required(release, rules.prod)
    missing = [
        f"{look.image} has no attestation by {attestor.name}"
        for attestor, looks in zip(attestors, found, strict=True)
        for look in looks
        if look.proof is None and (attestor.name in suites or attestor.name in required[look.image])
    ]
    _require_nothing(missing, looking)
    return tuple(look.proof for looks in found for look in looks if look.proof is not None)


def _required(release: Release, policy: ProdPolicy) -> Mapping[PinnedImage, set[str]]:
    """Every attestor that prod requires of each image, wherever it runs."""
    required: defaultdict[PinnedImage, set[str]] = defaultdict(set)
    for field in release.fields:
        if field.reference.written not in release.exempt:
            required[field.reference.pinned()] |= policy.attestors_of(field.pods)
    return required


def _require_nothing(missing: Sequence[str], looking: Looking) -> None:
    """Make sure that nothing is missing, or name all of it, as much as a person wants to read at once.

    Raises:
        Rejected: something is.
        Unavailable: it may not be visible yet.
    """
    if missing:
        more = f"; and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        what = "; ".join(missing[:_NAMED]) + more
        raise not_found(Reason.INCOMPLETE_RELEASE, what, settling=looking.settling)


def _verdicts(release: Release, policy: ProdPolicy, proofs: Sequence[StoredAttestation]) -> tuple[Verdict, ...]:
    """Decide as prod's admission will.

    Raises:
        Rejected: it would deny an image.
    """
    attested = {p.attestor: {q.image.digest for q in proofs if q.attestor == p.attestor} for p in proofs}
    verdicts = [policy.judge(written, attested, pods) for written, pods in release.pods.items()]
    for verdict in verdicts:
        if not verdict.admitted:
            raise Rejected(Reason.NOT_ADMITTED, verdict.message)
    return tuple(verdicts)


def _fields(contents: CommitContents) -> tuple[ImageField, ...]:
    return tuple(field for manifest in contents.manifests for field in manifest.images)


def _changed_files(before: CommitContents, after: CommitContents) -> tuple[str, ...]:
    old, new = files_of(before.entries), files_of(after.entries)
    return tuple(path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
