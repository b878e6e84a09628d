"""`./prodgate pin`: put digests into manifests, list what is missing (`--check`), or show the change (`--diff`).

Exit status: 0 all is pinned; 1 an image is not; 2 something could not be checked, or a registry could not be asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from cli.pin.asking import RegistryOptions, ask
from cli.pin.checkout import LocalManifest, manifests_below
from cli.pin.outcome import Outcome, diff
from cli.pin.registries import add_options, read_options
from cli.refusal import sentence
from cli.tree.options import add_image_paths, image_paths_of
from shared.domain.errors import Rejected
from shared.domain.image_fields import ImageField
from shared.domain.pinning import TagDigests, pin
from shared.domain.policy import Policy, read_policy

PINNED: Final = 0
UNPINNED: Final = 1
UNKNOWN: Final = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a manifest, or a folder of them")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="ask nobody, change nothing, list what is not pinned")
    mode.add_argument("--diff", action="store_true", help="resolve, change nothing, show what would change")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="leave alone what this policy's allowlist admits (YAML, as exported)",
    )
    add_image_paths(parser)
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pin, check or show; answer the exit status."""
    try:
        found = manifests_below(options.paths, image_paths_of(options.image_path))
        exempt = policy_of(options.policy)
        registries = read_options(options)
    except (OSError, Rejected, ValueError) as error:
        print(f"prodgate pin: {sentence(error)}", file=sys.stderr)
        if options.json:
            print(json.dumps(Outcome(failures=[sentence(error)]).document(), indent=2))
        return UNKNOWN
    outcome = Outcome(
        problems=[(p.reason, p.detail) for local in found for p in local.manifest.problems],
        mentions=[mention for local in found for mention in local.manifest.mentions],
    )
    if options.check:
        outcome.unpinned = [f for local in found for f in _needed(local, exempt) if f.reference.digest is None]
    else:
        _resolve(found, exempt, registries, outcome)
    _tell(outcome, options)
    if not options.check and not options.diff:
        _write(outcome)
    if outcome.failures or outcome.is_unreadable:
        return UNKNOWN
    return UNPINNED if outcome.unpinned else PINNED


def policy_of(path: Path | None) -> Policy | None:
    """Read the policy of `--policy`, if there is one.

    Raises:
        Rejected: it holds what is not understood here.
    """
    return None if path is None else read_policy(path.read_bytes())


def _needed(local: LocalManifest, exempt: Policy | None) -> list[ImageField]:
    """The images that must be pinned; pinning what a pattern admits would change the string that it matches."""
    return [f for f in local.manifest.images if exempt is None or not exempt.exempts(f.reference.written)]


def _resolve(found: list[LocalManifest], exempt: Policy | None, registries: RegistryOptions, outcome: Outcome) -> None:
    followed = {local.file: [f for f in _needed(local, exempt) if f.follows is not None] for local in found}
    tags = list(dict.fromkeys((f.reference.name, f.follows or "") for fields in followed.values() for f in fields))
    answers = asyncio.run(ask(tags, registries, Console(stderr=True)))
    outcome.failures = sorted(answers.failures.values())
    for local in found:
        _pin(local, {(f.reference.name, f.follows or "") for f in followed[local.file]}, answers.digests, outcome)


def _pin(local: LocalManifest, wanted: set[Any], digests: TagDigests, outcome: Outcome) -> None:
    pinned = pin(local.manifest, {tag: digest for tag, digest in digests.items() if tag in wanted})
    moved = {move.field.start for move in pinned.moves}
    if moved:
        outcome.moved.append((local, pinned))
    outcome.frozen += pinned.frozen
    outcome.unpinned += [
        f
        for f in local.manifest.images
        if f.reference.digest is None and f.start not in moved and (f.reference.name, f.follows) in wanted
    ]


def _tell(outcome: Outcome, options: argparse.Namespace) -> None:
    for _, problem in outcome.problems:
        print(f"warning: {problem}", file=sys.stderr)
    for mention in outcome.mentions:
        print(f"note: {mention.place}: {mention.value} is not judged, nothing is known to run it", file=sys.stderr)
    for failure in outcome.failures:
        print(f"error: {failure}", file=sys.stderr)
    if options.json:
        print(json.dumps(outcome.document(), indent=2))
    elif options.diff:
        print("".join(diff(local, pinned) for local, pinned in outcome.moved), end="")
    else:
        print("\n".join(outcome.lines()), end="\n" if outcome.lines() else "")


def _write(outcome: Outcome) -> None:
    for local, pinned in outcome.moved:
        local.file.write_bytes(pinned.text.encode())
