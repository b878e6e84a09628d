"""What prod runs, as its manifests say, and which of it must be attested."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cli.google.connecting import google_channels, logged_in
from cli.tree.commit import committed_files
from cli.tree.options import rules_of
from cli.tree.reading import Tree, read_tree
from cli.tree.working import working_files
from shared.domain.errors import Rejected
from shared.domain.image import PinnedImage
from shared.domain.image_fields import ImageField
from shared.domain.policy import Policy, read_policy
from shared.runtime.wiring.binauthz import open_binauthz


@dataclass(slots=True)
class Running:
    """What manifests run: the images to be signed, what could not be read or signed by digest, and what is exempt."""

    images: list[PinnedImage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exempt: tuple[str, ...] = ()


def running(options: argparse.Namespace) -> Running:
    """Take every image that must be attested; a problem with one hides no other.

    Raises:
        Rejected: the policy is not understood, or the manifests are too many.
        Unavailable: the system policy cannot be read.
        OSError, ValueError: a path, a revision or an option is wrong.
    """
    tree = _tree(options)
    found = Running(problems=[problem.detail for problem in tree.problems], exempt=tree.exempt)
    images: dict[PinnedImage, None] = {}
    for image in _needed((image for manifest in tree.manifests for image in manifest.images), options):
        try:
            images[image.reference.pinned()] = None
        except Rejected as error:
            found.problems.append(f"{image.place}: {error.detail}")
    if not images and not found.problems:
        found.problems.append(
            "the manifests run no image that needs an attestation; are these the folders that prod runs?"
        )
    found.images = sorted(images)
    return found


def _tree(options: argparse.Namespace) -> Tree:
    rules = rules_of(options)
    if options.revision is None:
        return read_tree(working_files(options.paths), rules)
    return read_tree(committed_files(options.revision, options.paths), rules)


def _needed(images: Iterable[ImageField], options: argparse.Namespace) -> list[ImageField]:
    """Leave out what the policy's allowlist admits, and Google's own images where that policy says so."""
    if options.policy is None:
        if options.location is not None:
            raise ValueError("--location: the system policy counts only where --policy uses it; say --policy")
        return list(images)
    policy = _policy(options.policy)
    system: tuple[str, ...] = ()
    if options.location is not None and policy.uses_system_policy:
        system = asyncio.run(_system_patterns(options.location))
    return [image for image in images if not policy.exempts(image.reference.written, system)]


def _policy(path: Path) -> Policy:
    return read_policy(path.read_bytes())


async def _system_patterns(location: str) -> tuple[str, ...]:
    async with google_channels() as channels:
        with logged_in():
            binauthz = open_binauthz(channels)
        return await binauthz.system_patterns(location)
