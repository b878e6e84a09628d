"""`./prodgate resolve`: print the digest that each image names now.

Exit status: 0 every image has one; 2 one of them could not be resolved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from rich.console import Console

from cli.pin.asking import Tag, ask
from cli.pin.outcome import UNKNOWN
from cli.pin.registries import add_options, read_options
from cli.refusal import sentence
from shared.domain.errors import Rejected
from shared.domain.image import Digest, ImageName, ImageReference


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="such as docker.io/library/mongo:7")
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Resolve every image; one that cannot be harms no other; answer the exit status."""
    try:
        registries = read_options(options)
    except (OSError, ValueError) as error:
        print(f"prodgate resolve: {sentence(error)}", file=sys.stderr)
        if options.json:
            refused = {"image": None, "detail": sentence(error)}  # no image, but an option
            print(json.dumps({"images": [], "failures": [refused]}, indent=2))
        return UNKNOWN
    tags, failures = _read(options.images)
    answers = asyncio.run(ask(list(dict.fromkeys(tags.values())), registries, Console(stderr=True)))
    failures |= {image: answers.failures[tag] for image, tag in tags.items() if tag in answers.failures}
    found = {image: (tag[0], answers.digests[tag]) for image, tag in tags.items() if tag in answers.digests}
    _tell(found, failures, as_json=options.json)
    return UNKNOWN if failures else 0


def _read(images: list[str]) -> tuple[dict[str, Tag], dict[str, str]]:
    """What each image, as written, asks for; and why the others are none."""
    tags, failures = {}, {}
    for image in images:
        try:
            reference = ImageReference.parse(image)
            tags[image] = (reference.name, reference.digest or reference.tag or "latest")
        except Rejected as error:
            failures[image] = error.detail
    return tags, failures


def _tell(found: dict[str, tuple[ImageName, Digest]], failures: dict[str, str], *, as_json: bool) -> None:
    for failure in failures.values():
        print(f"error: {failure}", file=sys.stderr)
    if as_json:
        images = [{"image": image, "pinned": f"{name}@{d}", "digest": d} for image, (name, d) in found.items()]
        refused = [{"image": image, "detail": detail} for image, detail in failures.items()]
        print(json.dumps({"images": images, "failures": refused}, indent=2))
    else:
        print("".join(f"{name}@{digest}\n" for name, digest in found.values()), end="")
