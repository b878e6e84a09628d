"""pin: a large manifest with many lines to move: by us, by ruamel.yaml, and merely read by libyaml."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.figure import Effort, Figure

_DOCUMENTS: Final = 1000
_MOVED: Final = 800
_SIZES: Final = (1_000, 10_000)  # images, for what grows
_RUAMEL_RUNS: Final = 3  # some 7 s each
_MOST_TIMES_EVENTS: Final = 2.0
_MOST_MEMORY_TIMES_FILE: Final = 10.0
_MOST_GROWTH: Final = 1.2  # of 10 times the images, in times 10: what is not linear grows more
_ROOT: Final = Path(__file__).parents[1]
_HOW: Final = (
    "Deployments with long annotations, one image each; ours is read_manifest and pin (find, edit, verify), events is "
    "libyaml's event pass alone over the same text in the same process, interleaved, medians; memory is VmHWM less "
    "VmRSS before, in a process of its own that does it once, over the file's size; growth is 10,000 images in as many "
    "pods against 1,000, ten_thousand what these take; ruamel is ruamel.yaml's round trip (load, replace, dump) of the "
    "same text, in a process of its own"
)


def pin(_: Path, effort: Effort) -> Figure:
    """Measure both passes in one process, and each memory in a process of its own."""
    runs = effort.pin_runs
    timed = _measured("time", _DOCUMENTS, _MOVED, runs)
    grown = [_measured("time", size, size, runs, "small") for size in _SIZES]
    held = [_measured("memory", size, size, 1, "small") for size in _SIZES]
    whole = _measured("memory", _DOCUMENTS, _MOVED, 1)
    others = _measured("ruamel", _DOCUMENTS, _MOVED, min(runs, _RUAMEL_RUNS))
    figures = {
        **_times(timed, others),
        "changed_lines": timed["changed_lines"],
        "file_bytes": timed["bytes"],
        "memory_times_file": round(whole["rise_bytes"] / whole["bytes"], 1),
        "ten_thousand_ms": round(median(grown[1]["ours_s"]) * 1000),
        "ten_thousand_mb": round(held[1]["rise_bytes"] / 1e6, 1),
        "growth_of_time": round(median(grown[1]["ours_s"]) / median(grown[0]["ours_s"]) / 10, 2),
        "growth_of_memory": round(held[1]["rise_bytes"] / held[0]["rise_bytes"] / 10, 2),
    }
    return Figure(
        name="pin",
        figures=figures,
        unit="ms, bytes, and ratios",
        aim=(
            f"ours <= {_MOST_TIMES_EVENTS:g} times the events, changed lines = {_MOVED}, memory <= "
            f"{_MOST_MEMORY_TIMES_FILE:g} times the file, growth <= {_MOST_GROWTH}"
        ),
        met=_met(figures),
        how=_HOW,
        runs=runs,
    )


def _times(timed: dict[str, Any], others: dict[str, Any]) -> dict[str, float]:
    ours, events, ruamel = (median(found) for found in (timed["ours_s"], timed["events_s"], others["ruamel_s"]))
    return {
        "ours_ms": round(ours * 1000, 1),
        "events_ms": round(events * 1000, 1),
        "ours_times_events": round(ours / events, 2),
        "ruamel_ms": round(ruamel * 1000, 1),
        "ruamel_times_ours": round(ruamel / ours, 1),
    }


def _met(figures: dict[str, Any]) -> bool:
    return bool(
        figures["ours_times_events"] <= _MOST_TIMES_EVENTS
        and figures["changed_lines"] == _MOVED
        and figures["memory_times_file"] <= _MOST_MEMORY_TIMES_FILE
        and max(figures["growth_of_time"], figures["growth_of_memory"]) <= _MOST_GROWTH
    )


def _measured(*arguments: str | int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.large_manifest", *map(str, arguments)]
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
