"""A figure: what was measured, how, on what machine, and whether its aim is met."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Effort:
    """How much measuring is done: runs of each kind, and events (or tags) in a run of some."""

    cold_runs: int
    warm_runs: int
    warm_events: int
    memory_events: int
    whole_runs: int
    resolve_runs: int
    resolve_tags: int
    pin_runs: int
    attest_runs: int
    attest_sizes: tuple[int, ...]
    attest_ways: tuple[str, ...]  # none: all of them
    open_pr_runs: int

    @classmethod
    def of(cls, *, quick: bool) -> Self:
        """Choose enough for medians worth quoting, or just enough to show that the measuring works."""
        if quick:
            return cls(
                cold_runs=1,
                warm_runs=1,
                warm_events=16,
                memory_events=4,
                whole_runs=1,
                resolve_runs=1,
                resolve_tags=8,
                pin_runs=1,
                attest_runs=1,
                attest_sizes=(1, 6),
                attest_ways=("together", "apart"),
                open_pr_runs=1,
            )
        return cls(
            cold_runs=7,
            warm_runs=3,
            warm_events=400,
            memory_events=50,
            whole_runs=5,
            resolve_runs=7,
            resolve_tags=50,
            pin_runs=7,
            attest_runs=3,
            attest_sizes=(1, 6, 100, 1000),
            attest_ways=(),
            open_pr_runs=7,
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the bench; `aim` and `met` are None where a figure is only watched."""

    name: str
    figures: Mapping[str, Any]
    unit: str
    aim: str | None
    met: bool | None
    how: str
    runs: int

    def line(self) -> str:
        """Write it as one line of JSON, with the machine that it was taken on."""
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        return json.dumps(asdict(self) | {"machine": machine})
