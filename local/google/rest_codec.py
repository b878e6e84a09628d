"""REST/JSON of Google APIs to request messages, and answers back.

Documented at https://google.aip.dev/127 and https://protobuf.dev/programming-guides/json/.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from local.google.messages import protobuf_of
from local.google.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.message import Message

# System parameters, documented at https://cloud.google.com/apis/docs/system-parameters: no fields of the request.
SYSTEM_PARAMETERS = frozenset({"alt", "key", "prettyPrint", "fields", "access_token", "quotaUser", "uploadType"})

# The HTTP status of each code: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


def read_request(
    kind: Any, *, body_field: str, body: bytes, query: Iterable[tuple[str, str]], path: Mapping[str, str]
) -> Any:
    """Return the request message: body first, then the query, then the path, which has the last word.

    Bytes may be in the standard or in the URL-safe base64 alphabet; field names in camel or snake case.

    Raises:
        Refusal: INVALID_ARGUMENT, when something is not JSON, or no field of this message.
    """
    request = kind()
    message = protobuf_of(request)
    if body_field and body.strip():
        _merge(_at(message, body_field), _parsed(body))
    for name, value in query:
        if name not in SYSTEM_PARAMETERS and not name.startswith("$"):
            _merge(message, _query_field(message.DESCRIPTOR, name, value))
    for name, value in path.items():
        *parents, field = name.split(".")
        setattr(_at(message, ".".join(parents)), field, value)
    return request


def write_response(response: Any, *, integer_enums: bool) -> str:
    """Return an answer as JSON text, its enums by name or, as the Python REST clients ask, by number."""
    return json_format.MessageToJson(protobuf_of(response), use_integers_for_enums=integer_enums)


def write_refusal(refusal: Refusal) -> tuple[int, str]:
    """Return HTTP status and JSON text of a refusal, as https://google.aip.dev/193 has it."""
    status = HTTP_STATUS.get(refusal.code, 500)
    error = {"code": status, "message": refusal.message, "status": refusal.code.name}
    return status, json.dumps({"error": error})


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise _invalid(f"Invalid JSON payload received. {error}") from error


def _merge(message: Message, fields: Any) -> None:
    try:
        json_format.ParseDict(fields, message)
    except (json_format.ParseError, AttributeError, TypeError) as error:
        raise _invalid(f"Invalid JSON payload received. {error}") from error


def _at(message: Message, field: str) -> Any:
    for name in field.split(".") if field not in ("", "*") else ():
        message = getattr(message, name)
    return message


def _query_field(descriptor: Any, name: str, value: str) -> dict[str, Any]:
    """Return the JSON object that one query parameter stands for: `policy.name=x` is `{"policy": {"name": "x"}}`."""
    head, _, rest = name.partition(".")
    field = next((field for field in descriptor.fields if head in (field.name, field.json_name)), None)
    if field is None or (rest and field.message_type is None):
        raise _invalid(
            f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            f"Field '{name}' could not be found in request message."
        )
    if rest:
        return {head: _query_field(field.message_type, rest, value)}
    return {head: value == "true" if field.type == FieldDescriptor.TYPE_BOOL else value}


def _invalid(sentence: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)
