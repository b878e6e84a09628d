"""Smart HTTP for `git clone` and `git push`: Git's own `http-backend`, run as a CGI program."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from local.github.git_process import clean_environment

CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


@dataclass(frozen=True, slots=True)
class GitRequest:
    """One HTTP request of a git client, on the path below the repository, for example `/info/refs`."""

    method: str
    path: str
    query: str
    content_type: str
    protocol: str
    body: bytes

    @property
    def is_push(self) -> bool:
        """Whether the request belongs to a push, which needs write access."""
        return "git-receive-pack" in (self.path.removeprefix("/"), self.query.removeprefix("service="))


@dataclass(frozen=True, slots=True)
class GitResponse:
    """What the backend answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def serve(repository: Path, request: GitRequest, *, user: str, hooks: Mapping[str, str]) -> GitResponse:
    """Hand a request to `git http-backend`; `user` is who asks, `hooks` what the hooks find in their environment."""
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        env={**clean_environment(), **hooks, **cgi(repository, request, user)},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    stdout, stderr = await process.communicate(request.body)
    if process.returncode and not stdout:
        return GitResponse(HTTPStatus.INTERNAL_SERVER_ERROR, stderr)
    return parsed(stdout)


def cgi(repository: Path, request: GitRequest, user: str) -> dict[str, str]:
    """Write a request as the variables of CGI (RFC 3875) and of git-http-backend(1)."""
    return {
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.protocol,
        "PATH_INFO": f"/{repository.name}{request.path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "REMOTE_USER": user,
        "REMOTE_ADDR": "127.0.0.1",
    }


def parsed(output: bytes) -> GitResponse:
    """Split a CGI answer into status, headers and body."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = headers.pop("Status", "200").split(" ")[0]
    return GitResponse(int(status), body, headers)
