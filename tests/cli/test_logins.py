"""Private registries at a terminal: the logins that `docker login` keeps open them, and nothing prints them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cli.__main__ import main
from cli.pin import logins as logins_module
from cli.pin.logins import DockerLogins
from local.registry.tokens import Tokens
from tests.cli.registry import RunningRegistry, running_registry
from tests.clients.registry.asking import DIGEST, manifest, scripted

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


def opened(logins: DockerLogins, host: str) -> tuple[str, str] | None:
    """The user name and the password for a host, as a registry that wants them gets them."""

    async def ask() -> tuple[str, str] | None:
        login = logins.for_host(host)
        password = await login.password() if login else None
        return (login.username, password.reveal()) if login and password else None

    return asyncio.run(ask())


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

    assert opened(logins, "ghcr.io") == ("dana", PASSWORD)
    assert logins.for_host("quay.io") is None


@pytest.mark.parametrize(
    "entry",
    [None, {}, {"auth": 7}, {"auth": "not base64!"}, {"auth": base64.b64encode(b"no colon").decode()}],
    ids=["nothing", "empty", "a number", "not base64", "no colon"],
)
def test_an_entry_of_another_form_is_no_login(entry: Any) -> None:
    """The registry is asked as nobody then, and says so itself."""
    assert DockerLogins({"auths": {"ghcr.io": entry}}).for_host("ghcr.io") is None


@pytest.mark.parametrize("answer", ["", "[1", "[1]", '{"Username":"dana"}', '{"Username":"dana","Secret":""}'])
def test_a_helper_that_has_no_password_is_no_login_and_named(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registry that is asked as nobody refuses, or counts; the reason is here, and a person must see it."""
    program(tmp_path, "odd", answer)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert opened(DockerLogins({"credHelpers": {"ghcr.io": "odd"}}), "ghcr.io") is None

    warning = "warning: no login for ghcr.io from docker-credential-odd: its answer holds no user name and secret; "
    assert capsys.readouterr().err == f"{warning}it is asked as nobody\n"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'credentials not found in native keychain'; exit 1", None),
        ("echo 'the keyring is locked'; exit 1", "ends with status 1 and says 'the keyring is locked'"),
        ("echo 'no display' >&2; exit 3", "ends with status 3 and says 'no display'"),
        (f"""echo '{{"Secret":"{PASSWORD}"}}'; exit 2""", "ends with status 2;"),
        ("exec sleep 5", "did not answer within 0.2 s"),
    ],
    ids=["nothing kept", "locked", "stderr", "a secret", "slow"],
)
def test_a_helper_that_fails_is_named(
    script: str,
    why: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where it only has nothing there is nothing to say; and what it says is quoted unless it may hold a secret."""
    (tmp_path / "docker-credential-odd").write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
    (tmp_path / "docker-credential-odd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(logins_module, "_HELPER_S", 0.2 if why and "0.2" in why else 20)

    assert opened(DockerLogins({"credHelpers": {"ghcr.io": "odd"}}), "ghcr.io") is None

    said = capsys.readouterr().err
    assert (why or "") in said
    assert bool(said) == bool(why)
    assert PASSWORD not in said


def test_a_helper_that_is_not_installed_is_no_login(capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that was copied from another machine must not stop a public image."""
    assert opened(DockerLogins({"credHelpers": {"ghcr.io": "surely-not-installed"}}), "ghcr.io") is None
    assert "docker-credential-surely-not-installed: it is not installed" in capsys.readouterr().err


def test_a_slow_helper_holds_up_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may wait for its owner to unlock a keyring; meanwhile other registries are asked."""
    (tmp_path / "docker-credential-slow").write_text("#!/bin/sh\nsleep 0.5\n")
    (tmp_path / "docker-credential-slow").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    async def story() -> float:
        login = DockerLogins({"credHelpers": {"ghcr.io": "slow"}}).for_host("ghcr.io")
        assert login is not None
        asked = asyncio.create_task(login.password())
        longest, before = 0.0, time.monotonic()
        while not asked.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
        return longest

    assert asyncio.run(story()) < 0.3


@pytest.mark.parametrize("by_helper", [False, True])
def test_an_identity_token_is_posted_and_is_no_password(
    by_helper: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`az acr login` leaves one, and an auth whose password is empty; helpers give it under the name <token>."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program(tmp_path, "acr", json.dumps({"Username": "<token>", "Secret": PASSWORD}))
    entry = {**auth("00000000-0000-0000-0000-000000000000", ""), "identitytoken": PASSWORD}
    document = {"credHelpers": {"mdo.azurecr.io": "acr"}} if by_helper else {"auths": {"mdo.azurecr.io": entry}}
    posted: list[dict[str, str]] = []

    async def answering(request: web.Request) -> web.Response:
        if request.path == "/oauth2/token":
            posted.append({name: str(value) for name, value in (await request.post()).items()})
            return web.json_response({"access_token": "t0ken"})
        if request.headers.get("Authorization") == "Bearer t0ken":
            return manifest(DIGEST)
        challenge = f'Bearer realm="http://{request.host}/oauth2/token",service="mdo.azurecr.io"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async def story() -> int:
        async with scripted(answering) as server:
            options = [f"--registry-endpoint=mdo.azurecr.io={server.url}", f"--registry-config={file}"]
            return await asyncio.to_thread(main, ["resolve", "mdo.azurecr.io/web:v1", *options])

    file = config(tmp_path, document)
    assert asyncio.run(story()) == 0
    assert capsys.readouterr().out == f"mdo.azurecr.io/web@{DIGEST}\n"
    assert posted == [
        {
            "grant_type": "refresh_token",
            "service": "mdo.azurecr.io",
            "scope": "repository:web:pull",
            "client_id": "prodgate",
            "refresh_token": PASSWORD,
        }
    ]


def test_an_empty_password_is_no_login() -> None:
    """Shown, it would be refused as wrong where nobody would have been let in."""
    assert DockerLogins({"auths": {"ghcr.io": auth("dana", "")}}).for_host("ghcr.io") is None


def test_the_file_of_docker_login_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who are logged in should not have to say so again."""
    config(tmp_path, {"auths": {"ghcr.io": auth("dana", PASSWORD)}})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    assert opened(DockerLogins.read(None), "ghcr.io") == ("dana", PASSWORD)


@pytest.mark.parametrize("text", ["[]", "{", '"x"', '{"auths":["x"]}', '{"credHelpers":"x"}', "\xff"])
def test_a_file_that_is_no_configuration_is_refused_by_name(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Silently asking as nobody would look like a registry's fault."""
    file = tmp_path / "config.json"
    file.write_bytes(text.encode("latin-1"))

    status = main(["resolve", "mongo:7", f"--registry-config={file}"])

    assert status == 2
    assert capsys.readouterr().err.startswith(f"prodgate resolve: {file} is not what docker login writes: ")


def test_a_check_needs_no_logins(tmp_path: Path) -> None:
    """It asks nobody, so a broken file of another program is none of its business."""
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "pod.yaml").write_text("kind: Pod\napiVersion: v1\nspec: {containers: [{image: mongo:7}]}\n")

    status = main(["pin", "--check", f"--registry-config={tmp_path}/config.json", str(tmp_path / "pod.yaml")])

    assert status == 1  # it is not pinned
