"""Watching every exchange with the stand-in GitHub, in whatever test, and holding it against GitHub's own description.

The description is cut out of GitHub's OpenAPI file by tests/local/github/openapi/extract.py. Whatever our own client
sends is held, query and body, whether GitHub took it or not; what tests send by hand to be refused is held only where
it was taken. GraphQL has no part in that description, what is asked of it is held against its published schema; the
redirection of a former name has none in either.
"""

from __future__ import annotations

import json
from typing import Any, Final

from jsonschema import ValidationError

from local.github.call import Exchange
from local.github.graphql import defects_of
from local.github.server import GHES_API
from tests.local.github.contract import Contract

_REDIRECTION: Final = 301
_ERROR: Final = 300
_OUR_CLIENT: Final = "PyGithub/"
_WORD_CHARACTERS: Final = 24  # what is longer is no word of a closed vocabulary


class Watch:
    """Remembers what broke the description; each shape of an exchange is validated once, since validating is slow."""

    def __init__(self) -> None:
        self._contract = Contract()
        self._told_apart = self._contract.constrained("const", "enum", "maximum", "minimum", "pattern")
        self._measured = self._contract.constrained("maxLength", "minLength")
        self._seen: set[str] = set()
        self._broken: list[str] = []
        self.validated = 0

    def observe(self, exchange: Exchange) -> None:
        """Hold an exchange against the description; it is told on the server's thread, so nothing is raised here."""
        if exchange.operation == "graphql":
            self._hold_query(exchange)
        path = exchange.path.removeprefix(GHES_API)
        undescribed = exchange.operation == "graphql" or path.startswith("/repositories/")
        is_raw = isinstance(exchange.answer.body, bytes)  # `application/vnd.github.raw`, which is the file itself
        if undescribed or is_raw or exchange.answer.status == _REDIRECTION:
            return
        request, answer = _json(exchange.body), _answer(exchange)
        is_ours = exchange.agent.startswith(_OUR_CLIENT)
        parts = [dict(exchange.query), self._shape(request), self._shape(answer)]
        shape = json.dumps([exchange.operation, exchange.answer.status, is_ours, *parts], sort_keys=True)
        if shape in self._seen:
            return
        self._seen.add(shape)
        self.validated += 1
        try:
            if is_ours:
                self._contract.check_sent(exchange.verb, path, query=exchange.query, request=request)
            sent = request if exchange.answer.status < _ERROR else None
            self._contract.check(exchange.verb, path, request=sent, status=exchange.answer.status, answer=answer)
        except (ValidationError, AssertionError) as error:
            self._broken.append(f"{exchange.verb} {exchange.path}: {exchange.answer.status}: {error}")

    def _hold_query(self, exchange: Exchange) -> None:
        """Hold our client's queries against GitHub's schema: it does without what is refused, so no test would fail."""
        if exchange.agent.startswith(_OUR_CLIENT):
            sent = json.loads(exchange.body)
            defects = defects_of(str(sent["query"]), sent.get("variables") or {})
            self._broken += [f"{exchange.path}: {defect.message}" for defect in defects]

    def _shape(self, value: Any, name: str = "") -> Any:
        """Keep what a schema can tell apart: keys, types, lengths, and the values of properties that it constrains."""
        if isinstance(value, dict):
            return {key: self._shape(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return sorted({json.dumps(self._shape(item, name)) for item in value})
        if isinstance(value, str):
            if name in self._measured:
                return f"text of {len(value)}"
            return value if name in self._told_apart or _is_word(value) else "text"
        if value is None or isinstance(value, bool) or name in self._told_apart:
            return value
        return "number"

    def take(self) -> list[str]:
        """Give what broke the description since the last look."""
        broken, self._broken = self._broken, []
        return broken


def _is_word(text: str) -> bool:
    """Whether a text may be of a closed vocabulary."""
    return len(text) <= _WORD_CHARACTERS and text.replace("_", "").isalpha()


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
