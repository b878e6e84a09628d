"""A stand-in for Secret Manager: secrets, their versions, and their payloads.

The texts are the real service's where they were seen: "Secret Version [...] is in DISABLED state." in
https://github.com/external-secrets/external-secrets/issues/4042 (gRPC, FAILED_PRECONDITION) and for `latest`, which
names the newest version whatever its state, in
https://github.com/google-github-actions/get-secretmanager-secrets/issues/268 (REST, 400).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import google_crc32c
import grpc
from google.cloud import secretmanager_v1
from google.protobuf.empty_pb2 import Empty

from local.google.messages import copy_of, set_fields
from local.google.paging import page_of
from local.google.refusal import Refusal
from local.google.resource_names import require_id, require_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from local.google.dispatch import Handler

SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
PROJECT = "projects/*"
SECRET = "projects/*/secrets/*"  # noqa: S105 - the pattern of a resource name
VERSION = "projects/*/secrets/*/versions/*"

# Documented for secret_id and payload.data in google/cloud/secretmanager/v1.
SECRET_ID = "[a-zA-Z0-9_-]{1,255}"  # noqa: S105 - the pattern of an id
MAX_PAYLOAD_BYTES = 64 * 1024

# Documented for page_size: the default and the maximum are 25,000.
MOST_PAGE = 25_000

State = secretmanager_v1.SecretVersion.State


@dataclass(slots=True)
class _Secret:
    public: secretmanager_v1.Secret
    versions: list[secretmanager_v1.SecretVersion] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)


class SecretManager:
    """Secret Manager in memory."""

    def __init__(self) -> None:
        self._secrets: dict[str, _Secret] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by full RPC name."""
        answered: dict[str, Handler] = {
            "CreateSecret": self._create_secret,
            "GetSecret": self._get_secret,
            "DeleteSecret": self._delete_secret,
            "AddSecretVersion": self._add_version,
            "GetSecretVersion": self._get_version,
            "ListSecretVersions": self._list_versions,
            "AccessSecretVersion": self._access_version,
            "EnableSecretVersion": self._enable_version,
            "DisableSecretVersion": self._disable_version,
            "DestroySecretVersion": self._destroy_version,
        }
        return {f"{SERVICE}/{rpc}": handler for rpc, handler in answered.items()}

    async def _create_secret(self, request: secretmanager_v1.CreateSecretRequest) -> secretmanager_v1.Secret:
        require_name(PROJECT, request.parent)
        require_id(request.secret_id, SECRET_ID, field="secret_id")
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self._secrets:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        secret = copy_of(request.secret)
        set_fields(secret, name=name, create_time=datetime.now(UTC))
        self._secrets[name] = _Secret(secret)
        return copy_of(secret)

    async def _get_secret(self, request: secretmanager_v1.GetSecretRequest) -> secretmanager_v1.Secret:
        return copy_of(self._secret(request.name).public)

    async def _delete_secret(self, request: secretmanager_v1.DeleteSecretRequest) -> Empty:
        del self._secrets[self._secret(request.name).public.name]
        return Empty()

    async def _add_version(self, request: secretmanager_v1.AddSecretVersionRequest) -> secretmanager_v1.SecretVersion:
        secret, data = self._secret(request.parent), request.payload.data
        if not 0 < len(data) <= MAX_PAYLOAD_BYTES:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"The payload must have 1 to {MAX_PAYLOAD_BYTES} bytes.")
        checked = "data_crc32c" in request.payload
        if checked and request.payload.data_crc32c != google_crc32c.value(data):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "The payload does not match its data_crc32c checksum.")
        version = secretmanager_v1.SecretVersion(
            name=f"{request.parent}/versions/{len(secret.versions) + 1}",
            state=State.ENABLED,
            create_time=datetime.now(UTC),
            client_specified_payload_checksum=checked,
        )
        secret.versions.append(version)
        secret.payloads.append(data)
        return copy_of(version)

    async def _get_version(self, request: secretmanager_v1.GetSecretVersionRequest) -> secretmanager_v1.SecretVersion:
        return copy_of(self._version(request.name))

    async def _list_versions(
        self, request: secretmanager_v1.ListSecretVersionsRequest
    ) -> secretmanager_v1.ListSecretVersionsResponse:
        if request.filter:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "The stand-in cloud does not filter versions.")
        versions = self._secret(request.parent).versions[::-1]
        page = page_of(versions, size=request.page_size, token=request.page_token, default=MOST_PAGE, most=MOST_PAGE)
        return secretmanager_v1.ListSecretVersionsResponse(
            versions=[copy_of(version) for version in page.items],
            next_page_token=page.next_page_token,
            total_size=len(versions),
        )

    async def _access_version(
        self, request: secretmanager_v1.AccessSecretVersionRequest
    ) -> secretmanager_v1.AccessSecretVersionResponse:
        version = self._version(request.name)
        _require_state(version, {State.ENABLED})
        data = self._secrets[_secret_of(version.name)].payloads[int(version.name.rpartition("/")[2]) - 1]
        return secretmanager_v1.AccessSecretVersionResponse(
            name=version.name,
            payload=secretmanager_v1.SecretPayload(data=data, data_crc32c=google_crc32c.value(data)),
        )

    async def _enable_version(
        self, request: secretmanager_v1.EnableSecretVersionRequest
    ) -> secretmanager_v1.SecretVersion:
        return self._change_state(request.name, State.ENABLED)

    async def _disable_version(
        self, request: secretmanager_v1.DisableSecretVersionRequest
    ) -> secretmanager_v1.SecretVersion:
        return self._change_state(request.name, State.DISABLED)

    async def _destroy_version(
        self, request: secretmanager_v1.DestroySecretVersionRequest
    ) -> secretmanager_v1.SecretVersion:
        version = self._change_state(request.name, State.DESTROYED)
        secret, number = self._secrets[_secret_of(version.name)], int(version.name.rpartition("/")[2])
        secret.payloads[number - 1] = b""
        set_fields(secret.versions[number - 1], destroy_time=datetime.now(UTC))
        return copy_of(secret.versions[number - 1])

    def _change_state(self, name: str, state: int) -> secretmanager_v1.SecretVersion:
        version = self._version(name)
        _require_state(version, {State.ENABLED, State.DISABLED})
        set_fields(version, state=state)
        return copy_of(version)

    def _secret(self, name: str) -> _Secret:
        require_name(SECRET, name)
        if name not in self._secrets:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found.")
        return self._secrets[name]

    def _version(self, name: str) -> secretmanager_v1.SecretVersion:
        """Return a version by its number, or the newest by `latest`, whatever its state."""
        *_, number = require_name(VERSION, name)
        secret = self._secrets.get(_secret_of(name))
        if not secret or not secret.versions:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret [{_secret_of(name)}] not found or has no versions.")
        if number == "latest":
            return secret.versions[-1]
        if number.isdecimal() and 0 < int(number) <= len(secret.versions):
            return secret.versions[int(number) - 1]
        raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")


def _secret_of(version_name: str) -> str:
    return version_name.rpartition("/versions/")[0]


def _require_state(version: secretmanager_v1.SecretVersion, allowed: Collection[int]) -> None:
    if version.state not in allowed:
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{version.name}] is in {version.state.name} state."
        )
