"""Private registries at a terminal: the logins that `docker login` keeps open them, and nothing prints them."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.__main__ import main
from cli.pin.logins import DockerLogins
from local.registry.tokens import Tokens
from tests.cli.registry import RunningRegistry, running_registry

PASSWORD = "correct horse battery staple"


@pytest.fixture
def private() -> Iterator[RunningRegistry]:
    """A registry with one image, closed to whoever does not know the password."""
    with running_registry() as running:
        running.push("mdo/web", "v1")
        running.registry.tokens = Tokens("docker.io", PASSWORD)
        yield running


def auth(username: str, password: str) -> dict[str, str]:
    """An entry as `docker login` writes it."""
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def config(folder: Path, document: Any) -> Path:
    """A Docker configuration file."""
    file = folder / "config.json"
    file.write_text(json.dumps(document))
    return file


def program(folder: Path, name: str, answer: str) -> None:
    """A credential helper on PATH that answers the same to everybody, and counts."""
    file = folder / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\ncat > /dev/null\necho x >> {folder}/asked\nprintf '%s' '{answer}'\n")
    file.chmod(0o755)


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io"])
def test_a_login_opens_a_private_image(
    key: str, private: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can pull an image can pin it."""
    logins = config(tmp_path, {"auths": {key: auth("dana", PASSWORD)}})

    status = main(["resolve", "mdo/web:v1", private.option, f"--registry-config={logins}"])

    printed = capsys.readouterr()
    assert status == 0
    assert printed.out.startswith("docker.io/mdo/web@sha256:")
    assert PASSWORD not in printed.out + printed.err


def test_without_a_login_the_refusal_is_named(
    private: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody should take a closed door for a missing image."""
    status = main(["resolve", "mdo/web:v1", private.option, f"--registry-config={config(tmp_path, {})}"])

    assert status == 2
    assert "docker.io" in capsys.readouterr().err


def test_a_credential_helper_is_asked_once(
    private: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keyring that asks its owner to unlock it must not ask for every image."""
    program(tmp_path, "test", json.dumps({"Username": "dana", "Secret": PASSWORD}))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    logins = config(tmp_path, {"credHelpers": {"docker.io": "test"}})

    status = main(["resolve", "mdo/web:v1", "mdo/web", private.option, f"--registry-config={logins}"])

    assert status == 2  # there is no mdo/web:latest
    assert (tmp_path / "asked").read_text() == "x\n"


def test_the_store_is_asked_for_the_hosts_that_were_logged_in_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker login` with a keyring leaves an empty entry, and the keyring has the password."""
    program(tmp_path, "keyring", json.dumps({"Username": "dana", "Secret": PASSWORD}))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    logins = DockerLogins({"auths": {"ghcr.io": {}}, "credsStore": "keyring"})

    login = logins.for_host("ghcr.io")

    assert login is not None
    assert (login.username, login.secret.reveal()) == ("dana", PASSWORD)
    assert logins.for_host("quay.io") is None


@pytest.mark.parametrize(
    "entry",
    [None, {}, {"auth": 7}, {"auth": "not base64!"}, {"auth": base64.b64encode(b"no colon").decode()}],
    ids=["nothing", "empty", "a number", "not base64", "no colon"],
)
def test_an_entry_of_another_form_is_no_login(entry: Any) -> None:
    """The registry is asked as nobody then, and says so itself."""
    assert DockerLogins({"auths": {"ghcr.io": entry}}).for_host("ghcr.io") is None


@pytest.mark.parametrize("answer", ["", "[1", "[1]", '{"Username":"<token>","Secret":"x"}', '{"Username":"dana"}'])
def test_a_helper_that_has_no_password_is_no_login(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Helpers answer in their own words where they know nothing."""
    program(tmp_path, "odd", answer)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert DockerLogins({"credHelpers": {"ghcr.io": "odd"}}).for_host("ghcr.io") is None


def test_a_helper_that_is_not_installed_is_no_login() -> None:
    """A configuration that was copied from another machine must not stop a public image."""
    assert DockerLogins({"credHelpers": {"ghcr.io": "surely-not-installed"}}).for_host("ghcr.io") is None


def test_the_file_of_docker_login_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who are logged in should not have to say so again."""
    config(tmp_path, {"auths": {"ghcr.io": auth("dana", PASSWORD)}})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    login = DockerLogins.read(None).for_host("ghcr.io")

    assert login is not None
    assert login.username == "dana"


@pytest.mark.parametrize("text", ["[]", "{", '"x"'])
def test_a_file_that_is_no_configuration_is_refused_by_name(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Silently asking as nobody would look like a registry's fault."""
    file = tmp_path / "config.json"
    file.write_text(text)

    status = main(["resolve", "mongo:7", f"--registry-config={file}"])

    assert status == 2
    assert "prodgate resolve:" in capsys.readouterr().err
