"""The errors of a registry: an HTTP status and the JSON body that every client of the protocol reads.

Codes and messages are those of OCI distribution-spec 1.1 ("Error Codes") and, where the specification leaves the
status open, of CNCF Distribution 2.8 (registry/api/v2/errors.go).
"""

from __future__ import annotations

import json
from typing import Any, Final

_ERRORS: Final = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "BLOB_UPLOAD_INVALID": (416, "blob upload invalid"),
    "BLOB_UPLOAD_UNKNOWN": (404, "blob upload unknown to registry"),
    "DENIED": (403, "requested access to the resource is denied"),
    "DIGEST_INVALID": (400, "provided digest did not match uploaded content"),
    "MANIFEST_BLOB_UNKNOWN": (400, "blob unknown to registry"),
    "MANIFEST_INVALID": (400, "manifest invalid"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown"),
    "NAME_INVALID": (400, "invalid repository name"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "PAGINATION_NUMBER_INVALID": (400, "invalid number of results requested"),
    "TOOMANYREQUESTS": (429, "too many requests"),
    "UNAUTHORIZED": (401, "authentication required"),
    "UNAVAILABLE": (503, "service unavailable"),
    "UNSUPPORTED": (405, "The operation is unsupported."),
}


class RegistryRefusal(Exception):  # noqa: N818 - a refusal is an ordinary answer of a registry, no programming error
    """A request refused with one of the protocol's error codes."""

    def __init__(self, code: str, detail: Any = None, *, headers: dict[str, str] | None = None) -> None:
        self.status, self.message = _ERRORS[code]
        super().__init__(f"{code}: {self.message}")
        self.code = code
        self.detail = detail
        self.headers = headers or {}

    @property
    def body(self) -> bytes:
        """The error document, UTF-8 JSON."""
        error = {"code": self.code, "message": self.message}
        if self.detail is not None:
            error["detail"] = self.detail
        return json.dumps({"errors": [error]}).encode()
