"""Who may do what: tokens in every notation, permissions of Apps, and addresses that name nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.local.github.client import REPOSITORY, Api


@pytest.mark.parametrize(
    "notation", ["token pin-token", "Bearer pin-token", "bearer pin-token", "Basic eDpwaW4tdG9rZW4="]
)
def test_a_token_is_taken_in_each_notation(api: Api, notation: str) -> None:
    """Read the repository."""
    answer = requests.get(api.url + REPOSITORY, headers={"Authorization": notation}, timeout=30)
    assert answer.json()["default_branch"] == "dev"


@pytest.mark.parametrize(
    "notation", ["", "token nope", "Bearer", "Basic eDpub3Bl", "Basic %%%", "Basic /w==", "pin-token"]
)
def test_an_unknown_token_has_bad_credentials(api: Api, notation: str) -> None:
    """Read the repository without a right to."""
    answer = requests.get(api.url + REPOSITORY, headers={"Authorization": notation}, timeout=30)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "/git/refs"),
        ("PATCH", "/git/refs/heads/dev"),
        ("DELETE", "/git/refs/heads/dev"),
        ("POST", "/git/trees"),
        ("POST", "/git/blobs"),
        ("POST", "/git/commits"),
        ("POST", "/pulls"),
        ("GET", "/pulls"),
        ("PUT", "/pulls/1/merge"),
        ("POST", "/issues/1/comments"),
    ],
)
def test_an_app_without_the_permission_is_refused(
    api: Api, as_account: Callable[[str], Api], verb: str, path: str
) -> None:
    """Call as an App that reads contents and writes statuses."""
    refused = as_account("attest-token").refused(verb, path, status=403)
    assert refused == "Resource not accessible by integration"


def test_an_app_may_do_what_its_permissions_say(api: Api, as_account: Callable[[str], Api]) -> None:
    """Read contents, write a status, read the rules."""
    attest = as_account("attest-token")
    attest.post(f"/statuses/{attest.head('dev')}", {"state": "success"})
    assert attest.get("/rules/branches/dev") == []


def test_an_installation_token_is_no_user(api: Api, as_account: Callable[[str], Api]) -> None:
    """Ask who I am, as a person and as an App."""
    assert as_account("ann-token").response("GET", "/user").json()["login"] == "ann"
    assert api.response("GET", "/user").status_code == 403


@pytest.mark.parametrize("path", ["/repos/mdo/nope", "/repos/other/environments/pulls", "/nope", f"{REPOSITORY}/nope"])
def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    """Ask for what is not there."""
    answer = api.response("GET", path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


@pytest.mark.parametrize(("text", "words"), [("{", "Problems parsing JSON"), ("[]", "Body should be a JSON object")])
def test_a_body_that_is_no_json_object_is_a_bad_request(api: Api, text: str, words: str) -> None:
    """Send half an object, and a list."""
    headers = {"Authorization": "token pin-token"}
    answer = api.session.post(f"{api.url}{REPOSITORY}/git/refs", data=text, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["message"]) == (400, words)
