"""Binary Authorization: the prod policy, attestors with their keys, and the service's own verdict on an attestation."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from google.cloud.binaryauthorization_v1 import (
    Attestor as AttestorMessage,
)
from google.cloud.binaryauthorization_v1 import (
    BinauthzManagementServiceV1AsyncClient,
    GetAttestorRequest,
    GetPolicyRequest,
    GetSystemPolicyRequest,
    PkixPublicKey,
    SystemPolicyV1AsyncClient,
    ValidateAttestationOccurrenceRequest,
    ValidateAttestationOccurrenceResponse,
    ValidationHelperV1AsyncClient,
)
from google.cloud.binaryauthorization_v1 import (
    Policy as PolicyMessage,
)
from google.cloud.binaryauthorization_v1.services.validation_helper_v1.transports.base import DEFAULT_CLIENT_INFO
from google.protobuf.json_format import MessageToDict, ParseDict

from shared.clients import calls
from shared.domain.attestation import Attestation
from shared.domain.attestors import Attestor, AttestorKey
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, shown
from shared.domain.policy import Policy

_ValidateRequest: Final = type(ValidateAttestationOccurrenceRequest.pb(ValidateAttestationOccurrenceRequest()))
_VERIFIED: Final = ValidateAttestationOccurrenceResponse.Result.VERIFIED


@dataclass(frozen=True, slots=True)
class BinaryAuthorizationClients:
    """The three Google clients that one service needs."""

    management: BinauthzManagementServiceV1AsyncClient
    system_policy: SystemPolicyV1AsyncClient
    validation: ValidationHelperV1AsyncClient


@dataclass(frozen=True, slots=True)
class _Kept:
    attestor: Attestor
    until: float


class BinaryAuthorization:
    """Reads policies and attestors, and asks for the service's verdict on attestations."""

    def __init__(
        self,
        clients: BinaryAuthorizationClients,
        *,
        attestors_kept_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        validate = clients.validation.transport.validate_attestation_occurrence
        self._validate = calls.Direct(validate, DEFAULT_CLIENT_INFO, routed_by="attestor")
        self._attestors_kept_s = attestors_kept_s
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def policy(self, project: str) -> Policy:
        """Read the policy of a project.

        Raises:
            Rejected: it is empty, or holds what is not understood here; it admits nothing.
            Unavailable: it cannot be read.
        """
        request = GetPolicyRequest(name=f"projects/{project}/policy")
        answer = await calls.invoke(calls.GET_POLICY, self._clients.management.get_policy, request)
        return Policy.read(_document(answer))

    async def system_patterns(self, location: str) -> tuple[str, ...]:
        """Read the allowlist of Google's system policy, `location` as in `us-central1`.

        Raises:
            Unavailable: it cannot be read.
        """
        request = GetSystemPolicyRequest(name=f"locations/{location}/policy")
        answer = await calls.invoke(calls.GET_SYSTEM_POLICY, self._clients.system_policy.get_system_policy, request)
        return tuple(pattern.name_pattern for pattern in answer.admission_whitelist_patterns)

    async def attestor(self, name: str, *, trusting: str | None = None) -> Attestor:
        """Read an attestor, `projects/P/attestors/A`, or answer one that was read at most `attestors_kept_s` ago.

        The project may read 100 times a minute (Binary Authorization quotas). A key that was taken off counts no
        longer than that: the time runs from before the read, and what cannot be read is not kept. One that is kept and
        lacks the key `trusting` is read again: the key may have been put on since.

        Raises:
            Unavailable: it cannot be read, has no note, or trusts no key that can be verified here.
        """
        async with self._reading[name]:
            kept = self._kept.get(name)
            if kept is None or self._clock() >= kept.until or _lacks(kept.attestor, trusting):
                until = self._clock() + self._attestors_kept_s
                kept = self._kept[name] = _Kept(await self._read_attestor(name), until)
        return kept.attestor

    async def require_valid(self, attestor: Attestor, attestation: Attestation) -> None:
        """Have the service verify an attestation before it is stored.

        Raises:
            Unavailable: it does not verify, so GKE would not admit the image; or it could not be checked.
        """
        answer = await calls.invoke(calls.VALIDATE_OCCURRENCE, self._validate, _validation(attestor, attestation))
        read = ValidateAttestationOccurrenceResponse.pb(answer)  # read as the request is filled, for the same reason
        if read.result != _VERIFIED:
            why = read.denial_reason or "no reason given"
            what = f"{attestor.name} does not verify {attestation.resource_uri}: {why}"
            raise Unavailable(Fault.ATTESTOR_REFUSES, what)

    async def _read_attestor(self, name: str) -> Attestor:
        """Read it under the name that was asked for: the answer may say the project's number where we say its id."""
        request = GetAttestorRequest(name=name)
        answer = await calls.invoke(calls.GET_ATTESTOR, self._clients.management.get_attestor, request)
        if answer.name.rpartition("/")[2] != name.rpartition("/")[2]:
            what = f"Binary Authorization answered with the attestor {shown(answer.name)}, not with {name}"
            raise Unavailable(Fault.WRONG_ANSWER, what)
        return _attestor(name, answer)


def _validation(attestor: Attestor, attestation: Attestation) -> ValidateAttestationOccurrenceRequest:
    """Fill the request as protobuf's own message: proto-plus takes many times as long, once for each image."""
    filled = _ValidateRequest(
        attestor=attestor.name,
        occurrence_note=attestation.note,
        occurrence_resource_uri=attestation.resource_uri,
    )
    filled.attestation.serialized_payload = attestation.payload
    for signature in attestation.signatures:
        filled.attestation.signatures.add(public_key_id=signature.key_id, signature=signature.value)
    request: ValidateAttestationOccurrenceRequest = ValidateAttestationOccurrenceRequest.wrap(filled)
    return request


def _document(answer: PolicyMessage) -> dict[str, Any]:
    """Turn a policy into its JSON form.

    Raises:
        Rejected: it has fields that this client's version does not know: they would be left out, unseen.
    """
    message = PolicyMessage.pb(answer)
    document: dict[str, Any] = MessageToDict(message)
    if ParseDict(document, PolicyMessage.pb(PolicyMessage())).ByteSize() != message.ByteSize():
        why = "has fields that this version does not know; what they ask for cannot be evaluated"
        raise Rejected(Reason.MALFORMED_POLICY, f"the policy {why}")
    return document


def _lacks(attestor: Attestor, key: str | None) -> bool:
    return key is not None and attestor.key(key) is None


def _attestor(name: str, answer: AttestorMessage) -> Attestor:
    attestor = Attestor(name, answer.user_owned_grafeas_note.note_reference, _keys(answer))
    listed = len(answer.user_owned_grafeas_note.public_keys)
    if not attestor.note:
        raise Unavailable(Fault.MISCONFIGURED, f"{name} has no note; it can attest nothing")
    if not listed:
        raise Unavailable(Fault.ATTESTOR_WITHOUT_KEYS, f"{name} has no keys; it can attest nothing")
    if not any(key.can_verify for key in attestor.keys):
        why = "they are of PGP, or of algorithms that this version of prodgate does not know"
        raise Unavailable(
            Fault.UNVERIFIABLE_KEYS, f"{name} has {listed} keys, none of which can be verified here: {why}"
        )
    return attestor


def _keys(message: AttestorMessage) -> tuple[AttestorKey, ...]:
    """Take the PKIX keys; one of PGP has no PEM and can verify nothing here."""
    return tuple(
        AttestorKey(
            key.id,
            key.pkix_public_key.public_key_pem,
            calls.enum_name(PkixPublicKey.SignatureAlgorithm, key.pkix_public_key.signature_algorithm),
        )
        for key in message.user_owned_grafeas_note.public_keys
        if key.pkix_public_key.public_key_pem
    )
