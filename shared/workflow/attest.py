"""attest_images: prove an attestation for every image that a tested commit would run in prod.

Order, so that nothing is ever called attested that is not: read what the commit would run, the children of indexes too
(see children.py); screen every image (see screening.py) while its attestations are looked for; sign what has none that
counts (see signing.py); only then set the commit's status and publish. Whatever fails in between leaves at most
attestations that the next delivery finds and counts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import together
from shared.clients.github import GitHub, Repository
from shared.clients.github.statuses import State, Status, short_description
from shared.clients.pubsub import Publisher
from shared.domain.attestation import AttestationComplete
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.events import TestPassed
from shared.domain.release import Release, read_release, require_same_images
from shared.domain.vocabulary import LogEvent
from shared.domain.vulnerabilities import sentence
from shared.workflow.children import ChildrenCloud, family_of
from shared.workflow.done import Done
from shared.workflow.environment import (
    PolicySettings,
    judged_contents,
    prod_policy,
    require_configured,
    require_on_dev,
    status_context,
)
from shared.workflow.evidence import EvidenceCloud, Examining, require_evidence
from shared.workflow.proofs import find_proofs
from shared.workflow.reading import ManifestReader
from shared.workflow.screening import ScreeningCloud, screen
from shared.workflow.settings import EnvironmentSettings
from shared.workflow.signing import Proven, SigningCloud, SuiteSettings, prove_found, signing_party

LOG: Final = logging.getLogger("prodgate.attest")
_DIGEST: Final = re.compile(r"@sha256:([0-9a-f]{12})[0-9a-f]{52}", re.ASCII)  # a status has room for 140 characters


@dataclass(frozen=True, slots=True)
class AttestSettings:
    """The environments repository, prod's policy, and the suites that may attest."""

    environment: EnvironmentSettings
    policy: PolicySettings
    suites: Mapping[str, SuiteSettings]


@dataclass(frozen=True, slots=True)
class AttestingCloud:
    """What attesting needs of the world."""

    settings: AttestSettings
    manifests: ManifestReader
    github: GitHub
    binauthz: BinaryAuthorization
    evidence: EvidenceCloud
    screening: ScreeningCloud
    children: ChildrenCloud
    signing: SigningCloud
    publisher: Publisher


async def attest_release(tested: TestPassed, cloud: AttestingCloud, *, settling: bool) -> Done:
    """Attest every image that a tested commit would run in prod, and prove that each one is stored.

    Raises:
        Rejected: the claim is about another repository, suite or commit, or the manifests cannot be released.
        Unavailable: a service did not answer; nothing is lost, the event is redelivered.
    """
    suite = _suite(tested, cloud.settings)
    async with cloud.github.repository() as repository:
        async with together() as group:
            examining = Examining(repository, cloud.settings.environment, settling)
            group.create_task(require_evidence(tested, examining, cloud.evidence))
            releasing = group.create_task(_release(tested, repository, cloud, settling=settling))
            knowing = group.create_task(signing_party(suite, cloud.signing))
        (release, said), party = releasing.result(), knowing.result()
        marked = said is not None and said.succeeded
        is_gated = cloud.screening.settings.has_gate(tested.suite)
        family = await family_of(release.to_attest, cloud.children, is_gated=is_gated, settling=settling)
        try:
            async with together() as group:
                group.create_task(screen(family, tested.suite, cloud.screening, is_known=marked, settling=settling))
                looking = group.create_task(find_proofs(family.images, party.attestor, cloud.signing.attestations))
        except (Rejected, Unavailable) as error:
            await _tell(error, tested, said, repository)
            raise
        proven = await prove_found(looking.result(), party, cloud.signing)
        complete = _complete(tested, proven, release)
        if not marked:
            await _mark(complete, repository)
    await cloud.publisher.publish_event(complete.topic, complete.data())
    exempt = f", {len(release.exempt)} exempt by policy" if release.exempt else ""
    summary = f"{len(proven.proofs)} images attested ({proven.signed} newly){exempt}"
    return Done(summary, changed=bool(proven.signed) or not marked)


def _suite(tested: TestPassed, settings: AttestSettings) -> SuiteSettings:
    require_configured(tested.repository, settings.environment)
    suite = settings.suites.get(tested.suite)
    if suite is None:
        known = ", ".join(sorted(settings.suites))
        raise Rejected(Reason.UNKNOWN_SUITE, f"suite: {tested.suite} is not configured; those are {known}")
    return suite


async def _release(
    tested: TestPassed, repository: Repository, cloud: AttestingCloud, *, settling: bool
) -> tuple[Release, Status | None]:
    """Read what the commit would run, and what this App itself said last about the suite on exactly this commit."""
    environment = cloud.settings.environment
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        commit = await require_on_dev(tested.commit, repository, environment, settling=settling)
        own, login = status_context(tested.suite), cloud.github.settings.login
        looking = group.create_task(repository.statuses.of(tested.commit, own, login))
        contents = await judged_contents(commit.tree, repository, environment, cloud.manifests)
    prod = reading.result()
    release = read_release(contents.manifests, prod.policy, prod.system)
    require_same_images(tested.images, release)
    if release.exempt:
        # Nothing is signed for these, and they may be tags: whoever asks later why one runs finds it here.
        LOG.info("exempt by prod's policy: %s", sentence(release.exempt), extra={"event": LogEvent.EXEMPT})
    return release, looking.result()


async def _tell(error: Rejected | Unavailable, tested: TestPassed, said: Status | None, repository: Repository) -> None:
    """Say on the commit for which scans its suite waits, and once that was said, that it waits no more.

    Whoever finds the event among the dead letters finds there why; the letter itself cannot say it. What was accepted
    stays so.
    """
    waits = isinstance(error, Unavailable) and error.fault is Fault.NOT_SCANNED
    ended = isinstance(error, Rejected) and said is not None and said.state == "pending"
    what = short_description(_DIGEST.sub(r"@\1", error.detail))
    state: State = "pending" if waits else "failure"
    if not (waits or ended) or (
        said is not None and (said.succeeded or (said.state, said.description) == (state, what))
    ):
        return
    context = status_context(tested.suite)
    await repository.statuses.set(tested.commit, context, state, description=what, target_url=tested.run)


def _complete(tested: TestPassed, proven: Proven, release: Release) -> AttestationComplete:
    """Name the images that the manifests name; their children are attested for GKE, and known to nobody else."""
    in_manifests = frozenset(release.to_attest)
    return AttestationComplete(tested, tuple(proof for proof in proven.proofs if proof.image in in_manifests))


async def _mark(complete: AttestationComplete, repository: Repository) -> None:
    """Set the suite's status on exactly the tested commit."""
    tested, context = complete.tested, status_context(complete.tested.suite)
    description = f"{len(complete.proofs)} images attested by {complete.proofs[0].attestor.rpartition('/')[2]}"
    await repository.statuses.succeed(tested.commit, context, description=description, target_url=tested.run)
