"""What the tests of the domain are made of: digests, images, keys, and pods with one image."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.domain.attestation import Attestation, Occurrence, Signature, StoredAttestation, prove
from shared.domain.attestors import Attestor, AttestorKey
from shared.domain.errors import Reason, Rejected
from shared.domain.image import Digest, PinnedImage
from shared.domain.manifests import Manifest, read_manifest
from shared.domain.payload import payload

A = Digest("sha256:" + "a" * 64)
B = Digest("sha256:" + "b" * 64)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "eu-docker.pkg.dev/mdo/apps/posts"
PINNED = PinnedImage.parse(f"{NAME}@{A}")
RUN = "https://ci.example/runs/7"
NOTE = "projects/gate/notes/qa"
ATTESTOR_NAME = "projects/gate/attestors/qa"
KEY_ID = "//cloudkms.googleapis.com/v1/projects/gate/k/1"


class Signer:
    """A P-256 key pair, as Cloud KMS would hold it."""

    def __init__(self, key_id: str = KEY_ID) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public = AttestorKey(key_id, pem.decode(), "ECDSA_P256_SHA256")

    def sign(self, data: bytes) -> Signature:
        """Sign under the id of the public key."""
        return Signature(self.public.id, self._key.sign(data, ec.ECDSA(SHA256())))


def attestor(*keys: AttestorKey) -> Attestor:
    """The attestor of the suite qa, with these keys."""
    return Attestor(ATTESTOR_NAME, NOTE, keys)


def occurrence(signer: Signer, image: PinnedImage = PINNED, data: bytes | None = None) -> Occurrence:
    """A stored attestation of an image, with its own payload or another."""
    signed = payload(image) if data is None else data
    return Occurrence("projects/gate/occurrences/1", Attestation(NOTE, str(image), signed, (signer.sign(signed),)))


def proof(image: PinnedImage = PINNED) -> StoredAttestation:
    """Proof for an image, made the only way there is."""
    signer = Signer()
    found = prove(occurrence(signer, image), image, attestor(signer.public))
    assert isinstance(found, StoredAttestation)
    return found


def pod(image: str) -> str:
    """A pod whose only image is written so, quotes and comments included."""
    return f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: app\n      image: {image}\n"


def read(text: str, path: str = "apps/a.yaml", exempt: frozenset[str] = frozenset()) -> Manifest:
    """Read a manifest out of text."""
    return read_manifest(path, text.encode(), exempt)


def written(manifest: Manifest) -> list[str]:
    """Every image of a manifest as it is written."""
    return [image.reference.written for image in manifest.images]


def problems(manifest: Manifest) -> list[tuple[Reason, str]]:
    """Every problem of a manifest: its reason and its sentence."""
    return [(problem.reason, problem.detail) for problem in manifest.problems]


def reason_of(caught: pytest.ExceptionInfo[Rejected]) -> tuple[Reason, str]:
    """A rejection's reason and sentence."""
    return caught.value.reason, caught.value.detail
