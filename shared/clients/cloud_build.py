"""Cloud Build: one build, by REST (cloud.google.com/build/docs/api/reference/rest/v1/projects.locations.builds/get).

Its client library would be the only thing here that needs it; one GET needs none. It runs on a thread, as GitHub's do:
both bring `requests`, which google-auth speaks through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final

from google.auth.exceptions import GoogleAuthError
from requests import Response, Session
from requests.exceptions import RequestException

from shared.clients import calls
from shared.domain.builds import RESOLVED_COMMITS
from shared.domain.errors import Fault, Unavailable
from shared.domain.evidence import Build, CloudBuildTrigger

GOOGLE: Final = "https://cloudbuild.googleapis.com"
_WHAT: Final = "cloudbuild.GetBuild"
_OK: Final = 200
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class CloudBuild:
    """Reads builds; `session` makes the one that signs requests, on the first of them."""

    def __init__(self, url: str, session: Callable[[], Session], executor: Executor) -> None:
        self._url = url
        self._session = session
        self._executor = executor

    async def build(self, expected: CloudBuildTrigger, name: str) -> Build | None:
        """Read a build, or None where there is none of this id.

        Raises:
            Unavailable: it cannot be read.
        """
        path = f"{self._url}/v1/projects/{expected.project}/locations/{expected.location}/builds/{name}"
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._read, path)
        if isinstance(found, Unavailable):
            raise found
        return found

    def _read(self, path: str) -> Build | Unavailable | None:
        """Read on a thread; what goes wrong is returned, see the GitHub client's `Connection`."""
        try:
            with self._session() as session:
                answer = session.get(path, timeout=calls.CLOUD_BUILD_TRY_S, allow_redirects=False)
        except (RequestException, GoogleAuthError) as error:
            return Unavailable(Fault.UNREACHABLE, f"{_WHAT}: {error}")
        if answer.status_code == _NOT_FOUND:
            return None
        return _build(answer) if answer.status_code == _OK else _refused(answer)


def _build(answer: Response) -> Build | Unavailable:
    try:
        found = answer.json()
        return Build(
            str(found.get("buildTriggerId", "")), str(found["status"]), _commits(found.get("sourceProvenance", {}))
        )
    except (ValueError, KeyError, AttributeError):
        return Unavailable(Fault.WRONG_ANSWER, f"{_WHAT}: the answer is no build")


def _commits(provenance: Any) -> frozenset[str]:
    named = (provenance.get(kind, {}).get(field) for kind, field in RESOLVED_COMMITS)
    return frozenset(str(commit) for commit in named if commit)


def _refused(answer: Response) -> Unavailable:
    said = f"{_WHAT}: {answer.status_code} {_message(answer)}"
    if answer.status_code == _TOO_MANY:
        return Unavailable(Fault.RATE_LIMITED, said)
    return Unavailable(Fault.UNREACHABLE if answer.status_code >= _SERVER_ERROR else Fault.REFUSED, said)


def _message(answer: Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason or "without a message"
