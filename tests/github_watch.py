"""Watching every exchange with the stand-in GitHub, in whatever test, and holding it against GitHub's own description.

The description is cut out of GitHub's OpenAPI file by tests/local/github/openapi/extract.py. Query parameters are not
part of what is held; GraphQL has no part in that description, and neither has the redirection of a former name.
"""

from __future__ import annotations

import json
from typing import Any, Final

from jsonschema import ValidationError

from local.github.call import Exchange
from local.github.server import GHES_API
from tests.local.github.contract import Contract

_REDIRECTION: Final = 301
_ERROR: Final = 300
_WORD_CHARACTERS: Final = 24  # what is longer is no word of a closed vocabulary


class Watch:
    """Remembers what broke the description; each shape of an exchange is validated once, since validating is slow."""

    def __init__(self) -> None:
        self._contract = Contract()
        self._seen: set[str] = set()
        self._broken: list[str] = []
        self.validated = 0

    def observe(self, exchange: Exchange) -> None:
        """Hold an exchange against the description; it is told on the server's thread, so nothing is raised here."""
        path = exchange.path.removeprefix(GHES_API)
        undescribed = exchange.operation == "graphql" or path.startswith("/repositories/")
        is_raw = isinstance(exchange.answer.body, bytes)  # `application/vnd.github.raw`, which is the file itself
        if undescribed or is_raw or exchange.answer.status == _REDIRECTION:
            return
        request, answer = _json(exchange.body), _answer(exchange)
        shape = json.dumps([exchange.operation, exchange.answer.status, _shape(request), _shape(answer)])
        if shape in self._seen:
            return
        self._seen.add(shape)
        self.validated += 1
        try:
            sent = request if exchange.answer.status < _ERROR else None
            self._contract.check(exchange.verb, path, request=sent, status=exchange.answer.status, answer=answer)
        except (ValidationError, AssertionError) as error:
            self._broken.append(f"{exchange.verb} {exchange.path}: {exchange.answer.status}: {error}")

    def take(self) -> list[str]:
        """Give what broke the description since the last look."""
        broken, self._broken = self._broken, []
        return broken


def _json(body: bytes) -> Any:
    try:
        sent = json.loads(body) if body else None
    except ValueError:
        return None
    # PyGithub sends labels as a bare list: GitHub takes it, though its description no longer says so.
    return {"labels": sent} if isinstance(sent, list) else sent


def _answer(exchange: Exchange) -> Any:
    answer = exchange.answer.body
    if (
        exchange.operation == "actions/get-workflow-run"
        and isinstance(answer, dict)
        and not answer.get("head_repository")
    ):
        # Of a fork that is gone GitHub says null, which its description forbids.
        return answer | {"head_repository": answer.get("repository")}
    return json.loads(json.dumps(answer))


def _shape(value: Any) -> Any:
    """Keep what a schema can tell apart: keys, types, and words that may be of a closed vocabulary."""
    if isinstance(value, dict):
        return {name: _shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_shape(item)) for item in value})
    if isinstance(value, str):
        return value if len(value) <= _WORD_CHARACTERS and value.replace("_", "").isalpha() else "text"
    return value if value is None or isinstance(value, bool) else "number"
