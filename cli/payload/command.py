"""`./prodgate payload`: print the exact bytes that an attestation of an image signs, as gcloud does.

Exit status: 0 printed; 2 that is no image by digest.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from shared.domain.errors import Rejected
from shared.domain.image import ImageReference
from shared.domain.payload import PayloadForm, payload

UNKNOWN: Final = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("image", metavar="IMAGE", help="such as us-docker.pkg.dev/mdo/apps/mdo-posts@sha256:…")
    parser.add_argument(
        "--form",
        type=PayloadForm,
        choices=list(PayloadForm),
        default=PayloadForm.JSON,
        help="json is what gcloud signs, pae its DSSE encoding",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the bytes and nothing else; answer the exit status."""
    try:
        image = ImageReference.parse(options.image).pinned()
    except Rejected as error:
        print(f"prodgate payload: {error}", file=sys.stderr)
        return UNKNOWN
    sys.stdout.buffer.write(options.form.signed(payload(image)))
    return 0
