"""Read Git objects and refs through one long-lived `git cat-file --batch-command`."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from local.github.git_process import Git

HEADER_FIELDS = 3


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object; `data` is empty when only its header was asked for."""

    sha: str
    type: str
    size: int
    data: bytes = b""


class ObjectReader:
    """Answer look-ups without a process of their own: a story makes hundreds of them."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = asyncio.Lock()
        self._process: Process | None = None

    async def info(self, name: str) -> GitObject | None:
        """Find what a revision expression names, without its content; None when it names nothing."""
        return (await self.infos([name]))[0]

    async def infos(self, names: Sequence[str]) -> list[GitObject | None]:
        """Find what several expressions name, in one exchange."""
        return await self._ask("info", names)

    async def contents(self, name: str) -> GitObject | None:
        """Read what a revision expression names; None when it names nothing."""
        return (await self._ask("contents", [name]))[0]

    async def close(self) -> None:
        """End the process; the next look-up would start another."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()

    async def _ask(self, command: Literal["info", "contents"], names: Sequence[str]) -> list[GitObject | None]:
        if not all(names) or any("\n" in name for name in names):
            return [None] * len(names)
        async with self._lock:
            try:
                return await self._exchange(command, names)
            except BaseException:
                # Half an answer may still be in the pipe: the next reader would take it for its own.
                self._abandon()
                raise

    async def _exchange(self, command: Literal["info", "contents"], names: Sequence[str]) -> list[GitObject | None]:
        process = await self._running()
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise ConnectionError("git cat-file has no pipes")
        # Not drained: git stops reading while its answers wait, and they wait until they are read below.
        stdin.write("".join(f"{command} {name}\n" for name in names).encode(errors="surrogateescape"))
        return [await answer(stdout, with_data=command == "contents") for _ in names]

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await self._git.start("cat-file", "--batch-command", stdin=PIPE, stderr=DEVNULL)
        return self._process

    def _abandon(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()


async def answer(stdout: StreamReader, *, with_data: bool) -> GitObject | None:
    """Read one answer: `sha type size` and perhaps the content, or something else for what is not there."""
    line = await stdout.readline()
    if not line:
        raise ConnectionError("git cat-file has ended")
    fields = line.decode().rstrip("\n").rsplit(" ", HEADER_FIELDS - 1)
    if len(fields) != HEADER_FIELDS or not fields[2].isdigit():
        return None
    sha, kind, size = fields[0], fields[1], int(fields[2])
    data = (await stdout.readexactly(size + 1))[:-1] if with_data else b""
    return GitObject(sha, kind, size, data)
