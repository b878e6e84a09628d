"""cold_start: how long a function that nobody has used yet keeps its first event waiting."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

from bench.figure import Effort, Figure
from bench.rig import Replay, Rig
from bench.server import Server

_MOST_TIMES_HELLO: Final = 3.5
_HOW: Final = (
    "start of the functions-framework process to the 2xx for its first event, a replay that goes the whole way on the "
    "stand-in cloud; divided by an aio hello-world function of the same runs; interleaved, medians; source compiled"
)


def cold_start(rig: Rig, effort: Effort) -> Figure:
    """Measure each function and hello-world in turn, run after run."""
    hello = rig.probe("hello")
    started: dict[str, list[float]] = {replay.target: [] for replay in (hello, *rig.functions)}
    for _ in range(effort.cold_runs):
        for replay in (hello, *rig.functions):
            started[replay.target].append(_once(replay))
    base = median(started["hello"])
    figures = {name: _figures(seconds, base) for name, seconds in started.items()}
    return Figure(
        name="cold_start",
        figures=figures,
        unit="ms, and times hello",
        aim=f"every function <= {_MOST_TIMES_HELLO} times hello",
        met=all(row["times_hello"] <= _MOST_TIMES_HELLO for row in figures.values()),
        how=_HOW,
        runs=effort.cold_runs,
    )


def _once(replay: Replay) -> float:
    with Server(replay) as server:
        return server.first_answer_s()


def _figures(seconds: list[float], base: float) -> dict[str, Any]:
    return {
        "median_ms": round(median(seconds) * 1000),
        "min_ms": round(min(seconds) * 1000),
        "max_ms": round(max(seconds) * 1000),
        "times_hello": round(median(seconds) / base, 2),
    }
