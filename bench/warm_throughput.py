"""warm_throughput: replayed events per second of a warm attest_images, and of a function that does nothing."""

from __future__ import annotations

from statistics import median
from typing import Final

from bench.figure import Effort, Figure
from bench.rig import Replay, Rig
from bench.server import Server

_CONNECTIONS: Final = 16
_WARMING_EVENTS: Final = 8
_NO_OP_TIMES: Final = 10  # it is so much faster that as many events would be over at once
_HOW: Final = (
    f"replays over {_CONNECTIONS} connections that are kept open; attest_images looks again at everything of a release "
    "of 6 images (secret, commit, manifests, policy, attestor, proofs, status, publish); stand-in cloud and sender "
    "share the cores with the function"
)


def warm_throughput(rig: Rig, effort: Effort) -> Figure:
    """Measure both functions in turn, run after run."""
    attest, no_op = rig.function("attest_images"), rig.probe("no_op")
    rates: dict[str, list[float]] = {"attest_images": [], "no_op": []}
    for _ in range(effort.warm_runs):
        rates["attest_images"].append(_rate(attest, effort.warm_events))
        rates["no_op"].append(_rate(no_op, effort.warm_events * _NO_OP_TIMES))
    figures = {name: round(median(found), 1) for name, found in rates.items()}
    ratio = round(figures["attest_images"] / figures["no_op"], 4)
    return Figure(
        name="warm_throughput",
        figures={**figures, "attest_images_per_no_op": ratio},
        unit="events/s, and their ratio",
        aim=None,
        met=None,
        how=_HOW,
        runs=effort.warm_runs,
    )


def _rate(replay: Replay, events: int) -> float:
    with Server(replay) as server:
        server.first_answer_s()
        server.deliver(_WARMING_EVENTS)
        return events / server.deliver_all(replay.body, events, connections=_CONNECTIONS)
