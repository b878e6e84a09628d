"""attest_images: prove an attestation for every image that a tested commit would run in prod.

Order, so that nothing is ever called attested that is not: look for proof; sign what has none; verify the signature
with the attestor's own key; let Binary Authorization verify it; store it; read it back; only then set the commit's
status and publish. Whatever fails in between leaves at most attestations that the next delivery finds and counts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all, together
from shared.clients.github import GitHub, Repository
from shared.clients.kms import Signer
from shared.clients.pubsub import Publisher
from shared.clients.secrets import Secrets
from shared.domain.attestation import (
    ECDSA_P256_SHA256,
    Attestation,
    AttestationComplete,
    Attestor,
    Signature,
    StoredAttestation,
    Unproven,
    key_id,
    payload,
    prove,
    trusted_key,
)
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.events import TestPassed
from shared.domain.image import PinnedImage
from shared.domain.release import Release, read_release, require_same_images
from shared.domain.vocabulary import LogEvent
from shared.workflow.done import Done
from shared.workflow.environment import (
    CommitContents,
    PolicySettings,
    judged_contents,
    prod_policy,
    require_configured,
    require_on_dev,
    status_context,
)
from shared.workflow.proofs import find_proof
from shared.workflow.settings import EnvironmentSettings

LOG: Final = logging.getLogger("prodgate.attest")


@dataclass(frozen=True, slots=True)
class SuiteSettings:
    """What a suite's success makes: an attestation by this attestor, signed with this KMS key version."""

    attestor: str
    key_version: str


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
    secrets: Secrets
    binauthz: BinaryAuthorization
    attestations: Attestations
    signer: Signer
    publisher: Publisher


async def attest_release(tested: TestPassed, cloud: AttestingCloud, *, settling: bool) -> Done:
    """Attest every image that a tested commit would run in prod, and prove that each one is stored.

    Raises:
        Rejected: the claim is about another repository, suite or commit, or the manifests cannot be released.
        Unavailable: a service did not answer; nothing is lost, the event is redelivered.
    """
    suite = _suite(tested, cloud.settings)
    LOG.warning(
        "the run %s is believed because CI may publish (evidence: trust-publisher)",
        tested.run,
        extra={"event": LogEvent.EVIDENCE, "evidence": "trust-publisher"},
    )
    token = await cloud.secrets.read(cloud.github.settings.token_secret)
    async with cloud.github.repository(token) as repository:
        async with together() as group:
            releasing = group.create_task(_release(tested, repository, cloud, settling=settling))
            knowing = group.create_task(_attestor(suite, cloud))
        release, attestor = releasing.result(), knowing.result()
        async with together() as group:
            proving = group.create_task(_prove_all(release, attestor, suite, cloud))
            looking = group.create_task(_is_marked(tested, repository, cloud.github.settings.login))
        (proofs, signed), marked = proving.result(), looking.result()
        complete = AttestationComplete(tested, proofs)
        if not marked:
            await _mark(complete, repository)
    await cloud.publisher.publish_event(complete.topic, complete.data())
    exempt = f", {len(release.exempt)} exempt by policy" if release.exempt else ""
    return Done(f"{len(proofs)} images attested ({signed} newly){exempt}", changed=bool(signed) or not marked)


def _suite(tested: TestPassed, settings: AttestSettings) -> SuiteSettings:
    require_configured(tested.repository, settings.environment)
    suite = settings.suites.get(tested.suite)
    if suite is None:
        known = ", ".join(sorted(settings.suites))
        raise Rejected(Reason.UNKNOWN_SUITE, f"suite: {tested.suite} is not configured; those are {known}")
    return suite


async def _release(tested: TestPassed, repository: Repository, cloud: AttestingCloud, *, settling: bool) -> Release:
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        contents = await _contents(tested, repository, cloud.settings.environment, settling=settling)
    prod = reading.result()
    release = read_release(contents.manifests, prod.policy, prod.system)
    require_same_images(tested.images, release)
    return release


async def _contents(
    tested: TestPassed, repository: Repository, environment: EnvironmentSettings, *, settling: bool
) -> CommitContents:
    commit = await require_on_dev(tested.commit, repository, environment, settling=settling)
    return await judged_contents(commit.tree, repository, environment)


async def _attestor(suite: SuiteSettings, cloud: AttestingCloud) -> Attestor:
    attestor = await cloud.binauthz.attestor(suite.attestor)
    _require_key(attestor, suite)
    return attestor


async def _prove_all(
    release: Release, attestor: Attestor, suite: SuiteSettings, cloud: AttestingCloud
) -> tuple[tuple[StoredAttestation, ...], int]:
    found = await gather_all(find_proof(image, attestor, cloud.attestations) for image in release.to_attest)
    missing = [image for image, proof in zip(release.to_attest, found, strict=True) if proof is None]
    made = await gather_all(_attest(image, attestor, suite, cloud) for image in missing)
    return tuple(proof for proof in (*found, *made) if proof is not None), len(made)


def _require_key(attestor: Attestor, suite: SuiteSettings) -> None:
    key = attestor.key(key_id(suite.key_version))
    if key is None:
        raise Unavailable(Fault.MISCONFIGURED, f"{attestor.name} does not trust {key_id(suite.key_version)}")
    if key.algorithm != ECDSA_P256_SHA256:
        raise Unavailable(Fault.MISCONFIGURED, f"{key.id}: the algorithm {key.algorithm} is not supported")


async def _attest(
    image: PinnedImage, attestor: Attestor, suite: SuiteSettings, cloud: AttestingCloud
) -> StoredAttestation:
    attestation = await _signed(image, attestor, suite, cloud)
    name = await cloud.attestations.create(attestation)
    if name is None:
        return await _already_there(image, attestor, cloud)
    proof = prove(await cloud.attestations.get(name), image, attestor)
    if isinstance(proof, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"{name}, read back, does not attest {image}: {proof.why}")
    return proof


async def _signed(image: PinnedImage, attestor: Attestor, suite: SuiteSettings, cloud: AttestingCloud) -> Attestation:
    """Sign the payload, and let both the attestor's key and Binary Authorization verify it before it is stored."""
    data = payload(image)
    signature = Signature(key_id(suite.key_version), await cloud.signer.sign(suite.key_version, data))
    attestation = Attestation(attestor.note, str(image), data, (signature,))
    trusted = trusted_key(attestation, image, attestor)
    if isinstance(trusted, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"the signature by {suite.key_version} is not to be trusted: {trusted.why}")
    await cloud.binauthz.require_valid(attestor, attestation)
    return attestation


async def _already_there(image: PinnedImage, attestor: Attestor, cloud: AttestingCloud) -> StoredAttestation:
    """Somebody stored one between our look and our write, or with a key that is no longer trusted: look again."""
    proof = await find_proof(image, attestor, cloud.attestations)
    if proof is None:
        why = "has an attestation already, but none that a key of the attestor verifies (or it is not listed yet)"
        raise Unavailable(Fault.UNPROVEN, f"{image} {why}")
    return proof


async def _is_marked(tested: TestPassed, repository: Repository, login: str) -> bool:
    """Whether exactly the tested commit has the suite's status already, by this App itself."""
    status = await repository.statuses.of(tested.commit, status_context(tested.suite), login)
    return status is not None and status.succeeded


async def _mark(complete: AttestationComplete, repository: Repository) -> None:
    """Set the suite's status on exactly the tested commit."""
    tested, context = complete.tested, status_context(complete.tested.suite)
    description = f"{len(complete.proofs)} images attested by {complete.proofs[0].attestor.rpartition('/')[2]}"
    await repository.statuses.succeed(tested.commit, context, description=description, target_url=tested.run)
