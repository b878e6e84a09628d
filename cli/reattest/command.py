"""`./prodgate reattest`: have everything that prod runs signed by a new key version, before the old one goes.

Without `--sign` it only lists what is not signed by it yet.
Exit status: 0 all of it is; 1 something is not; 2 something could not be read, signed or looked up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from cli.attest.children import add_children, with_children
from cli.attest.command import refuse, tell
from cli.attest.options import UNKNOWN, add_signing, project_of, settings_of, suite_of
from cli.attest.signing import sign
from cli.reattest.running import Running, running
from cli.tree.options import add_reading
from shared.domain.errors import Rejected, Unavailable
from shared.domain.image import PinnedImage

UNSIGNED: Final = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a manifest, or a folder of them")
    parser.add_argument("--revision", help="read them as this commit of the clone has them, such as origin/prod")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="leave out what this policy's allowlist admits (YAML, as exported)"
    )
    parser.add_argument(
        "--location",
        help="whose system policy to ask, such as us-central1, to leave out Google's own images where --policy does",
    )
    add_reading(parser)
    parser.add_argument("--sign", action="store_true", help="sign what is missing; without it, list only")
    add_signing(parser)
    add_children(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List or sign; answer the exit status."""
    try:
        found = running(options)
        images = _family(found, options)
    except (OSError, ValueError, Rejected, Unavailable) as error:
        return refuse("reattest", error, options)
    for path in found.exempt:
        print(f"note: {path} is exempt: what it runs is not read, and not signed", file=sys.stderr)
    suite, settings, project = suite_of(options), settings_of(options), project_of(options)
    outcome = asyncio.run(sign(images, suite, settings, project=project, trying=not options.sign))
    outcome.failures += found.problems
    tell(outcome, as_json=options.json)
    if outcome.failures:
        return UNKNOWN
    return UNSIGNED if outcome.missing else 0


def _family(found: Running, options: argparse.Namespace) -> list[PinnedImage]:
    """Add the children; where one index cannot be read, the images that are named must not wait for it."""
    try:
        return with_children(found.images, options)
    except (Rejected, Unavailable) as error:
        found.problems.append(error.detail)
        return found.images
