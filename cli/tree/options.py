"""The options by which a person says what the functions' configuration says about reading manifests."""

from __future__ import annotations

import argparse

from cli.tree.reading import Rules
from shared.domain.exempt_paths import EXEMPT_PATH, ExemptPaths
from shared.domain.image_paths import IMAGE_PATH, ImagePaths, read_image_paths, useless_paths
from shared.runtime.config import KIND


def add_image_paths(parser: argparse.ArgumentParser) -> None:
    """Add where custom resources keep their images."""
    parser.add_argument(
        "--image-path",
        action="append",
        default=[],
        metavar="ROW",
        help="where a custom resource keeps its image, as in PRODGATE_IMAGE_PATHS: 'acme.io/v1 Shop spec.image'",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add everything about how manifests are judged."""
    parser.add_argument(
        "--exempt-kind",
        action="append",
        default=[],
        metavar="KIND",
        help="a kind that runs nothing, as in PRODGATE_EXEMPT_KINDS: 'external-secrets.io/v1 ExternalSecret'",
    )
    parser.add_argument(
        "--exempt-path",
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder that nobody judges, from the repository's root, as in PRODGATE_EXEMPT_PATHS",
    )
    add_image_paths(parser)


def rules_of(options: argparse.Namespace) -> Rules:
    """Read the options of `add_reading`.

    Raises:
        ValueError: one is malformed, or would do nothing.
    """
    for kind in options.exempt_kind:
        if not KIND.fullmatch(kind):
            raise ValueError(f"--exempt-kind {kind}: it must be an apiVersion and a kind, like 'acme.io/v1 Shop'")
    return Rules(frozenset(options.exempt_kind), _exempt_paths(options.exempt_path), image_paths_of(options.image_path))


def image_paths_of(rows: list[str]) -> ImagePaths:
    """Read the rows of `--image-path`.

    Raises:
        ValueError: one is malformed.
    """
    for row in rows:
        if not IMAGE_PATH.fullmatch(row):
            raise ValueError(f"--image-path {row}: it must be like 'acme.io/v1 Shop spec.image'")
    paths = read_image_paths(rows)
    for why in useless_paths(paths):
        raise ValueError(f"--image-path would be ignored: {why}")
    return paths


def _exempt_paths(rows: list[str]) -> ExemptPaths:
    for row in rows:
        if not EXEMPT_PATH.fullmatch(row):
            raise ValueError(
                f"--exempt-path {row}: it must be a path from the repository's root, like 'apps/shop/values.yaml', "
                "with * inside of a part at most"
            )
    return ExemptPaths(tuple(rows))
