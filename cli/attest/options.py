"""The options of the commands that attest: by whom, with which key, and where it is stored."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.domain.image import ImageReference, PinnedImage
from shared.domain.payload import PayloadForm
from shared.runtime.config import ATTESTOR, KEY_VERSION
from shared.workflow.signing import SigningSettings, SuiteSettings
from shared.workflow.storing import Replacing

UNKNOWN: Final = 2
_AN_ATTESTOR: Final = "projects/mdo-prod/attestors/qa-attestor"
_A_VERSION: Final = "projects/mdo-gate/locations/us-central1/keyRings/prodgate/cryptoKeys/qa/cryptoKeyVersions/2"
_FORM: Final = "as PRODGATE_PAYLOAD: json is what gcloud signs (the default), pae its DSSE encoding"


def add_attestor(parser: argparse.ArgumentParser) -> None:
    """Add the attestor, and where its attestations are stored."""
    parser.add_argument(
        "--attestor", required=True, type=_matching(ATTESTOR, _AN_ATTESTOR), help=f"such as {_AN_ATTESTOR}"
    )
    parser.add_argument("--project", help="where attestations are stored; the attestor's project, if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_signing(parser: argparse.ArgumentParser) -> None:
    """Add the key version, and how it signs."""
    add_attestor(parser)
    parser.add_argument(
        "--key-version", required=True, type=_matching(KEY_VERSION, _A_VERSION), help=f"such as {_A_VERSION}"
    )
    parser.add_argument("--form", type=PayloadForm, choices=list(PayloadForm), default=PayloadForm.JSON, help=_FORM)
    parser.add_argument(
        "--delete-and-create",
        action="store_true",
        help="as PRODGATE_REPLACE_ATTESTATIONS: delete an attestation in the way that proves nothing and takes no "
        "further signature; the image has none for a moment",
    )


def suite_of(options: argparse.Namespace) -> SuiteSettings:
    """Who attests."""
    return SuiteSettings(options.attestor, options.key_version)


def settings_of(options: argparse.Namespace) -> SigningSettings:
    """How it is signed."""
    return SigningSettings(options.form, Replacing.DELETE_AND_CREATE if options.delete_and_create else Replacing.NEVER)


def project_of(options: argparse.Namespace) -> str:
    """Where attestations are stored."""
    return str(options.project or options.attestor.split("/")[1])


def images_of(written: Sequence[str]) -> list[PinnedImage]:
    """Read images by digest, each once.

    Raises:
        Rejected: one of them is none.
    """
    return list(dict.fromkeys(ImageReference.parse(image).pinned() for image in written))


def _matching(pattern: re.Pattern[str], example: str) -> Callable[[str], Any]:
    def read(value: str) -> str:
        if not pattern.fullmatch(value):
            raise argparse.ArgumentTypeError(f"{value} must be like {example}")
        return value

    return read
