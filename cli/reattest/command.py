"""`./prodgate reattest`: have everything that prod runs signed by a new key version, before the old one goes.

Without `--sign` it only lists what is not signed by it yet.
Exit status: 0 all of it is; 1 something is not; 2 something could not be read, signed or looked up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli.attest.command import tell
from cli.attest.options import UNKNOWN, add_signing, project_of, settings_of, suite_of
from cli.attest.signing import sign
from cli.pin.checkout import manifests_below
from cli.pin.command import image_paths_of, policy_of
from cli.reattest.revision import manifests_at
from shared.domain.errors import Rejected
from shared.domain.image import PinnedImage
from shared.domain.manifests import Manifest
from shared.domain.policy import Policy

UNSIGNED: Final = 1


@dataclass(slots=True)
class Running:
    """What manifests run: the images to be signed, and what could not be read or signed by its digest."""

    images: list[PinnedImage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a manifest, or a folder of them")
    parser.add_argument("--revision", help="read them as this commit of the clone has them, such as origin/prod")
    parser.add_argument("--policy", type=Path, help="leave out what this policy's allowlist admits (YAML, as exported)")
    parser.add_argument("--image-path", action="append", default=[], metavar="ROW", help="as in PRODGATE_IMAGE_PATHS")
    parser.add_argument("--sign", action="store_true", help="sign what is missing; without it, list only")
    add_signing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List or sign; answer the exit status."""
    try:
        running = _running(_manifests(options), policy_of(options.policy))
    except (OSError, Rejected, ValueError) as error:
        print(f"prodgate reattest: {error}", file=sys.stderr)
        return UNKNOWN
    suite, settings, project = suite_of(options), settings_of(options), project_of(options)
    outcome = asyncio.run(sign(running.images, suite, settings, project=project, trying=not options.sign))
    outcome.failures += running.problems
    tell(outcome, as_json=options.json)
    if outcome.failures:
        return UNKNOWN
    return UNSIGNED if outcome.missing else 0


def _manifests(options: argparse.Namespace) -> list[Manifest]:
    paths = image_paths_of(options.image_path)
    if options.revision is not None:
        return manifests_at(options.revision, options.paths, paths)
    return [local.manifest for local in manifests_below(options.paths, paths)]


def _running(manifests: list[Manifest], exempt: Policy | None) -> Running:
    """Take every image that must be attested; a problem with one hides no other."""
    images: dict[PinnedImage, None] = {}
    problems = [problem.detail for manifest in manifests for problem in manifest.problems]
    for image in (image for manifest in manifests for image in manifest.images):
        if exempt is not None and exempt.exempts(image.reference.written):
            continue
        try:
            images[image.reference.pinned()] = None
        except Rejected as error:
            problems.append(f"{image.place}: {error.detail}")
    if not images and not problems:
        problems.append("the manifests run no image that needs an attestation; are these the folders that prod runs?")
    return Running(sorted(images), problems)
