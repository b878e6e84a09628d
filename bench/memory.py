"""memory: what a function holds after it has worked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from bench.figure import Effort, Figure
from bench.rig import Replay, Rig
from bench.server import Server

_MOST_MB: Final = 130
_KIB: Final = 1024
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def memory(rig: Rig, effort: Effort) -> Figure:
    """Measure each function alone, after its events."""
    figures = {replay.target: round(_held_mb(replay, effort.memory_events), 1) for replay in rig.functions}
    return Figure(
        name="memory",
        figures=figures,
        unit="MB PSS (10^6 bytes)",
        aim=f"every function <= {_MOST_MB} MB",
        met=max(figures.values()) <= _MOST_MB,
        how=f"sum of Pss in /proc/PID/smaps_rollup over the process group (server and worker) after "
        f"{effort.memory_events} replayed events, one function at a time",
        runs=1,
    )


def _held_mb(replay: Replay, events: int) -> float:
    with Server(replay) as server:
        server.first_answer_s()
        server.deliver(events - 1)
        return sum(map(_pss_kib, _members(server.group))) * _KIB / 1e6


def _members(group: int) -> list[Path]:
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [process for process in processes if _group(process) == group]


def _group(process: Path) -> int | None:
    try:
        return os.getpgid(int(process.name))
    except ProcessLookupError:
        return None


def _pss_kib(process: Path) -> int:
    found = _PSS.search((process / "smaps_rollup").read_text())
    return int(found[1]) if found else 0
