"""A staged function as a process: how it starts, ends, and bears a body that nobody should send."""

from __future__ import annotations

import base64
import http.client
import json
import select
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psutil
import pytest
import requests

from local.world.names import ATTEST, FUNCTIONS, FunctionName, variables_of
from shared.domain.vocabulary import LogEvent
from tests.e2e.processes import FunctionProcess, started
from tests.e2e.story import Story, passed

MB: Final = 1024 * 1024
BODY_MB: Final = 40
AT_ONCE: Final = 4
FIRST_CALL: Final = "github.repos/compare-commits"  # among the first of an event in attest_images
LATENCY_S: Final = 0.2  # on each call to the stand-ins, so that the event lasts
OPTIONAL: Final = {  # what falls back to Google's and GitHub's own, or to a default
    "PRODGATE_GOOGLE_ENDPOINT",
    "PRODGATE_PUBSUB_ENDPOINT",
    "PRODGATE_SETTLING_S",
    "PRODGATE_REGISTRY_ENDPOINTS",
    "PRODGATE_GITHUB_API_URL",
    "PRODGATE_GITHUB_WEB_URL",
    "PRODGATE_CLOUD_BUILD_ENDPOINT",
}


@pytest.fixture
def attesting(dist: Path, story: Story, tmp_path: Path) -> Iterator[FunctionProcess]:
    """A second attest_images on the story's world, listening."""
    with started(dist, "attest_images", variables_of(ATTEST, story.world.endpoints, 0), tmp_path / "log") as process:
        process.wait_until_listening()
        yield process


def _replay(process: FunctionProcess, story: Story) -> int:
    message = {"data": base64.b64encode(passed(story.tested)).decode(), "messageId": "1"}
    url = f"http://127.0.0.1:{process.port}/"
    return requests.post(url, json.dumps({"message": message}), timeout=30).status_code


def _send_40_mb(port: int, *, declared: bool) -> int:
    """Send a body in pieces until an answer comes; answer its status, or 0 where the connection was cut instead."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader(*(("Content-Length", BODY_MB * MB) if declared else ("Transfer-Encoding", "chunked")))
    connection.endheaders()
    piece = b"x" * (MB // 4)
    try:
        for _ in range(BODY_MB * 4):
            if select.select([connection.sock], [], [], 0)[0]:
                break
            connection.send(piece if declared else b"%x\r\n%s\r\n" % (len(piece), piece))
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(("declared", "may_grow_mb"), [(True, 4), (False, 36)], ids=["content-length", "chunked"])
def test_a_body_of_40_mb_is_refused_without_memory_for_it(
    declared: bool, may_grow_mb: int, attesting: FunctionProcess, story: Story
) -> None:
    """The framework takes any size; here four at once cost twice one push (14 MB) at most, nothing if declared."""
    assert _replay(attesting, story) == 204
    before = attesting.resident_bytes()
    peak, stop = [before], threading.Event()
    watcher = threading.Thread(target=lambda: _watch(attesting, peak, stop))
    watcher.start()

    with ThreadPoolExecutor(AT_ONCE) as senders:
        statuses = set(senders.map(lambda _: _send_40_mb(attesting.port, declared=declared), range(AT_ONCE)))
    stop.set()
    watcher.join()

    assert statuses <= {413, 0}
    assert attesting.log().count(LogEvent.REFUSED_REQUEST) == AT_ONCE
    assert (max(peak) - before) / MB < may_grow_mb
    assert _replay(attesting, story) == 204


def test_sigterm_lets_the_event_in_flight_finish(attesting: FunctionProcess, story: Story) -> None:
    """Cloud Run takes instances away at any time; a half-done event would only be done again, but need not be."""
    faults = story.world.faults
    assert _replay(attesting, story) == 204
    processes = attesting.processes()
    seen = faults.calls(FIRST_CALL)

    faults.latency_s = LATENCY_S
    try:
        with ThreadPoolExecutor(1) as sender:
            answer = sender.submit(_replay, attesting, story)
            while faults.calls(FIRST_CALL) == seen:
                time.sleep(0.005)
            attesting.terminate()
            status = answer.result()
    finally:
        faults.latency_s = 0

    assert (status, attesting.exit_code()) == (204, 0)
    assert not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_a_start_without_configuration_names_all_of_it_and_ends(dist: Path, story: Story, tmp_path: Path) -> None:
    """One message instead of one variable per attempt to deploy; and no traceback, which would hide it."""
    with ExitStack() as running:
        processes = {
            function: running.enter_context(started(dist, function.function, {}, tmp_path / function.function))
            for function in FUNCTIONS
        }
        codes = {function: process.exit_code() for function, process in processes.items()}
        logs = {function: process.log() for function, process in processes.items()}

    for function in FUNCTIONS:
        first, *problems = logs[function].splitlines()
        assert first == "prodgate cannot start:"
        assert codes[function] == 1
        assert sorted(problem.split()[1] for problem in problems) == _needed(function, story)


def test_a_start_with_broken_values_says_which_and_why(dist: Path, story: Story, tmp_path: Path) -> None:
    """Each value is shown beside what it should look like; the good ones are not mentioned."""
    broken = {"PRODGATE_PROJECT": "No Project", "PRODGATE_SUITES": "{}", "PRODGATE_GITHUB_API_URL": "http://github.com"}
    variables = variables_of(ATTEST, story.world.endpoints, 0) | broken

    with started(dist, "attest_images", variables, tmp_path / "log") as process:
        code, log = process.exit_code(), process.log()

    assert code == 1
    assert {line.split()[1] for line in log.splitlines()[1:]} == broken.keys()
    assert "'No Project'" in log
    assert "Traceback" not in log


def _needed(function: FunctionName, story: Story) -> list[str]:
    return sorted(variables_of(function, story.world.endpoints, 0).keys() - OPTIONAL)


def _watch(process: FunctionProcess, peak: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        peak.append(process.resident_bytes())
