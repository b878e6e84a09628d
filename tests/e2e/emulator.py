"""Google's Pub/Sub emulator beside a world: a process group of its own on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.local.google.pubsub.emulator import program

_START_S: Final = 30.0
_LOOK_S: Final = 0.05
EMULATOR: Final = program()


@contextmanager
def emulator(launcher: Path) -> Iterator[str]:
    """Run the emulator, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # Its own group: the launcher does not exec, and would leave Java behind.
    process = subprocess.Popen(
        [launcher, "--host=127.0.0.1", f"--port={port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(_LOOK_S)
    raise TimeoutError(f"the emulator does not listen on port {port} after {_START_S:g} s")
