"""`./prodgate demo`: stage the functions, start the stand-in cloud, tell the story.

Exit status: 0 the story ended as it should; 1 it did not.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from cli.demo.ledger import Ledger
from cli.demo.report import document
from cli.demo.story import Story
from cli.demo.timeline import Timeline, console_for
from cli.demo.visit import directions
from infra.staging.stage import stage
from local.world.hosting import Staged
from local.world.world import World, WorldSettings

_ROOT: Final = Path(__file__).parents[2]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help="print one JSON document; the story goes to standard error")
    parser.add_argument("--keep", action="store_true", help="leave everything running and say how to talk to it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell the story; answer 0 if it ended as it should."""
    began = time.monotonic()
    timeline = Timeline(console_for(machine=options.json))
    ledger = Ledger(timeline.event)
    timeline.act("prodgate", "Starting the stand-in cloud and the four functions, staged as they are deployed.")
    with tempfile.TemporaryDirectory(prefix="prodgate-demo-") as folder:
        dist = Path(folder) / "dist"
        stage(_ROOT, dist)
        with World(WorldSettings(), hosting=lambda: Staged(dist, ledger.hear_log)) as world:
            world.on_delivery(ledger.hear_delivery)
            timeline.say(f"Ready after {time.monotonic() - began:.1f} s.", style="dim")
            ledger.began = time.monotonic()
            story = Story(world, ledger, timeline)
            outcome = story.tell()
            report = document(outcome, ledger, world.faults.calls(), time.monotonic() - began)
            _sum_up(report, timeline)
            if options.json:
                print(json.dumps(report, indent=2))
            if options.keep:
                timeline.say(directions(world, outcome.commit))
                _wait_for_interrupt()
    return 0 if report["pull_request"] and not report["replay"]["changed"] and report["rejected"] else 1


def _sum_up(report: dict[str, Any], timeline: Timeline) -> None:
    totals = report["totals"]
    calls = ", ".join(f"{service} {count}" for service, count in totals["rpcs"].items())
    timeline.act("Done", f"Remote calls: {calls}.")
    seconds = totals["push_to_pull_request_seconds"]
    timeline.say(f"First push to pull request: {seconds:.1f} s. Everything: {totals['wall_seconds']:.1f} s.")


def _wait_for_interrupt() -> None:
    """Wait for Ctrl-C or a polite end; the world is taken down by its context."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()
