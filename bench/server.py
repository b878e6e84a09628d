"""One function as it is deployed: the `functions-framework` console script in a process group of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, Self

from bench.load import NotDoneError, deliver_all
from bench.rig import Replay

_START_S: Final = 60.0
_LOOK_S: Final = 0.002
_STOP_S: Final = 10.0
_HOST: Final = "127.0.0.1"


class Server:
    """Runs the function of a replay; use it in a `with` statement, which ends its processes."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.port = _free_port()

    def __enter__(self) -> Self:
        script = Path(sys.executable).with_name("functions-framework")
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [script, "--target", self._replay.target, "--host", _HOST, "--port", str(self.port)],
            cwd=self._replay.folder,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1", **self._replay.variables},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()

    @property
    def group(self) -> int:
        """The id of the process group."""
        return self._process.pid

    def first_answer_s(self) -> float:
        """Deliver the event as soon as the port accepts; the seconds from the start of the process to the answer.

        Raises:
            RuntimeError: the process ended, did not listen in time, or did not answer 2xx; with what it printed.
        """
        with self._connected() as connection:
            connection.close()
        self.deliver(1)
        return time.monotonic() - self.began

    def deliver(self, times: int) -> None:
        """Deliver the event again and again, each after the answer to the one before.

        Raises:
            RuntimeError: an answer was not 2xx; with what the process printed.
        """
        connection = HTTPConnection(_HOST, self.port, timeout=_START_S)
        for _ in range(times):
            connection.request("POST", "/", self._replay.body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status // 100 != 2:  # noqa: PLR2004 - 2xx
                raise self._failure(f"answered {answer.status}")
        connection.close()

    def deliver_all(self, body: bytes, events: int, *, connections: int) -> float:
        """Deliver a body `events` times, at most `connections` at a time; answer the seconds that it took.

        Raises:
            RuntimeError: an answer was not 204; with what the process printed.
        """
        try:
            return asyncio.run(deliver_all(self.port, body, events, connections=connections))
        except NotDoneError as error:
            raise self._failure(str(error)) from error

    def _connected(self) -> socket.socket:
        while time.monotonic() - self.began < _START_S and self._process.poll() is None:
            try:
                return socket.create_connection((_HOST, self.port))
            except OSError:
                time.sleep(_LOOK_S)
        raise self._failure("does not listen")

    def _failure(self, what: str) -> RuntimeError:
        self._output.seek(0)
        return RuntimeError(f"{self._replay.target} {what}:\n{self._output.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((_HOST, 0))
        return int(taken.getsockname()[1])
