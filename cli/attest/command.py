"""`./prodgate attest`: sign images with one key version, and store what was verified.

Exit status: 0 every image is attested by this key version; 2 one is not, and the sentence says why.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from cli.attest.children import add_children, with_children
from cli.attest.options import UNKNOWN, add_signing, images_of, project_of, settings_of, suite_of
from cli.attest.signing import Outcome, sign
from cli.refusal import sentence
from shared.domain.errors import Rejected, Unavailable


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="by digest: NAME@sha256:…")
    add_signing(parser)
    add_children(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Attest; answer the exit status."""
    try:
        images = with_children(images_of(options.images), options)
    except (OSError, ValueError, Rejected, Unavailable) as error:
        return refuse("attest", error, options)
    suite, settings, project = suite_of(options), settings_of(options), project_of(options)
    outcome = asyncio.run(sign(images, suite, settings, project=project, trying=False))
    tell(outcome, as_json=options.json)
    return UNKNOWN if outcome.failures else 0


def refuse(command: str, error: Exception, options: argparse.Namespace) -> int:
    """Say why nothing was tried, to machines too; answer the exit status."""
    print(f"prodgate {command}: {sentence(error)}", file=sys.stderr)
    if options.json:
        print(json.dumps(Outcome(suite_of(options), failures=[sentence(error)]).document(), indent=2))
    return UNKNOWN


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print what is signed and what is not."""
    for failure in outcome.failures:
        print(f"error: {failure}", file=sys.stderr)
    if as_json:
        print(json.dumps(outcome.document(), indent=2))
    else:
        print("".join(f"{line}\n" for line in outcome.lines()), end="")
