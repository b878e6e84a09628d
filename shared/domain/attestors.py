"""Attestors and the keys that they trust, and whether a Cloud KMS key version may sign for one.

Rules:
* A key id is matched as an exact string, and is a hint, never proof.
* The key version that signs must be enabled, made for signing, of an algorithm that Binary Authorization supports, and
  listed by the attestor with the same public key and the same algorithm: GKE verifies with what the attestor says.
* A name of KMS's says what a key is for: `…_SIGN_…` stands for ASYMMETRIC_SIGN alone
  (google/cloud/kms/v1/resources.proto, CryptoKeyVersionAlgorithm).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from shared.domain.algorithms import ALGORITHMS, BY_KMS_NAME, Algorithm, is_same_key
from shared.domain.errors import Fault, Unavailable, shown
from shared.domain.payload import PayloadForm

# Faults for which an attestor attests nothing, whichever key signs: what it lacks is to be mended on the attestor.
USELESS: Final = frozenset({Fault.MISCONFIGURED, Fault.ATTESTOR_WITHOUT_KEYS, Fault.UNVERIFIABLE_KEYS})
KEY_ID_PREFIX: Final = "//cloudkms.googleapis.com/v1/"


@dataclass(frozen=True, slots=True)
class AttestorKey:
    """A public key on an attestor: the id that signatures name, the PEM, and Binary Authorization's algorithm name."""

    id: str
    pem: str
    algorithm: str

    @property
    def can_verify(self) -> bool:
        """Whether signatures by this key can be verified here at all."""
        return self.algorithm in ALGORITHMS

    def verifies(self, signature: bytes, payload: bytes) -> bool:
        """Whether the signature over the payload, in one of its forms, is this key's; False for an unknown algorithm.

        Both forms count, as Binary Authorization itself verifies both.
        """
        algorithm = ALGORITHMS.get(self.algorithm)
        if algorithm is None:
            return False
        return any(algorithm.verifies(self.pem, signature, form.signed(payload)) for form in PayloadForm)


@dataclass(frozen=True, slots=True)
class Attestor:
    """A Binary Authorization attestor: its resource name, its note, and the keys that it trusts now."""

    name: str
    note: str
    keys: tuple[AttestorKey, ...]

    def key(self, key_id: str) -> AttestorKey | None:
        """The key of an id, or None where the attestor does not trust it."""
        return next((key for key in self.keys if key.id == key_id), None)

    def trusting_only(self, key_id: str) -> Attestor:
        """This attestor as it will be once every other key is taken off."""
        return replace(self, keys=tuple(key for key in self.keys if key.id == key_id))


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """A Cloud KMS key version that is enabled: its resource name, KMS's name of its algorithm, its public key."""

    name: str
    algorithm: str
    pem: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key version that may sign for an attestor: made by `signing_key`."""

    version: str
    algorithm: Algorithm

    @property
    def id(self) -> str:
        """The id under which the attestor lists it, and which signatures name."""
        return key_id(self.version)


def key_id(key_version: str) -> str:
    """Name a Cloud KMS key version as gcloud names it on attestors and signatures."""
    return KEY_ID_PREFIX + key_version


def signing_key(version: KeyVersion, attestor: Attestor) -> SigningKey:
    """Make sure that a key version may sign for an attestor.

    Raises:
        Unavailable: it cannot, and the sentence says which of the two to mend.
    """
    algorithm = _algorithm(version)
    listed = attestor.key(key_id(version.name))
    if listed is None:
        raise Unavailable(Fault.KEY_NOT_ON_ATTESTOR, f"{attestor.name} does not trust {key_id(version.name)}")
    if listed.algorithm != algorithm.name:
        differ = f"KMS signs with {algorithm.name}, {attestor.name} lists it as {shown(listed.algorithm)}"
        raise Unavailable(Fault.KEY_ALGORITHM_DIFFERS, f"{version.name}: {differ}")
    if not is_same_key(listed.pem, version.pem):
        differ = f"{attestor.name} lists another public key for {version.name} than KMS"
        raise Unavailable(Fault.PUBLIC_KEY_DIFFERS, differ)
    return SigningKey(version.name, algorithm)


def _algorithm(version: KeyVersion) -> Algorithm:
    if version.algorithm.isdecimal():  # what the client knows has a name
        why = f"KMS gives it the algorithm {version.algorithm}, which this version of prodgate does not know"
        raise Unavailable(Fault.UNUSABLE_KEY, f"{version.name} cannot sign: {why}")
    if "_SIGN_" not in version.algorithm:
        why = f"its purpose is not ASYMMETRIC_SIGN, its algorithm is {shown(version.algorithm)}"
        raise Unavailable(Fault.UNUSABLE_KEY, f"{version.name} cannot sign: {why}")
    algorithm = BY_KMS_NAME.get(version.algorithm)
    if algorithm is None:
        why = f"the algorithm {shown(version.algorithm)} is none that Binary Authorization verifies here"
        raise Unavailable(Fault.UNUSABLE_KEY, f"{version.name}: {why}; use one of {', '.join(sorted(BY_KMS_NAME))}")
    return algorithm
