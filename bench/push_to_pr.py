"""push_to_pr: how long a developer waits from pushing images to the open pull request into prod."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Final

from bench.figure import Effort, Figure
from bench.observer import Observer
from bench.protected import PROTECTED, protect
from local.world.hosting import Staged
from local.world.names import APPS, MONGO, SERVICES
from local.world.world import World, WorldSettings

_LATENCY_S: Final = 0.04
_MOST_S: Final = 2.0
_IMAGES: Final = {**{f"{APPS}/{service}": "v1" for service in SERVICES}, MONGO: "7"}
# What registries and CI publish (a notice for each image, test-passed), and everything that is not sent by the gate.
_OTHERS: Final = Counter({"pubsub.Publish": len(_IMAGES) + 1})
_NOT_OURS: Final = (
    "pubsub.push",
    "pubsub.Pull",
    "pubsub.Acknowledge",
    "registry.post",
    "registry.put",
    "github.repos/get",
)
_HOW: Final = (
    f"{_LATENCY_S * 1000:g} ms on every remote request, Pub/Sub's pushes and the observer's looks included; the clock "
    "runs from the begin of the first of six pushes, made at once by six CI runners, until the observer sees the open "
    "pull request; tests pass as soon as the observer sees six pins on dev; an earlier release is open already; prod's "
    "branch rules are as they should be; the "
    "staged functions are warm; median of whole runs, requests of the median run without those of pushers and observer"
)


@dataclass(frozen=True, slots=True)
class _Release:
    """Seconds of one run: the six pushes themselves, until the pins were seen, until the pull request was."""

    pushed_s: float
    pinned_s: float
    opened_s: float
    requests: Mapping[str, int]


def push_to_pr(dist: Path, effort: Effort) -> Figure:
    """Release new images again and again, after a first release that warms everything."""
    with World(WorldSettings(variables=PROTECTED), hosting=lambda: Staged(dist, lambda *_: None)) as world:
        protect(world)
        world.release()
        world.settle()
        world.faults.latency_s = _LATENCY_S
        runs = sorted((_release(world, nth) for nth in range(effort.whole_runs)), key=attrgetter("opened_s"))
    middle = runs[len(runs) // 2]
    return Figure(
        name="push_to_pr",
        figures={
            "median_s": round(median(run.opened_s for run in runs), 2),
            "min_s": round(runs[0].opened_s, 2),
            "max_s": round(runs[-1].opened_s, 2),
            "pushed_after_s": round(middle.pushed_s, 2),
            "pinned_after_s": round(middle.pinned_s, 2),
            "requests": sum(middle.requests.values()),
            "requests_by_service": _by_service(middle.requests),
        },
        unit="s, and requests",
        aim=f"median < {_MOST_S:g} s",
        met=median(run.opened_s for run in runs) < _MOST_S,
        how=_HOW,
        runs=effort.whole_runs,
    )


def _release(world: World, nth: int) -> _Release:
    observer, before, calls = Observer(world), world.head("dev"), Counter(world.faults.calls())
    began = time.monotonic()
    with ThreadPoolExecutor(len(_IMAGES)) as runners:
        pushes = [runners.submit(_push, world, image, f"{image} {nth}") for image in _IMAGES]
        commit = observer.wait_for_pins(len(_IMAGES), before)
        pinned_s = time.monotonic() - began
        pushed_s = max(push.result() for push in pushes) - began
    world.pass_tests(commit)
    observer.wait_for_pull_request(commit)
    opened_s = time.monotonic() - began
    world.settle()
    made = Counter(world.faults.calls()) - calls - observer.looks - _OTHERS
    return _Release(pushed_s, pinned_s, opened_s, {name: made[name] for name in made if not name.startswith(_NOT_OURS)})


def _push(world: World, image: str, content: str) -> float:
    """Push an image, and tell prodgate of it where the registry does not; answer when it was there."""
    world.push_image(image, _IMAGES[image], content=content.encode())
    if image == MONGO:
        world.announce(f"{image}:{_IMAGES[image]}")
    return time.monotonic()


def _by_service(requests: Mapping[str, int]) -> dict[str, int]:
    services: Counter[str] = Counter()
    for name, count in requests.items():
        services[name.partition(".")[0]] += count
    return dict(sorted(services.items()))
