"""attest_images: prove an attestation for every image that a tested commit would run in prod.

Order, so that nothing is ever called attested that is not: read what the commit would run, the children of indexes too
(see children.py); screen every image (see screening.py) and prove it (see signing.py); only then set the commit's
status and publish. Whatever fails in between leaves at most attestations that the next delivery finds and counts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import together
from shared.clients.github import GitHub, Repository
from shared.clients.pubsub import Publisher
from shared.domain.attestation import AttestationComplete
from shared.domain.errors import Reason, Rejected
from shared.domain.events import TestPassed
from shared.domain.release import Release, read_release, require_same_images
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
from shared.workflow.screening import ScreeningCloud, screen
from shared.workflow.settings import EnvironmentSettings
from shared.workflow.signing import SigningCloud, SuiteSettings, prove_all, signing_party

LOG: Final = logging.getLogger("prodgate.attest")


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
        (release, marked), party = releasing.result(), knowing.result()
        is_gated = cloud.screening.settings.has_gate(tested.suite)
        family = await family_of(release.to_attest, cloud.children, is_gated=is_gated, settling=settling)
        await screen(family, tested.suite, cloud.screening, is_known=marked, settling=settling)
        proven = await prove_all(family.images, party, cloud.signing)
        named = tuple(proof for proof in proven.proofs if proof.image in release.to_attest)
        complete = AttestationComplete(tested, named)
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
) -> tuple[Release, bool]:
    """Read what the commit would run, and whether it has the suite's status already."""
    environment = cloud.settings.environment
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        commit = await require_on_dev(tested.commit, repository, environment, settling=settling)
        looking = group.create_task(_is_marked(tested, repository, cloud.github.settings.login))
        contents = await judged_contents(commit.tree, repository, environment)
    prod = reading.result()
    release = read_release(contents.manifests, prod.policy, prod.system)
    require_same_images(tested.images, release)
    return release, looking.result()


async def _is_marked(tested: TestPassed, repository: Repository, login: str) -> bool:
    """Whether exactly the tested commit has the suite's status already, by this App itself."""
    status = await repository.statuses.of(tested.commit, status_context(tested.suite), login)
    return status is not None and status.succeeded


async def _mark(complete: AttestationComplete, repository: Repository) -> None:
    """Set the suite's status on exactly the tested commit."""
    tested, context = complete.tested, status_context(complete.tested.suite)
    description = f"{len(complete.proofs)} images attested by {complete.proofs[0].attestor.rpartition('/')[2]}"
    await repository.statuses.succeed(tested.commit, context, description=description, target_url=tested.run)
