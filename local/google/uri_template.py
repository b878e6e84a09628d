"""URI templates of google.api.http: `/v1/{name=projects/*/secrets/*}:access` against a path.

The grammar is documented at https://cloud.google.com/endpoints/docs/grpc-service-config/reference/rpc/google.api#httprule
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_VARIABLE = re.compile(r"\{([a-z_.]+)=([^}]+)\}")
_WILDCARD = re.compile(r"\*\*|\*")


class UriTemplate:
    """One URI template, compiled."""

    def __init__(self, template: str) -> None:
        # "policy.name" cannot name a group, and no field has a double underscore
        pattern = "".join(_pieces(template))
        self._regex = re.compile(pattern)
        # of two templates that match, the one with a verb is meant: a plain one would take ":verb" for a part of the id
        self.has_verb = ":" in template.rpartition("}")[2]

    def match(self, raw_path: str) -> dict[str, str] | None:
        """Return the variables of a percent-encoded path by dotted field name, or None when it does not fit."""
        found = self._regex.fullmatch(raw_path)
        return found and {name.replace("__", "."): unquote(value) for name, value in found.groupdict().items()}


def _pieces(template: str) -> list[str]:
    pieces, end = [], 0
    for variable in _VARIABLE.finditer(template):
        pieces.append(re.escape(template[end : variable.start()]))
        pieces.append(f"(?P<{variable[1].replace('.', '__')}>{_wildcards(variable[2])})")
        end = variable.end()
    return [*pieces, re.escape(template[end:])]


def _wildcards(pattern: str) -> str:
    pieces, end = [], 0
    for wildcard in _WILDCARD.finditer(pattern):
        pieces.append(re.escape(pattern[end : wildcard.start()]))
        pieces.append(".+" if wildcard[0] == "**" else "[^/]+")
        end = wildcard.end()
    return "".join([*pieces, re.escape(pattern[end:])])
