"""How long every remote call may take and how often it is tried: one table, and one way to make a Google call.

Google's client libraries retry for up to 600 s by themselves (python-api-core, retry_async), far longer than an ack
deadline. So every call here is given its own timeout and retry. Whatever still fails becomes `Unavailable`: the event
is redelivered by Pub/Sub, with backoff, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, Final, TypeVar

from google.api_core import exceptions
from google.api_core.gapic_v1.client_info import ClientInfo
from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.api_core.grpc_helpers_async import wrap_errors
from google.api_core.retry import if_exception_type
from google.api_core.retry_async import AsyncRetry

from shared.domain.errors import Fault, Unavailable

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Call:
    """One remote call: its name in logs, the seconds that one try and all tries together may take."""

    name: str
    try_s: float = 4.0
    total_s: float = 10.0


GET_POLICY: Final = Call("binauthz.GetPolicy")
GET_SYSTEM_POLICY: Final = Call("binauthz.GetSystemPolicy")
GET_ATTESTOR: Final = Call("binauthz.GetAttestor")
VALIDATE_OCCURRENCE: Final = Call("binauthz.ValidateAttestationOccurrence")
LIST_NOTE_OCCURRENCES: Final = Call("grafeas.ListNoteOccurrences")
LIST_OCCURRENCES: Final = Call("grafeas.ListOccurrences")
GET_OCCURRENCE: Final = Call("grafeas.GetOccurrence")
CREATE_OCCURRENCE: Final = Call("grafeas.CreateOccurrence")
BATCH_CREATE_OCCURRENCES: Final = Call("grafeas.BatchCreateOccurrences", try_s=10.0, total_s=20.0)
UPDATE_OCCURRENCE: Final = Call("grafeas.UpdateOccurrence")
DELETE_OCCURRENCE: Final = Call("grafeas.DeleteOccurrence")
GET_PUBLIC_KEY: Final = Call("kms.GetPublicKey")
ASYMMETRIC_SIGN: Final = Call("kms.AsymmetricSign")
ACCESS_SECRET: Final = Call("secrets.AccessSecretVersion")
PUBLISH: Final = Call("pubsub.Publish")

# HTTP calls have no retry of the library's: their clients look at each answer themselves.
REGISTRY_TRY_S: Final = 5.0
REGISTRY_PAUSES_S: Final = (0.2, 0.4)  # before the second and the third try
# How long a request waits, in all, while a registry limits its rate; longer is Pub/Sub's. A question is some three
# requests, and an event is to end as rate-limited before its deadline of 45 s ends it.
REGISTRY_PATIENCE_S: Final = 10.0
# The longest pause, whatever the registry asks for: one odd answer must not close it for a day.
REGISTRY_LONGEST_PAUSE_S: Final = 300.0
REGISTRY_AT_ONCE: Final = 100  # requests to one registry under way at a time
GOOGLE_TOKEN_S: Final = 5.0  # one try to refresh an access token
CLOUD_BUILD_TRY_S: Final = 5.0
GITHUB_TRY_S: Final = 5
GITHUB_RETRIES: Final = 2
GITHUB_BACKOFF_S: Final = 0.2

_RETRIED: Final = if_exception_type(
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
    exceptions.Aborted,
    exceptions.InternalServerError,
)
_FAULTS: Final[dict[type[Exception], Fault]] = {
    exceptions.ResourceExhausted: Fault.RATE_LIMITED,
    exceptions.ServiceUnavailable: Fault.UNREACHABLE,
    exceptions.DeadlineExceeded: Fault.UNREACHABLE,
    exceptions.InternalServerError: Fault.UNREACHABLE,
    exceptions.Aborted: Fault.UNREACHABLE,
    exceptions.RetryError: Fault.UNREACHABLE,
}


class Direct:
    """Calls a method with less around it than Google's client puts there: one that is called once for each image.

    For each call the client wraps retry, timeout and tracing around its method anew and merges the headers, which takes
    a fifth of a call's time. Here the transport's own method is wrapped once, and is sent the same headers.
    `routed_by` is the field of the request after which Google routes it (google.aip.dev/client-libraries/4222).
    """

    def __init__(self, method: Callable[..., Awaitable[Any]], client: ClientInfo, *, routed_by: str) -> None:
        self._method = wrap_errors(method)  # type: ignore[no-untyped-call] # api-core types only its parts
        self._client = client.to_grpc_metadata()  # type: ignore[no-untyped-call] # as above
        self._routed_by = routed_by

    async def __call__(self, *, request: Any, retry: AsyncRetry, timeout: float) -> Any:  # noqa: ASYNC109 - of each try
        """Call it as one calls the client's own method."""
        route = to_grpc_metadata({self._routed_by: getattr(request, self._routed_by)})  # type: ignore[no-untyped-call] # as above
        return await retry(self._method)(request, timeout=timeout, metadata=(self._client, route))


async def invoke(
    call: Call,
    method: Callable[..., Awaitable[_T]],
    request: Any,
    *,
    answers: tuple[type[exceptions.GoogleAPICallError], ...] = (),
) -> _T:
    """Make one Google call within its time, retrying what is worth it.

    `answers` are refusals that tell the caller something: they are raised as they are.

    Raises:
        Unavailable: anything else that went wrong.
    """
    try:
        return await method(request=request, retry=_retry(call), timeout=call.try_s)
    except answers:
        raise
    except exceptions.GoogleAPIError as error:
        raise unavailable(call, error) from error


@cache
def _retry(call: Call) -> AsyncRetry:
    return AsyncRetry(predicate=_RETRIED, initial=0.1, maximum=1.0, multiplier=2.0, timeout=call.total_s)


def enum_name(kind: type[IntEnum], value: int) -> str:
    """Name an enum's value in an answer; one that is newer than this client has its number for a name."""
    try:
        return kind(value).name
    except ValueError:
        return str(int(value))


def unavailable(call: Call, error: Exception) -> Unavailable:
    """Say which call failed and what the service answered."""
    cause = error.cause if isinstance(error, exceptions.RetryError) and error.cause is not None else error
    fault = next((fault for kind, fault in _FAULTS.items() if isinstance(cause, kind)), Fault.REFUSED)
    return Unavailable(fault, f"{call.name}: {cause}")
