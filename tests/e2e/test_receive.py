"""The public function, staged, under the console script: its paths, its answers, and what it may not print."""

from __future__ import annotations

import json
from typing import Final

import requests

from local.world.receiving import FUNCTION, SECRETS, host_webhooks
from tests.e2e.story import Story

PUSHED: Final = json.dumps({"push_data": {"tag": "7"}, "repository": {"repo_name": "library/mongo"}})
HUB: Final = SECRETS["docker-hub"].text


def test_the_deployed_function_takes_webhooks_under_its_paths_and_prints_none_of_them(story: Story) -> None:
    """The framework routes every path to it, Secret Manager and Pub/Sub are all that it was shipped with."""
    url = host_webhooks(story.world)
    head = story.world.head("dev")

    def post(path: str) -> int:
        answer = requests.post(f"{url}{path}", PUSHED, headers={"content-type": "application/json"}, timeout=30)
        return answer.status_code

    paths = (f"docker-hub/{HUB}", "docker-hub/x", "github", f"quay/{HUB}", "")
    assert [post(path) for path in paths] == [204, 401, 401, 404, 404]

    story.world.settle()
    printed = json.dumps([entry for function, entry in story.logs if function == FUNCTION])
    assert "published: docker.io/library/mongo:7" in printed
    assert HUB not in printed
    assert story.world.head("dev") == head  # it is pinned already, and still names the same digest
