"""The person at the keyboard of these tests has no logins of their own, and runs commands in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cli.__main__ import main
from tests.cli.google import Cloud, running_cloud

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the logins of whoever runs the tests out of them."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("docker")))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Google's services, and the variable that leads to them."""
    with running_cloud() as running:
        monkeypatch.setenv("PRODGATE_GOOGLE_ENDPOINT", running.google.grpc_target)
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; answer its status, and what it printed."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(list(map(str, arguments)))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command
