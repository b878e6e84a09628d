"""Running the functions: staged, as they are deployed, or inside this process, where coverage can see them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from shared.runtime.handler import Function
from shared.runtime.webhook import Receiver
from shared.runtime.wiring.attest import attest_function
from shared.runtime.wiring.confirm import confirm_function
from shared.runtime.wiring.pin import pin_function
from shared.runtime.wiring.promote import promote_function
from shared.runtime.wiring.receive import receive_function
from shared.runtime.wiring.resolve import resolve_function

LogListener = Callable[[str, Mapping[str, Any]], None]
"""Told each log entry of a function: its name, and the entry as parsed from its line."""

_START_S: Final = 60.0  # four Python processes on a busy machine
_STOP_S: Final = 10.0
_LOOK_S: Final = 0.02
_LINE_BYTES: Final = 1024 * 1024  # of a log entry; Cloud Logging takes 256 KB
_LAST_WORDS: Final = 50  # lines that are kept of a process in case it does not start
_MAKERS: Final[dict[str, Callable[[Mapping[str, str]], Function[Any] | Receiver]]] = {
    "resolve_image": resolve_function,
    "pin_manifests": pin_function,
    "attest_images": attest_function,
    "open_prod_pr": promote_function,
    "confirm_prod": confirm_function,
    "receive_push": receive_function,
}


class Hosting(Protocol):
    """What runs functions."""

    async def start(self, function: str, variables: Mapping[str, str]) -> str:
        """Start a function and answer the URL that takes its pushes."""

    async def stop(self) -> None:
        """Stop every function."""


class InProcess:
    """Runs functions in this event loop, behind a real HTTP server each.

    Each function that starts takes the root logger over, as it does in its own process; it is given back in the end.
    """

    def __init__(self) -> None:
        self._logging = (list(logging.root.handlers), logging.root.level)
        self._functions: list[Function[Any] | Receiver] = []
        self._servers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def start(self, function: str, variables: Mapping[str, str]) -> str:
        """Serve a function on a free port."""
        made = _MAKERS[function](variables)
        app = Starlette(routes=[Route("/{path:path}", made.answer, methods=["GET", "POST", "PUT", "DELETE"])])
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, log_level="error", lifespan="off")
        )
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event, to wait for
            await asyncio.sleep(_LOOK_S)
        self._functions.append(made)
        self._servers.append((server, task))
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"

    async def stop(self) -> None:
        """Stop the servers, then close the functions' clients."""
        for server, _ in self._servers:
            server.should_exit = True
        for _, task in self._servers:
            await task
        for function in self._functions:
            await function.close()
        logging.root.handlers[:], level = self._logging
        logging.root.setLevel(level)


class Staged:
    """Runs each staged folder by the `functions-framework` console script, as Google's buildpack does."""

    def __init__(self, dist: Path, on_log: LogListener) -> None:
        self._dist = dist
        self._on_log = on_log
        self._processes: list[asyncio.subprocess.Process] = []
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, function: str, variables: Mapping[str, str]) -> str:
        """Start the process and wait until it listens.

        Raises:
            RuntimeError: it ended, or does not listen in time; the message has its last words.
        """
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("functions-framework"),
            *("--target", function, "--port", str(port), "--host", "127.0.0.1"),
            cwd=self._dist / function,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1", **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=_LINE_BYTES,
        )
        said: deque[str] = deque(maxlen=_LAST_WORDS)
        reader = asyncio.create_task(self._read(function, process, said))
        self._processes.append(process)
        self._readers.append(reader)
        if not await _listens(process, port):
            _signal_group(process, signal.SIGKILL)
            await reader
            words = "\n".join(said)
            raise RuntimeError(f"{function} does not listen (exit code {process.returncode}):\n{words}")
        return f"http://127.0.0.1:{port}/"

    async def stop(self) -> None:
        """End every process group, its workers with it."""
        for process in self._processes:
            _signal_group(process, signal.SIGTERM)
        for process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                _signal_group(process, signal.SIGKILL)
                await process.wait()
        await asyncio.gather(*self._readers)

    def pids(self) -> list[int]:
        """The process id of each function's server."""
        return [process.pid for process in self._processes]

    async def _read(self, function: str, process: asyncio.subprocess.Process, said: deque[str]) -> None:
        lines = process.stdout or asyncio.StreamReader()
        while line := await lines.readline():
            entry = _entry(line)
            said.append(str(entry.get("message")))
            self._on_log(function, entry)


def _entry(line: bytes) -> Mapping[str, Any]:
    """Read a log line; what is no JSON (gunicorn's own words) becomes a message."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return (
        entry if isinstance(entry, dict) else {"severity": "DEFAULT", "message": line.decode(errors="replace").rstrip()}
    )


async def _listens(process: asyncio.subprocess.Process, port: int) -> bool:
    until = asyncio.get_running_loop().time() + _START_S
    while process.returncode is None and asyncio.get_running_loop().time() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_LOOK_S)
        else:
            writer.close()
            return True
    return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
