"""One staged function as a process of its own, to be measured, killed, and started wrongly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

_START_S: Final = 60.0
_LOOK_S: Final = 0.02


class FunctionProcess:
    """The console script on a staged folder; its log is in a file, its workers are its children."""

    def __init__(self, dist: Path, function: str, variables: Mapping[str, str], log: Path) -> None:
        self.port = _free_port()
        self._log = log
        script = Path(sys.executable).with_name("functions-framework")
        with log.open("wb") as lines:
            self._process = subprocess.Popen(
                [script, "--target", function, "--port", str(self.port), "--host", "127.0.0.1"],
                cwd=dist / function,
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **variables},
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_listening(self) -> None:
        """Wait until it takes connections."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(_LOOK_S)
        raise RuntimeError(f"it does not listen; its last words: {self.log()}")

    def log(self) -> str:
        """Everything that it wrote."""
        return self._log.read_text()

    def processes(self) -> list[psutil.Process]:
        """The server and its workers."""
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]

    def resident_bytes(self) -> int:
        """The memory that it holds now, all of its processes together."""
        return sum(process.memory_info().rss for process in self.processes())

    def terminate(self) -> None:
        """Ask it to end, as Cloud Run does when it takes an instance away."""
        self._process.terminate()

    def exit_code(self) -> int:
        """Wait for its end."""
        return self._process.wait(_START_S)

    def kill(self) -> None:
        """End whatever is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def started(dist: Path, function: str, variables: Mapping[str, str], log: Path) -> Iterator[FunctionProcess]:
    """Start a function, and leave nothing of it behind."""
    process = FunctionProcess(dist, function, variables, log)
    try:
        yield process
    finally:
        process.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
