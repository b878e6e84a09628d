"""Resource names: `projects/*/secrets/*` against what a caller sent."""

from __future__ import annotations

import re
from functools import cache

import grpc

from local.google.refusal import Refusal


def require_name(pattern: str, name: str) -> tuple[str, ...]:
    """Return the parts of a name that the pattern's wildcards stand for, none of them empty.

    Raises:
        Refusal: INVALID_ARGUMENT, when the name does not fit. The wording is undocumented; this is ours.
    """
    found = _compiled(pattern).fullmatch(name)
    if not found:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, f'The resource name "{name}" is invalid: it must match "{pattern}".'
        )
    return found.groups()


def require_id(identifier: str, allowed: str, *, field: str) -> None:
    """Check an id that the caller chose against the expression that its service documents.

    Raises:
        Refusal: INVALID_ARGUMENT.
    """
    if not re.fullmatch(allowed, identifier):
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, f'Invalid {field} "{identifier}": it must match the expression {allowed}.'
        )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", "([^/]+)"))
