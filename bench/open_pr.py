"""open_pr: how many requests a release pull request takes, and how long, against the chain of what depends."""

from __future__ import annotations

import base64
import gc
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import requests
from google.pubsub_v1 import DeleteSubscriptionRequest

from bench.figure import Effort, Figure
from bench.protected import PROTECTED, protect
from local.world.hosting import Staged
from local.world.names import APPS, MONGO, PROMOTE, SERVICES
from local.world.world import World, WorldSettings

_LATENCY_S: Final = 0.04
_LABELS: Final = ("release", "prod")
_MOST_REQUESTS: Final = 8
_MOST_REPLAY_REQUESTS: Final = 4
_MOST_TIMES_CHAIN: Final = 1.3
# The App's key, its token, the overview beside the tree, the files beside the policies, attestations, the commit, its
# branch with the pull request, the labels beside the status.
_CHAIN: Final = 8
_REPLAY_CHAIN: Final = 5  # the key, the token, the overview, the policies, attestations
_ANSWER_S: Final = 60
_AIM: Final = (
    f"a new one with body, labels and status <= {_MOST_REQUESTS} requests to GitHub and <= {_MOST_TIMES_CHAIN} times "
    f"the chain; an unchanged replay <= {_MOST_REPLAY_REQUESTS} requests"
)
_HOW: Final = (
    f"open_prod_pr alone, staged and under the functions-framework, warm; {_LATENCY_S * 1000:g} ms on every remote "
    "request; from the push body of attestation-complete to its answer; six services, one of them new; the release "
    f"before it is merged; prod's rules are as they should be; times_chain is the time over {_LATENCY_S * 1000:g} ms x "
    f"{_CHAIN} (replay: x {_REPLAY_CHAIN}); cold is the function's first event, which reads both trees; medians"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One event: seconds until it was answered, and how many requests it made of each service."""

    seconds: float
    requests: Mapping[str, int]


def open_pr(dist: Path, effort: Effort) -> Figure:
    """Release again and again; the first one meets the function cold."""
    variables = {"PRODGATE_PULL_REQUEST": json.dumps({"labels": _LABELS}), **PROTECTED}
    with World(WorldSettings(variables=variables), hosting=lambda: Staged(dist, lambda *_: None)) as world:
        protect(world)
        for subscription in PROMOTE.subscriptions.values():
            request = DeleteSubscriptionRequest(subscription=subscription)
            world.do(world.clients.subscriber.delete_subscription(request=request))
        for service in SERVICES:
            world.push_image(f"{APPS}/{service}", "v1")
        world.push_image(MONGO, "7")
        world.announce(f"{MONGO}:7")
        gc.freeze()  # a full collection here would be measured as the function's
        cold, _ = _release(world, 0)
        runs = [_release(world, nth) for nth in range(1, effort.open_pr_runs + 1)]
    new = _row([new for new, _ in runs], _CHAIN)
    replay = _row([replay for _, replay in runs], _REPLAY_CHAIN)
    return Figure(
        name="open_pr",
        figures={"new": new, "replay": replay, "cold": _row([cold], _CHAIN)},
        unit="requests, ms, and ratios",
        aim=_AIM,
        met=new["github_requests"] <= _MOST_REQUESTS
        and new["times_chain"] <= _MOST_TIMES_CHAIN
        and replay["github_requests"] <= _MOST_REPLAY_REQUESTS,
        how=_HOW,
        runs=effort.open_pr_runs,
    )


def _row(seen: Sequence[_Seen], chain: int) -> dict[str, Any]:
    seconds = median(one.seconds for one in seen)
    return {
        "github_requests": median(one.requests["github"] for one in seen),
        "other_requests": median(sum(one.requests.values()) - one.requests["github"] for one in seen),
        "ms": round(seconds * 1000),
        "times_chain": round(seconds / (_LATENCY_S * chain), 2),
    }


def _release(world: World, nth: int) -> tuple[_Seen, _Seen]:
    """Test a new image, open its pull request, replay that, and merge."""
    world.push_image(f"{APPS}/{SERVICES[0]}", "v1", content=f"posts {nth}".encode())
    world.settle()
    event = world.pass_tests()
    world.settle()
    new, replay = _deliver(world, event), _deliver(world, event)
    world.merge_release(str(event["commit"]))
    return new, replay


def _deliver(world: World, event: Mapping[str, Any]) -> _Seen:
    """Push an attestation-complete to the function by hand."""
    data = {name: event[name] for name in ("suite", "repository", "commit", "run")}
    message = {"data": base64.b64encode(json.dumps(data).encode()).decode(), "messageId": "1"}
    body: Any = {"message": message, "subscription": PROMOTE.subscription}
    before, world.faults.latency_s = Counter(world.faults.calls()), _LATENCY_S
    began = time.perf_counter()
    answer = requests.post(world.urls[PROMOTE.function], json=body, timeout=_ANSWER_S)
    answer.raise_for_status()
    seconds, world.faults.latency_s = time.perf_counter() - began, 0
    services: Counter[str] = Counter()
    for name, count in (Counter(world.faults.calls()) - before).items():
        services[name.partition(".")[0]] += count
    return _Seen(seconds, services)
