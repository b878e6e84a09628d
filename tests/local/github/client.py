"""The clients of these tests: plain HTTP with a contract check on every call, and PyGithub with the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from github.Requester import HTTPRequestsConnectionClass

from tests.local.github.contract import Contract

REPOSITORY = "/repos/mdo/environments"


@dataclass(frozen=True, slots=True)
class Api:
    """Calls on `/repos/mdo/environments` as one account; each answer is validated and must have the wanted status."""

    url: str
    token: str
    session: requests.Session
    contract: Contract

    def ask(self, verb: str, path: str, body: Any = None, /, *, status: int = 200, **query: Any) -> Any:
        """Make one call and give its JSON."""
        response = self.response(verb, REPOSITORY + path, body, query)
        answer = response.json() if response.content else None
        assert response.status_code == status, answer
        self.contract.check(verb, REPOSITORY + path.partition("?")[0], request=body, status=status, answer=answer)
        return answer

    def response(self, verb: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """Make one call and give the whole response, unchecked."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.session.request(verb, self.url + path, json=body, params=query, headers=headers, timeout=30)

    def get(self, path: str, /, *, status: int = 200, **query: Any) -> Any:
        """Make a GET."""
        return self.ask("GET", path, status=status, **query)

    def post(self, path: str, body: Any, *, status: int = 201) -> Any:
        """Make a POST."""
        return self.ask("POST", path, body, status=status)

    def patch(self, path: str, body: Any, *, status: int = 200) -> Any:
        """Make a PATCH."""
        return self.ask("PATCH", path, body, status=status)

    def refused(self, verb: str, path: str, body: Any = None, *, status: int = 422) -> Any:
        """Make a call that must be refused, and give its defects in words: those of `errors`, else the message."""
        answer = self.ask(verb, path, body, status=status)
        defects = [
            error if isinstance(error, str) else error.get("message", error.get("field"))
            for error in answer.get("errors", [])
        ]
        return defects or answer["message"]

    def head(self, branch: str) -> str:
        """Read the SHA at the head of a branch."""
        return str(self.get(f"/git/ref/heads/{branch}")["object"]["sha"])

    def commit(self, files: Mapping[str, str | None], *parents: str, message: str = "change") -> str:
        """Store a commit that changes these files of its first parent; None deletes one."""
        entries = [
            {"path": path, "mode": "100644", "type": "blob", **({"sha": None} if text is None else {"content": text})}
            for path, text in files.items()
        ]
        base = {"base_tree": parents[0]} if parents else {}
        tree = self.post("/git/trees", {"tree": entries, **base})["sha"]
        return str(self.post("/git/commits", {"message": message, "tree": tree, "parents": list(parents)})["sha"])

    def advance(self, branch: str, files: Mapping[str, str | None], *, message: str = "change") -> str:
        """Add a commit to a branch."""
        sha = self.commit(files, self.head(branch), message=message)
        self.patch(f"/git/refs/heads/{branch}", {"sha": sha})
        return sha

    def branch(self, name: str, sha: str) -> None:
        """Create a branch."""
        self.post("/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})

    def open_pull(self, **fields: Any) -> Any:
        """Open a pull request, from dev to prod unless told otherwise."""
        return self.post("/pulls", {"title": "Release", "head": "dev", "base": "prod", "body": "why", **fields})


def checked_connection(contract: Contract) -> type[HTTPRequestsConnectionClass]:
    """Make PyGithub's own connection class, which also validates what went over it."""

    class CheckedConnection(HTTPRequestsConnectionClass):
        def getresponse(self) -> Any:
            response = super().getresponse()
            path = unquote(urlsplit(self.url).path)
            request = json.loads(self.input) if self.input else None
            # PyGithub sends labels as a bare list: GitHub takes it, though its description no longer says so.
            request = {"labels": request} if isinstance(request, list) else request
            answer = json.loads(response.read()) if response.read() else None
            # PyGithub keeps no injected connection for a second request, and closes none either.
            self.close()
            contract.check(self.verb, path, request=request, status=response.status, answer=answer)
            return response

    return CheckedConnection
