"""`./prodgate pin`: put digests into manifests, list what is missing (`--check`), or show the change (`--diff`).

Exit status: 0 every image is pinned, to what its tag names where that was asked; 1 an image is not; 2 something was not
understood, or a registry could not be asked, or a file not be written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from cli.pin.asking import RegistryOptions, ask
from cli.pin.outcome import UNKNOWN, Outcome, Unpinned
from cli.pin.registries import add_options, read_options
from cli.pin.writing import replace_file
from cli.refusal import sentence
from cli.tree.options import add_reading, rules_of
from cli.tree.reading import Tree, read_tree
from cli.tree.working import working_files
from shared.domain.errors import Rejected
from shared.domain.image_fields import ImageField
from shared.domain.manifests import Manifest
from shared.domain.pinning import PinnedFile, TagDigests, pin
from shared.domain.policy import Policy, read_policy

_Chosen = Callable[[ImageField], bool]


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
    add_reading(parser)
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pin, check or show; answer the exit status."""
    try:
        tree = read_tree(working_files(options.paths), rules_of(options))
        chosen = _choice(options.policy)
        registries = read_options(options)
    except (OSError, Rejected, ValueError) as error:
        print(f"prodgate pin: {sentence(error)}", file=sys.stderr)
        if options.json:
            print(json.dumps(Outcome(failures=[sentence(error)]).document(), indent=2))
        return UNKNOWN
    outcome = Outcome(
        problems=[(problem.reason, problem.detail) for problem in tree.problems],
        mentions=[mention for manifest in tree.manifests for mention in manifest.mentions],
        exempt=tree.exempt,
    )
    if options.check:
        outcome.unpinned = [
            Unpinned(field, "is not pinned") for field in _fields(tree, chosen) if field.reference.digest is None
        ]
    else:
        _resolve(tree, chosen, registries, outcome)
        if not options.diff:
            _write(outcome)
    _tell(outcome, options)
    return outcome.status


def _choice(path: Path | None) -> _Chosen:
    """Choose the images that must be pinned: pinning what a pattern admits would change the string that it matches.

    Raises:
        Rejected: the policy holds what is not understood here.
    """
    policy: Policy | None = None if path is None else read_policy(path.read_bytes())
    return lambda field: policy is None or not policy.exempts(field.reference.written)


def _fields(tree: Tree, chosen: _Chosen) -> list[ImageField]:
    return [field for manifest in tree.manifests for field in manifest.images if chosen(field)]


def _resolve(tree: Tree, chosen: _Chosen, registries: RegistryOptions, outcome: Outcome) -> None:
    followed = [(f.reference.name, f.follows) for f in _fields(tree, chosen) if f.follows is not None]
    answers = asyncio.run(ask(list(dict.fromkeys(followed)), registries, Console(stderr=True)))
    outcome.failures = sorted(answers.failures.values())
    for manifest in tree.manifests:
        _pin(manifest, answers.digests, chosen, outcome)


def _pin(manifest: Manifest, digests: TagDigests, chosen: _Chosen, outcome: Outcome) -> None:
    pinned = pin(manifest, digests, chosen)
    if pinned.moves:
        outcome.moved.append((manifest, pinned))
    if pinned.is_defect:
        outcome.failures.append(f"{manifest.path} could not be edited, which is a defect of prodgate: please report it")
    outcome.frozen += pinned.frozen
    outcome.unpinned += _unpinned(pinned, [field for field in manifest.images if chosen(field)])


def _unpinned(pinned: PinnedFile, fields: list[ImageField]) -> list[Unpinned]:
    """List what names no digest after pinning, or one that its tag has left, each with the reason."""
    moved = {move.field.start for move in pinned.moves}
    reasons = {move.field.start: "is frozen by its tag" for move in pinned.frozen}
    reasons |= {alone.field.start: f"stays: {alone.why}" for alone in pinned.left_alone}
    stale = {alone.field.start for alone in pinned.left_alone}
    by_place = {
        field.start: field
        for field in fields
        if field.start not in moved and (field.reference.digest is None or field.start in stale)
    }
    return [Unpinned(field, reasons.get(start) or _why_unknown(field)) for start, field in by_place.items()]


def _why_unknown(field: ImageField) -> str:
    return "has no tag to resolve" if field.follows is None else "is not pinned: its tag could not be resolved"


def _write(outcome: Outcome) -> None:
    """Write every file that changes; what cannot be written is no move, and stays as it is."""
    written = []
    for manifest, pinned in outcome.moved:
        before = (manifest.bom + manifest.text).encode()
        try:
            replace_file(Path(manifest.path), before, pinned.text.encode())
            written.append((manifest, pinned))
        except (OSError, ValueError) as error:
            outcome.failures.append(sentence(error))
    outcome.moved = written


def _tell(outcome: Outcome, options: argparse.Namespace) -> None:
    for remark in outcome.remarks():
        print(remark, file=sys.stderr)
    if options.json:
        print(json.dumps(outcome.document(), indent=2))
        return
    if options.diff:
        print(outcome.diff(), end="")
    # A diff is for `git apply`, so what is not in it goes beside it.
    lines = map(str, outcome.unpinned) if options.diff else outcome.lines()
    for line in lines:
        print(line, file=sys.stderr if options.diff else sys.stdout)
