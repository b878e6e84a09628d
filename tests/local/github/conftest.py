"""A stand-in for GitHub per test, with the repository mdo/environments and its branches dev and prod."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from github import Auth, Github
from github.Requester import HTTPSRequestsConnectionClass, Requester

from local.faults import Faults
from local.github import GitHubStandIn
from tests.local.github.client import Api, checked_connection
from tests.local.github.contract import Contract

EVERYTHING = {"actions": "read", "contents": "write", "statuses": "write", "pull_requests": "write", "metadata": "read"}
QUICK = {"seconds_between_requests": None, "seconds_between_writes": None, "retry": None}
NARROW = {"contents": "read", "statuses": "write", "metadata": "read"}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, for the server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def faults() -> Faults:
    """The plan of misbehaviour."""
    return Faults()


@pytest.fixture
def hub(tmp_path: Path, faults: Faults, loop: asyncio.AbstractEventLoop) -> Iterator[GitHubStandIn]:
    """A running stand-in with an empty repository, a person and two Apps."""
    hub = GitHubStandIn(tmp_path / "hub", faults)
    hub.create_repository("mdo/environments")
    hub.add_user("ann", "ann-token")
    hub.add_collaborator("mdo/environments", "ann")
    hub.add_token("prodgate-pin[bot]", "pin-token", EVERYTHING)
    hub.add_token("prodgate-attest[bot]", "attest-token", NARROW)
    asyncio.run_coroutine_threadsafe(hub.start(), loop).result()
    yield hub
    asyncio.run_coroutine_threadsafe(hub.stop(), loop).result()


@pytest.fixture(scope="session")
def contract() -> Contract:
    """GitHub's description of the operations, as far as the stand-in offers them."""
    return Contract()


@pytest.fixture
def as_account(hub: GitHubStandIn, contract: Contract) -> Iterator[Callable[[str], Api]]:
    """Give clients by token."""
    with requests.Session() as session:
        yield lambda token: Api(hub.url, token, session, contract)


@pytest.fixture
def bare_api(as_account: Callable[[str], Api]) -> Api:
    """An App that may do everything, on the empty repository."""
    return as_account("pin-token")


@pytest.fixture
def api(bare_api: Api) -> Api:
    """The same App, the repository seeded: dev and prod at one commit of three files."""
    sha = bare_api.commit({"README.md": "hello\n", "k8s/web.yaml": "image: web:1\n", "k8s/api.yaml": "image: api:1\n"})
    bare_api.branch("dev", sha)
    bare_api.branch("prod", sha)
    return bare_api


@pytest.fixture
def checked_connections(contract: Contract) -> Iterator[None]:
    """Validate every call that PyGithub makes."""
    Requester.injectConnectionClasses(checked_connection(contract), HTTPSRequestsConnectionClass)
    yield
    Requester.resetConnectionClasses()


@pytest.fixture
def pygithub(api: Api, checked_connections: None) -> Iterator[Github]:
    """PyGithub on the seeded repository, without its pauses and retries."""
    with Github(auth=Auth.Token("pin-token"), base_url=api.url, **QUICK) as client:
        yield client


@pytest.fixture
def lazy_pygithub(api: Api, checked_connections: None) -> Iterator[Github]:
    """The same, which reads no object before a field of it is needed."""
    with Github(auth=Auth.Token("pin-token"), base_url=api.url, lazy=True, **QUICK) as client:
        yield client
