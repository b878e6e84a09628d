"""A person who watches GitHub, over the wire and with everybody's latency, and knows how often they looked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeVar

from local.world.world import World
from shared.domain.pull_request import branch

_T = TypeVar("_T")
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.01
_PIN_LINE: Final = "- "  # pin_manifests names each image that it moved in a line of the commit's message


class Observer:
    """Looks at GitHub until what they wait for is there."""

    def __init__(self, world: World) -> None:
        self.looks: Counter[str] = Counter()
        self._repository = world.repository

    def wait_for_pins(self, images: int, since: str) -> str:
        """Wait until the commits on dev after `since` have pinned so many images; answer the head that has them."""
        return self._wait(f"{images} pins on dev", lambda: self._pinned(images, since))

    def wait_for_pull_request(self, commit: str) -> int:
        """Wait until the pull request that releases a commit is open; answer its number."""
        return self._wait(f"the pull request for {commit}", lambda: self._opened(commit))

    def _pinned(self, images: int, since: str) -> str | None:
        commits = self._look("repos/compare-commits", f"/compare/{since}...dev")["commits"]
        lines = [line for commit in commits for line in commit["commit"]["message"].splitlines()]
        pinned = [line for line in lines if line.startswith(_PIN_LINE)]
        return str(commits[-1]["sha"]) if len(pinned) == images else None

    def _opened(self, commit: str) -> int | None:
        pulls = self._look("pulls/list", "/pulls?state=open")
        return next((int(pull["number"]) for pull in pulls if pull["head"]["ref"] == branch(commit)), None)

    def _look(self, operation: str, path: str) -> Any:
        self.looks[f"github.{operation}"] += 1
        return self._repository.requester.requestJsonAndCheck("GET", f"{self._repository.url}{path}")[1]

    def _wait(self, what: str, look: Callable[[], _T | None]) -> _T:
        last = time.monotonic() + _PATIENCE_S
        while time.monotonic() < last:
            found = look()
            if found is not None:
                return found
            time.sleep(_PAUSE_S)
        raise TimeoutError(f"{what} did not come within {_PATIENCE_S:g} s")
