"""The error that a stand-in Google service raises to refuse a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc


class Refusal(Exception):  # noqa: N818 - a refusal is an ordinary answer of a service, no programming error
    """A call refused with a canonical status (google.rpc.Code) and the message that the real service gives.

    The dispatcher turns it into `context.abort` on gRPC and into `{"error": {"code", "message", "status"}}` on REST.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
