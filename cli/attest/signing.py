"""Making sure that images are signed by one key version, whatever other keys the attestor trusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cli.attest.connecting import signing_cloud
from shared.domain.attestation import StoredAttestation
from shared.domain.errors import Rejected, Unavailable
from shared.domain.image import PinnedImage
from shared.workflow.proofs import find_proofs
from shared.workflow.signing import SigningCloud, SigningParty, SigningSettings, SuiteSettings, prove_all, signing_party


@dataclass(slots=True)
class Outcome:
    """What is signed by the key version now, and since just now; what is not; and why not, where it was tried."""

    suite: SuiteSettings
    proofs: list[StoredAttestation] = field(default_factory=list)
    before: frozenset[PinnedImage] = frozenset()
    missing: list[PinnedImage] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """One line an image, for a person."""
        return [
            *(f"{p.image} {'has' if p.image in self.before else 'now has'} {p.occurrence}" for p in self.proofs),
            *(f"{image} is not signed by {self.suite.key_version}" for image in self.missing),
        ]

    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "attestor": self.suite.attestor,
            "key_version": self.suite.key_version,
            "signed": [
                {"image": str(p.image), "occurrence": p.occurrence, "new": p.image not in self.before}
                for p in self.proofs
            ],
            "missing": [str(image) for image in self.missing],
            "failures": self.failures,
        }


async def sign(
    images: Sequence[PinnedImage], suite: SuiteSettings, settings: SigningSettings, *, project: str, trying: bool
) -> Outcome:
    """Look which images are signed by the suite's key version, and unless this is only `trying`, sign the others.

    An attestation by another key of the attestor counts for nothing here: it will not, once that key is gone.
    """
    outcome = Outcome(suite, missing=list(images))
    try:
        async with signing_cloud(project, settings) as cloud:
            party = await _alone(suite, cloud)
            await _look(images, party, cloud, outcome)
            outcome.before = frozenset(proof.image for proof in outcome.proofs)
            if outcome.missing and not trying:
                await _sign(images, party, cloud, outcome)
    except (Rejected, Unavailable, ValueError) as error:
        outcome.failures.append(str(error))
    return outcome


async def _alone(suite: SuiteSettings, cloud: SigningCloud) -> SigningParty:
    party = await signing_party(suite, cloud)
    return replace(party, attestor=party.attestor.trusting_only(party.key.id))


async def _look(images: Sequence[PinnedImage], party: SigningParty, cloud: SigningCloud, outcome: Outcome) -> None:
    looks = await find_proofs(images, party.attestor, cloud.attestations)
    outcome.proofs = [look.proof for look in looks if look.proof is not None]
    outcome.missing = [look.image for look in looks if look.proof is None]


async def _sign(images: Sequence[PinnedImage], party: SigningParty, cloud: SigningCloud, outcome: Outcome) -> None:
    try:
        proven = await prove_all(images, party, cloud)
    except Unavailable as error:
        outcome.failures.append(error.detail)
        await _look(images, party, cloud, outcome)  # some of them may be signed all the same
    else:
        outcome.proofs, outcome.missing = list(proven.proofs), []
