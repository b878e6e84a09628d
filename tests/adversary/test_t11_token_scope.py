"""T11: each function's App has its own powers and no other; a stolen token does no more than its function may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from local.world.names import ATTEST, CONFIRM, PIN, PROMOTE, REPOSITORY, FunctionName
from local.world.world import World
from tests.company import pin_posts, small_world

FORBIDDEN = [
    (PIN, "POST", "/statuses/{head}", {"state": "success", "context": "prodgate/qa"}),
    (PIN, "POST", "/pulls", {"head": "dev", "base": "prod", "title": "Evil"}),
    (ATTEST, "POST", "/git/refs", {"ref": "refs/heads/evil", "sha": "{head}"}),
    (ATTEST, "PATCH", "/git/refs/heads/dev", {"sha": "{prod}", "force": True}),
    (ATTEST, "POST", "/pulls", {"head": "dev", "base": "prod", "title": "Evil"}),
    (CONFIRM, "POST", "/git/refs", {"ref": "refs/heads/evil", "sha": "{head}"}),
    (CONFIRM, "PATCH", "/git/refs/heads/prod", {"sha": "{head}", "force": True}),
]


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """A world in which nothing is under way."""
    with small_world() as world:
        yield world


@pytest.mark.parametrize(("function", "verb", "path", "body"), FORBIDDEN)
def test_a_stolen_token_does_only_what_its_function_may(
    company: World, function: FunctionName, verb: str, path: str, body: dict[str, str]
) -> None:
    """The App that signs for tests writes no code, and the one that writes code signs for no tests."""
    before = company.lasting_state()
    named = {"{head}": company.head("dev"), "{prod}": company.head("prod")}
    url = f"{company.cloud.github.url}/repos/{REPOSITORY}{path.replace('{head}', named['{head}'])}"

    answer = requests.request(
        verb,
        url,
        json={name: named.get(str(value), value) for name, value in body.items()},
        headers={"Authorization": f"Bearer {company.steal_token(function)}"},
        timeout=30,
    )

    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by integration"
    assert company.lasting_state() == before


def test_a_status_by_the_wrong_app_completes_nothing(world: World) -> None:
    """The release App may set statuses, on its own commits: one that it sets for a suite does not count."""
    pin_posts(world)
    head = world.head("dev")
    requests.post(
        f"{world.cloud.github.url}/repos/{REPOSITORY}/statuses/{head}",
        json={"state": "success", "context": "prodgate/qa"},
        headers={"Authorization": f"Bearer {world.steal_token(PROMOTE)}"},
        timeout=30,
    ).raise_for_status()
    row = '{"image":"a.example/a","digest":"sha256:' + "0" * 64 + '","attestor":"a","occurrence":"o"}'

    world.publish(
        "attestation-complete",
        f'{{"suite":"qa","repository":"{REPOSITORY}","commit":"{head}","run":"https://x.example/","images":[{row}]}}'.encode(),
    )
    world.settle()

    assert [message.reason for message in world.rejected] == ["incomplete-release"]
    assert world.pull_requests == []
