"""The images that run in an index's place, where somebody wants those signed too."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from cli.pin.asking import RegistryOptions
from cli.pin.registries import add_options, read_options
from shared.clients.registry import Registries, registry_session
from shared.domain.image import PinnedImage
from shared.domain.image_index import Children
from shared.workflow.children import ChildrenCloud, family_of


def add_children(parser: argparse.ArgumentParser) -> None:
    """Add whether children are signed, and how registries are asked for them."""
    parser.add_argument(
        "--children",
        type=Children,
        choices=list(Children),
        default=Children.NAMED,
        help="as PRODGATE_CHILDREN: runnable signs, of an index, each image in it that can run too (default: named)",
    )
    add_options(parser)


def with_children(images: Sequence[PinnedImage], options: argparse.Namespace) -> list[PinnedImage]:
    """Answer the images, and their children where that is wanted, each once.

    Raises:
        Rejected: an index cannot be understood, or a registry has no such image.
        Unavailable: a registry does not answer.
        OSError, ValueError: an option for registries cannot be read.
    """
    if options.children is Children.NAMED:
        return list(images)
    return asyncio.run(_asked(images, read_options(options)))


async def _asked(images: Sequence[PinnedImage], options: RegistryOptions) -> list[PinnedImage]:
    # Whoever sits at the keyboard chose the images; there is no stranger here who could choose the registry.
    hosts = tuple(dict.fromkeys(image.name.host for image in images))
    async with registry_session() as session:
        registries = Registries(session, options.endpoints, options.credentials)
        cloud = ChildrenCloud(Children.RUNNABLE, hosts, registries)
        return list((await family_of(images, cloud, is_gated=False, settling=False)).images)
