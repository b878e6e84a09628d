"""Take figures from the command line: `python -m bench [NAME…] [--quick]`; all of them, where none is named."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.attest_release import attest_release
from bench.cold_start import cold_start
from bench.figure import Effort, Figure
from bench.memory import memory
from bench.open_pr import open_pr
from bench.pin import pin
from bench.push_to_pr import push_to_pr
from bench.resolve import resolve
from bench.rig import recorded, stage_compiled
from bench.warm_throughput import warm_throughput

_REPLAYED: Final = {"cold_start": cold_start, "warm_throughput": warm_throughput, "memory": memory}
_WHOLE: Final = {
    "push_to_pr": push_to_pr,
    "resolve": resolve,
    "pin": pin,
    "attest_release": attest_release,
    "open_pr": open_pr,
}
NAMES: Final = (*_REPLAYED, *_WHOLE)


def main(arguments: list[str] | None = None) -> int:
    """Print each figure on standard output as soon as it is taken."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure prodgate on the stand-in cloud.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which figures: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="as few runs as show that it works; no figure to quote")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no figure {', '.join(unknown)}; there are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="prodgate-bench-") as folder:
        take(options.names or NAMES, stage_compiled(Path(folder, "dist")), Effort.of(quick=options.quick), _print)
    return 0


def take(names: list[str] | tuple[str, ...], dist: Path, effort: Effort, show: Callable[[Figure], None]) -> None:
    """Take the named figures from the functions staged in `dist`, and show each as soon as it is there."""
    replayed = [name for name in NAMES if name in names and name in _REPLAYED]
    if replayed:
        with recorded(dist) as rig:
            for name in replayed:
                show(_REPLAYED[name](rig, effort))
    for name in sorted(set(names) & set(_WHOLE)):
        show(_WHOLE[name](dist, effort))


def _print(figure: Figure) -> None:
    print(figure.line(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
