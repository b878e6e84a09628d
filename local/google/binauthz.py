"""A stand-in for Binary Authorization: policies, attestors and the validation of attestations.

v1beta1 is the same service with one field called otherwise (`userOwnedDrydockNote`); its messages have the numbers of
v1, so that the bytes of the one are read as the other.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.cloud import binaryauthorization_v1 as v1
from google.cloud import binaryauthorization_v1beta1 as v1beta1
from google.protobuf.empty_pb2 import Empty

from local.google.admission_policies import fresh_policy, require_valid_policy, system_policy
from local.google.attestation_check import denial_of
from local.google.messages import copy_of, from_bytes, protobuf_of, set_fields, to_bytes
from local.google.paging import page_of
from local.google.refusal import Refusal
from local.google.resource_names import require_id, require_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.google.dispatch import Handler

MANAGEMENT = "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1"
MANAGEMENT_BETA = "google.cloud.binaryauthorization.v1beta1.BinauthzManagementServiceV1Beta1"
SYSTEM_POLICY = "google.cloud.binaryauthorization.v1.SystemPolicyV1"
VALIDATION = "google.cloud.binaryauthorization.v1.ValidationHelperV1"

PROJECT = "projects/*"
POLICY = "projects/*/policy"
ATTESTOR = "projects/*/attestors/*"
NOTE = "projects/*/notes/*"

# Undocumented in the API; chosen because gcloud and the console show such ids only.
ATTESTOR_ID = "[a-zA-Z0-9_-]{1,100}"

# Undocumented ("the server picks an appropriate default"); the 200 attestors of a project fit on two pages.
DEFAULT_PAGE, MOST_PAGE = 100, 1000


_ValidateResponse: Any = type(protobuf_of(v1.ValidateAttestationOccurrenceResponse()))


class BinaryAuthorization:
    """Binary Authorization in memory."""

    def __init__(self) -> None:
        self._policies: dict[str, v1.Policy] = {}
        self._attestors: dict[str, v1.Attestor] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by full RPC name, of v1 and v1beta1."""
        management: dict[str, tuple[Handler, type, type]] = {
            "GetPolicy": (self._get_policy, v1.GetPolicyRequest, v1beta1.Policy),
            "UpdatePolicy": (self._update_policy, v1.UpdatePolicyRequest, v1beta1.Policy),
            "CreateAttestor": (self._create_attestor, v1.CreateAttestorRequest, v1beta1.Attestor),
            "GetAttestor": (self._get_attestor, v1.GetAttestorRequest, v1beta1.Attestor),
            "ListAttestors": (self._list_attestors, v1.ListAttestorsRequest, v1beta1.ListAttestorsResponse),
            "UpdateAttestor": (self._update_attestor, v1.UpdateAttestorRequest, v1beta1.Attestor),
            "DeleteAttestor": (self._delete_attestor, v1.DeleteAttestorRequest, Empty),
        }
        return {
            **{f"{MANAGEMENT}/{rpc}": handler for rpc, (handler, _, _) in management.items()},
            **{f"{MANAGEMENT_BETA}/{rpc}": _beta(*adapted) for rpc, adapted in management.items()},
            f"{SYSTEM_POLICY}/GetSystemPolicy": self._get_system_policy,
            f"{VALIDATION}/ValidateAttestationOccurrence": self._validate,
        }

    async def _get_policy(self, request: v1.GetPolicyRequest) -> v1.Policy:
        require_name(POLICY, request.name)
        return copy_of(self._policies.get(request.name) or _stamped(fresh_policy(request.name)))

    async def _update_policy(self, request: v1.UpdatePolicyRequest) -> v1.Policy:
        """Replace the whole policy, as documented; a stale etag is refused with ABORTED, as AIP-154 has it."""
        policy = copy_of(request.policy)
        require_name(POLICY, policy.name)
        require_valid_policy(policy)
        current = await self._get_policy(v1.GetPolicyRequest(name=policy.name))
        _require_etag(policy.etag, current.etag)
        set_fields(policy, update_time=datetime.now(UTC))
        self._policies[policy.name] = _stamped(policy)
        return copy_of(policy)

    async def _get_system_policy(self, request: v1.GetSystemPolicyRequest) -> v1.Policy:
        require_name("locations/*/policy", request.name)
        return system_policy(request.name)

    async def _create_attestor(self, request: v1.CreateAttestorRequest) -> v1.Attestor:
        require_name(PROJECT, request.parent)
        require_id(request.attestor_id, ATTESTOR_ID, field="attestor_id")
        name = f"{request.parent}/attestors/{request.attestor_id}"
        if name in self._attestors:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"Requested entity already exists: {name}")
        return self._store(name, request.attestor)

    async def _get_attestor(self, request: v1.GetAttestorRequest) -> v1.Attestor:
        return copy_of(self._attestor(request.name))

    async def _list_attestors(self, request: v1.ListAttestorsRequest) -> v1.ListAttestorsResponse:
        require_name(PROJECT, request.parent)
        attestors = [attestor for name, attestor in self._attestors.items() if name.startswith(f"{request.parent}/")]
        page = page_of(
            attestors, size=request.page_size, token=request.page_token, default=DEFAULT_PAGE, most=MOST_PAGE
        )
        return v1.ListAttestorsResponse(
            attestors=[copy_of(attestor) for attestor in page.items], next_page_token=page.next_page_token
        )

    async def _update_attestor(self, request: v1.UpdateAttestorRequest) -> v1.Attestor:
        current = self._attestor(request.attestor.name)
        _require_etag(request.attestor.etag, current.etag)
        if request.attestor.user_owned_grafeas_note.note_reference != current.user_owned_grafeas_note.note_reference:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "note_reference cannot be updated.")
        return self._store(current.name, request.attestor)

    async def _delete_attestor(self, request: v1.DeleteAttestorRequest) -> Empty:
        del self._attestors[self._attestor(request.name).name]
        return Empty()

    async def _validate(
        self, request: v1.ValidateAttestationOccurrenceRequest
    ) -> v1.ValidateAttestationOccurrenceResponse:
        asked: Any = protobuf_of(request)  # proto-plus is slow, and a release asks a hundred times
        reason = denial_of(self._attestor(asked.attestor), request)
        results = v1.ValidateAttestationOccurrenceResponse.Result
        result = results.ATTESTATION_NOT_VERIFIABLE if reason else results.VERIFIED
        answer: v1.ValidateAttestationOccurrenceResponse = v1.ValidateAttestationOccurrenceResponse.wrap(
            _ValidateResponse(result=result, denial_reason=reason)
        )
        return answer

    def _attestor(self, name: str) -> v1.Attestor:
        require_name(ATTESTOR, name)
        if name not in self._attestors:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {name}")
        return self._attestors[name]

    def _store(self, name: str, wanted: v1.Attestor) -> v1.Attestor:
        attestor = copy_of(wanted)
        require_name(NOTE, attestor.user_owned_grafeas_note.note_reference)
        for key in attestor.user_owned_grafeas_note.public_keys:
            _settle_key(key)
        set_fields(attestor, name=name, update_time=datetime.now(UTC))
        self._attestors[name] = _stamped(attestor)
        return copy_of(attestor)


def _settle_key(key: v1.AttestorPublicKey) -> None:
    """Check a PKIX key; give it the id that resources.proto documents when it has none: RFC 6920 of its DER form."""
    if not key.pkix_public_key.public_key_pem:
        return
    try:
        public_key = load_pem_public_key(key.pkix_public_key.public_key_pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid PKIX public key: {error}") from error
    if not key.id:
        der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        encoded = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        set_fields(key, id=f"ni:///sha-256;{encoded}")


def _stamped(message: Any) -> Any:
    """Set the etag of a policy or attestor: a checksum of everything else in it."""
    message.etag = ""
    message.etag = f'"{hashlib.sha256(to_bytes(message)).hexdigest()[:12]}"'
    return message


def _require_etag(sent: str, current: str) -> None:
    if sent and sent != current:
        raise Refusal(grpc.StatusCode.ABORTED, f"The etag {sent} is not the current one, {current}.")


def _beta(handler: Handler, request_type: type, response_type: type) -> Handler:
    async def answer(request: Any) -> Any:
        response = await handler(from_bytes(request_type, to_bytes(request)))
        return from_bytes(response_type, to_bytes(response))

    return answer
