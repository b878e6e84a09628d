"""`./prodgate resolve`: print the digest that each image names now.

Exit status: 0 every image has one; 2 one of them could not be resolved.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from rich.console import Console

from cli.pin.asking import Answers, ask
from cli.pin.command import UNKNOWN
from cli.pin.registries import add_options, read_options
from cli.refusal import sentence
from shared.domain.errors import Rejected
from shared.domain.image import ImageReference


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="such as docker.io/library/mongo:7")
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Resolve every image; answer the exit status."""
    try:
        references = [ImageReference.parse(image) for image in options.images]
        registries = read_options(options)
    except (OSError, Rejected, ValueError) as error:
        print(f"prodgate resolve: {sentence(error)}", file=sys.stderr)
        if options.json:
            print(json.dumps({"images": [], "failures": [sentence(error)]}, indent=2))
        return UNKNOWN
    tags = list(dict.fromkeys((r.name, r.digest or r.tag or "latest") for r in references))
    answers = asyncio.run(ask(tags, registries, Console(stderr=True)))
    _tell(references, answers, as_json=options.json)
    return UNKNOWN if answers.failures else 0


def _tell(references: list[ImageReference], answers: Answers, *, as_json: bool) -> None:
    for failure in sorted(answers.failures.values()):
        print(f"error: {failure}", file=sys.stderr)
    rows = [(r.written, r.name, answers.digests.get((r.name, r.digest or r.tag or "latest"))) for r in references]
    if as_json:
        found = [{"image": w, "pinned": f"{n}@{d}", "digest": d} for w, n, d in rows if d is not None]
        print(json.dumps({"images": found, "failures": sorted(answers.failures.values())}, indent=2))
    else:
        print("".join(f"{name}@{digest}\n" for _, name, digest in rows if digest is not None), end="")
