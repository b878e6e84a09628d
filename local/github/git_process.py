"""Git itself, as child processes on one bare repository."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finished:
    """How a git command ended."""

    code: int
    stdout: bytes
    stderr: bytes


class GitError(Exception):
    """A git command ended with an exit code that its caller did not expect."""

    def __init__(self, arguments: tuple[str, ...], finished: Finished) -> None:
        super().__init__(f"git {' '.join(arguments)}: exit {finished.code}: {finished.stderr.decode(errors='replace')}")
        self.finished = finished


@dataclass(frozen=True, slots=True)
class Git:
    """Run git commands on one bare repository."""

    directory: Path

    async def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        expect: Collection[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run one git command to its end.

        Raises:
            GitError: the exit code is not one of `expect`.
        """
        process = await self.start(*arguments, environment=environment, stdin=DEVNULL if stdin is None else PIPE)
        stdout, stderr = await process.communicate(stdin)
        finished = Finished(process.returncode or 0, stdout, stderr)
        if finished.code not in expect:
            raise GitError(arguments, finished)
        return finished

    async def lines(self, *arguments: str) -> list[str]:
        """Run one git command and split its output into lines."""
        return (await self.run(*arguments)).stdout.decode().splitlines()

    async def start(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        stdin: int = PIPE,
        stderr: int = PIPE,
    ) -> Process:
        """Start a git command with pipes on its standard streams."""
        return await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=self.directory,
            env={**clean_environment(), "GIT_DIR": str(self.directory), **(environment or {})},
            stdin=stdin,
            stdout=PIPE,
            stderr=stderr,
        )


def clean_environment() -> dict[str, str]:
    """Give an environment in which no configuration of the user's own changes what git does."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
