"""Sending one request to GitHub, and giving whatever goes wrong its name.

PyGithub is blocking, so each request runs on a thread; one of its clients must not serve two threads at once (it keeps
the request on itself, PyGithub #1257), so clients are taken from an idle list and put back.

Rate limits are not waited for here: GitHub may ask for an hour, and Pub/Sub's backoff waits better than a running
function. PyGithub's own throttle (0.25 s between requests, 1 s between writes) is off: an event makes a short burst.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

from github import Auth, Github, GithubException, RateLimitExceededException
from requests.exceptions import RequestException
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry

from shared.clients import calls
from shared.domain.errors import Fault, Unavailable
from shared.domain.secret import SecretText

_OK: Final = 200
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
# A private repository of a free plan has no rulesets: "Upgrade to GitHub Pro or make this repository public to enable
# this feature." Another token would hear the same.
_OF_THE_PLAN: Final = "Upgrade to GitHub"
_LACKING: Final = "FORBIDDEN"  # GraphQL's type for what the token has no permission for
_MOVED: Final = (301, 302, 307, 308)


class _Moved(Exception):  # noqa: N818 - an answer
    """GitHub's redirection: what was asked for is elsewhere now."""


class _Staying(Retry):
    """Tries again, and goes nowhere else.

    PyGithub follows a 301 with any verb (Requester.__requestRaw), so a repository that was renamed or given away would
    be written to under a name that nobody configured.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Say whether an answer is looked at by `increment`."""
        return status_code in _MOVED or super().is_retry(method, status_code, has_retry_after)

    def increment(self, *tried: Any, **how: Any) -> Self:
        """Count a try; raises _Moved for a redirection, and leaves the connection fit for another request."""
        response = how.get("response")
        if isinstance(response, BaseHTTPResponse) and response.status in _MOVED:
            response.drain_conn()
            raise _Moved(str(response.status))
        return super().increment(*tried, **how)


_RETRY: Final = _Staying(
    total=calls.GITHUB_RETRIES,
    allowed_methods=("GET", "PATCH"),  # a POST whose answer was lost is looked for first, when the event comes again
    status_forcelist=(500, 502, 503, 504),
    backoff_factor=calls.GITHUB_BACKOFF_S,
    respect_retry_after_header=False,
    raise_on_status=False,
)


class Refused(Exception):  # noqa: N818 - an answer, which the caller reads
    """GitHub's 404 or 422, with the sentences of its `errors`, or GraphQL's no: for the caller to understand.

    `named` holds the types and codes that GraphQL gave its errors, `told` what it answered beside them.
    """

    def __init__(
        self, status: int, message: str, named: Iterable[str] = (), told: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.named = frozenset(named)
        self.told: Mapping[str, Any] = told or {}


class Forbidden(Unavailable):
    """GitHub's 403 that is no rate limit; `message` is what it said."""

    def __init__(self, detail: str, message: str) -> None:
        super().__init__(Fault.REFUSED, detail)
        self.message: Final = message


@dataclass(frozen=True, slots=True)
class Access:
    """A repository (`owner/name`), the token for it, and what is to be told when GitHub does not take that token."""

    repository: str
    token: SecretText
    on_denied: Callable[[], None]


class Connection:
    """Requests to one repository with one token; `base_url` is GitHub's, or a GHES or loopback one."""

    def __init__(self, base_url: str, access: Access, executor: Executor) -> None:
        self.repository = access.repository
        self._base_url = base_url
        self._access = access
        self._executor = executor
        self._idle: list[Github] = []

    @property
    def owner(self) -> str:
        """The account that owns the repository."""
        return self.repository.partition("/")[0]

    async def get(self, path: str, /, **parameters: Any) -> Any:
        """Read below `/repos/OWNER/NAME`.

        Raises:
            Refused: 404 or 422.
            Unavailable: anything else but success.
        """
        return await self._send("GET", path, parameters, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Create below `/repos/OWNER/NAME`; raises as `get` does."""
        return await self._send("POST", path, None, body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change below `/repos/OWNER/NAME`; raises as `get` does."""
        return await self._send("PATCH", path, None, body)

    async def delete(self, path: str) -> None:
        """Remove below `/repos/OWNER/NAME`; raises as `get` does."""
        await self._send("DELETE", path, None, None)

    async def query(self, text: str, /, **variables: str) -> Any:
        """Ask GraphQL what REST could tell as well; `$owner` and `$name` are this repository's.

        None where it does not answer all of it, so that REST is asked; for example since this token may not use it.

        Raises:
            Unavailable: GitHub counts our requests, or does not take our token; REST would answer the same.
        """
        owner, _, name = self.repository.partition("/")
        try:
            return await self._on_thread(lambda: self._ask(text, {"owner": owner, "name": name, **variables}))
        except Refused:
            return None
        except Unavailable as error:
            if error.fault is Fault.UNREACHABLE:
                return None
            raise

    async def mutate(self, text: str, /, **asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have GraphQL make mutations, whose inputs are what is asked.

        Raises:
            Refused: one of them was not made, as far as GraphQL says.
            Unavailable: they may or may not have been made, or GitHub counts our requests.
        """
        try:
            answer = await self._on_thread(lambda: self._ask(text, asked))
        except Refused as error:
            # A field that is not shown, beside what was made, is no reason to throw a token away.
            if _LACKING in error.named and not (error.told and all(error.told.values())):
                self._access.on_denied()
            raise
        if not (isinstance(answer, dict) and answer and all(answer.values())):
            raise Refused(_OK, "GraphQL said nothing of what was asked")
        return answer

    def close(self) -> None:
        """Close every idle client."""
        while self._idle:
            self._idle.pop().close()

    async def _send(self, verb: str, path: str, parameters: Any, body: Any) -> Any:
        return await self._on_thread(lambda: self._request(verb, path, parameters, body))

    async def _on_thread(self, work: Callable[[], Any]) -> Any:
        """Work on a thread; what goes wrong crosses back as a value, and is raised here, where tracing can see it.

        An exception that a future throws into a coroutine leaves no trace event in Python 3.11.
        """
        answer = await asyncio.get_running_loop().run_in_executor(self._executor, _caught, work)
        if isinstance(answer, (Refused, Unavailable)):
            raise answer
        return answer

    def _request(self, verb: str, path: str, parameters: Any, body: Any) -> Any:
        url = f"/repos/{self.repository}{path}"
        with self._borrowed(f"{verb} {path}") as client:
            return client.requester.requestJsonAndCheck(verb, url, parameters, input=body)[1]

    def _ask(self, text: str, variables: Mapping[str, Any]) -> Any:
        """Ask by hand: PyGithub makes a 400 of every `errors`, a spent budget among them."""
        try:
            with self._borrowed("POST /graphql") as client:
                url = client.requester.graphql_url
                body = {"query": text, "variables": variables}
                return _data(client.requester.requestJsonAndCheck("POST", url, input=body)[1])
        except Forbidden as error:
            raise Refused(FORBIDDEN, error.message) from error

    @contextmanager
    def _borrowed(self, what: str) -> Iterator[Github]:
        """Use an idle client, which nobody else uses meanwhile, and name whatever goes wrong."""
        client = self._idle.pop() if self._idle else self._client()
        try:
            yield client
        except GithubException as error:
            named = _named(what, error)
            if isinstance(named, Unavailable) and named.fault is Fault.REFUSED and _OF_THE_PLAN not in named.detail:
                self._access.on_denied()
            raise named from error
        except _Moved as moved:
            mend = f"{self.repository} was renamed or moved; set PRODGATE_REPOSITORY to its new name"
            raise Unavailable(Fault.MISCONFIGURED, f"GitHub {what}: {moved}; {mend}") from moved
        except RequestException as error:
            raise Unavailable(Fault.UNREACHABLE, f"GitHub {what}: {error}") from error
        finally:
            self._idle.append(client)

    def _client(self) -> Github:
        return Github(
            auth=Auth.Token(self._access.token.reveal()),
            base_url=self._base_url,
            timeout=calls.GITHUB_TRY_S,
            retry=_RETRY,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )


def _caught(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (Refused, Unavailable) as error:
        return error


def _data(answer: Any) -> Any:
    """Take the data out of GraphQL's answer, whose status is 200 whatever went wrong.

    Source: docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api (`RATE_LIMITED`).
    """
    if not isinstance(answer, dict):
        raise Refused(_OK, "GraphQL answered something else")
    errors = [error for error in answer.get("errors") or () if isinstance(error, dict)]
    named = {str(name) for error in errors for name in (error.get("type"), _code(error)) if name}
    said = "; ".join(str(error.get("message", "")) for error in errors)
    if "RATE_LIMITED" in named or "rate limit" in said.lower():
        raise Unavailable(Fault.RATE_LIMITED, f"GitHub POST /graphql: {said}")
    told = answer.get("data")
    if errors or told is None:
        raise Refused(_OK, said, named, told if isinstance(told, dict) else None)
    return told


def _code(error: Mapping[str, Any]) -> Any:
    """The code that graphql-ruby gives what a request may not say, such as `undefinedField`."""
    extensions = error.get("extensions")
    return extensions.get("code") if isinstance(extensions, dict) else None


def _named(what: str, error: GithubException) -> Exception:
    message = _message(error)
    if error.status in (NOT_FOUND, UNPROCESSABLE):
        return Refused(error.status, message)
    sentence = f"GitHub {what}: {error.status} {message}"
    if isinstance(error, RateLimitExceededException) or error.status == _TOO_MANY:
        return Unavailable(Fault.RATE_LIMITED, sentence)
    if error.status == FORBIDDEN:
        return Forbidden(sentence, message)
    return Unavailable(Fault.UNREACHABLE if error.status >= _SERVER_ERROR else Fault.REFUSED, sentence)


def _message(error: GithubException) -> str:
    """Join GitHub's message with its `errors`, which hold what a 422 is about: objects with a message, or sentences."""
    if not isinstance(error.data, dict):
        return str(error.data)
    details = [
        str(item.get("message", "")) if isinstance(item, dict) else str(item) for item in error.data.get("errors") or ()
    ]
    return " ".join([str(error.data.get("message", "")), *details]).strip()
