"""GitHub Apps: which JWT is taken, what a token can be narrowed to, and when it ends."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

import jwt
import pytest
import requests

from local.github import GitHubStandIn
from local.github.auth import Installation
from local.world.apps import private_key, public_key
from tests.local.github.client import REPOSITORY, Api

CLIENT: Final = "Iv23example"
GRANTED: Final = {"contents": "write", "statuses": "read", "metadata": "read"}
PATH: Final = "/app/installations/77/access_tokens"


@pytest.fixture
def signing(api: Api, hub: GitHubStandIn) -> str:
    """The private key of an App that is installed on the seeded repository, and not on another one."""
    hub.create_repository("mdo/payroll")
    key = private_key("example")
    hub.add_app("example", CLIENT, public_key(key), Installation(77, GRANTED, ("mdo/environments",)))
    return key


def ask(api: Api, key: str, body: Any = None, path: str = PATH, **claims: Any) -> requests.Response:
    """Ask for a token with a JWT that is good but for the claims that are given; the contract is checked."""
    now = int(time.time())
    proof = jwt.encode({"iat": now - 60, "exp": now + 300, "iss": CLIENT} | claims, key, algorithm="RS256")
    answer = replace(api, token=proof).response("POST", path, body or {})
    api.contract.check("POST", path, request=body, status=answer.status_code, answer=answer.json())
    assert isinstance(answer, requests.Response)
    return answer


def test_a_token_has_all_that_was_granted_unless_less_is_asked_for(api: Api, signing: str) -> None:
    """It lasts an hour, by GitHub's clock."""
    answer = ask(api, signing).json()

    ends = time.mktime(time.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert answer["permissions"] == GRANTED
    assert [repository["full_name"] for repository in answer["repositories"]] == ["mdo/environments"]
    assert 3590 < ends - time.time() <= 3600


def test_a_narrowed_token_does_no_more_than_it_says(api: Api, signing: str) -> None:
    """It reads contents, and neither writes them nor reads statuses nor sees another repository."""
    token = ask(api, signing, {"repositories": ["environments"], "permissions": {"contents": "read"}}).json()["token"]
    narrow = replace(api, token=token)

    assert narrow.get("/git/ref/heads/dev")
    assert narrow.refused("POST", "/git/refs", {}, status=403) == "Resource not accessible by integration"
    assert narrow.refused("GET", "/commits/dev/statuses", status=403) == "Resource not accessible by integration"
    assert narrow.response("GET", "/repos/mdo/payroll").status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"permissions": {"pull_requests": "read"}}, "The permissions requested are not granted to this installation."),
        ({"permissions": {"statuses": "write"}}, "The permissions requested are not granted to this installation."),
        ({"permissions": {"contents": "all"}}, "The permissions requested are not granted to this installation."),
        ({"repositories": ["payroll"]}, "There is at least one repository that does not exist or is not accessible"),
    ],
)
def test_nothing_is_given_that_was_not_granted(api: Api, signing: str, body: Any, words: str) -> None:
    """Asking for more gives nothing, and does not give less instead."""
    refused = ask(api, signing, body)

    assert refused.status_code == 422
    assert words in refused.json()["message"]


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "somebody"}, "A JSON web token could not be decoded"),
        ({"exp": 1}, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": int(time.time()) + 5000}, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iat": int(time.time()) + 600}, "'Issued at' claim ('iat') must be an Integer"),
    ],
)
def test_a_jwt_that_is_not_of_now_or_not_of_an_app_buys_nothing(
    api: Api, signing: str, claims: Any, words: str
) -> None:
    """GitHub's own sentences, each with 401."""
    answer = ask(api, signing, **claims)

    assert answer.status_code == 401
    assert answer.json()["message"].startswith(words)


def test_a_jwt_by_another_key_buys_nothing(api: Api, signing: str) -> None:
    """A client id is no secret; the key is."""
    assert signing
    assert ask(api, private_key("thief")).status_code == 401


def test_what_is_no_jwt_buys_nothing(api: Api) -> None:
    """A token of an installation is none."""
    answer = api.session.post(api.url + PATH, headers={"Authorization": "Bearer pin-token"}, timeout=30)

    assert (answer.status_code, answer.json()["message"]) == (401, "A JSON web token could not be decoded")


def test_another_installation_is_not_found_and_a_suspended_one_is_closed(
    api: Api, hub: GitHubStandIn, signing: str
) -> None:
    """An administrator took the App away, or has it rest."""
    assert ask(api, signing, path="/app/installations/78/access_tokens").status_code == 404

    app = hub.accounts.apps[CLIENT]
    hub.accounts.apps[CLIENT] = replace(app, installed=replace(app.installed, suspended=True))
    answer = ask(api, signing)
    assert (answer.status_code, answer.json()["message"]) == (403, "This installation has been suspended")


def test_a_token_at_its_end_has_bad_credentials(api: Api, hub: GitHubStandIn, signing: str) -> None:
    """An hour is over."""
    token = ask(api, signing).json()["token"]
    hub.accounts.lend(token, hub.accounts.identify(f"token {token}"), time.time())

    answer = replace(api, token=token).response("GET", REPOSITORY)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
