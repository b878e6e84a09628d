"""`./prodgate attestations`: list attestations and say of each whether it counts, and by which key or why not.

Exit status: 0 every image that was named has one that counts; 1 one has none; 2 that could not be looked up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli.attest.connecting import signing_cloud
from cli.attest.options import UNKNOWN, add_attestor, images_of, project_of
from shared.domain.attestation import Occurrence, StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.errors import Rejected, Unavailable
from shared.domain.image import ImageReference, PinnedImage
from shared.workflow.signing import SigningCloud, SigningSettings

MISSING: Final = 1
_SCHEMES: Final = ("https://", "http://", "//")


@dataclass(frozen=True, slots=True)
class Row:
    """One occurrence, or none: what it attests, by which key it counts, and otherwise why not."""

    image: str
    occurrence: str | None
    key_id: str | None
    why: str | None

    def line(self) -> str:
        """The row for a person."""
        verdict = f"counts, by {self.key_id}" if self.key_id else f"does not count: {self.why}"
        return f"{self.image} {self.occurrence} {verdict}" if self.occurrence else f"{self.image} has no attestation"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="by digest; none: everything of the attestor's note")
    add_attestor(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List and verify; answer the exit status."""
    try:
        images = images_of(options.images)
        rows = asyncio.run(_rows(images, options))
    except (ValueError, Rejected, Unavailable) as error:
        print(f"prodgate attestations: {error}", file=sys.stderr)
        if options.json:
            _print(options, [], [str(error)])
        return UNKNOWN
    if options.json:
        _print(options, rows, [])
    else:
        print("".join(f"{row.line()}\n" for row in rows), end="")
    counting = {row.image for row in rows if row.key_id is not None}
    return MISSING if any(str(image) not in counting for image in images) else 0


def _print(options: argparse.Namespace, rows: Sequence[Row], failures: list[str]) -> None:
    found = [_document(row) for row in rows]
    print(json.dumps({"attestor": options.attestor, "attestations": found, "failures": failures}, indent=2))


async def _rows(images: Sequence[PinnedImage], options: argparse.Namespace) -> list[Row]:
    async with signing_cloud(project_of(options), SigningSettings()) as cloud:
        attestor = await cloud.binauthz.attestor(options.attestor)
        return await _of_images(images, attestor, cloud) if images else await _of_note(attestor, cloud)


async def _of_images(images: Sequence[PinnedImage], attestor: Attestor, cloud: SigningCloud) -> list[Row]:
    found = await cloud.attestations.find_all(attestor.note, [image.digest for image in images])
    rows = []
    for image in images:
        rows += [_row(image, occurrence, attestor) for occurrence in found[image.digest]] or [
            Row(str(image), None, None, "it has no attestation")
        ]
    return rows


async def _of_note(attestor: Attestor, cloud: SigningCloud) -> list[Row]:
    found, _ = await cloud.attestations.of_note(attestor.note)
    return [_named(occurrence, attestor) for occurrence in found]


def _named(occurrence: Occurrence, attestor: Attestor) -> Row:
    """Judge an occurrence by the image that its own resource names."""
    resource = occurrence.attestation.resource_uri
    for scheme in _SCHEMES:
        resource = resource.removeprefix(scheme)
    try:
        image = ImageReference.parse(resource).pinned()
    except Rejected as error:
        return Row(resource, occurrence.name, None, error.detail)
    return _row(image, occurrence, attestor)


def _row(image: PinnedImage, occurrence: Occurrence, attestor: Attestor) -> Row:
    proof = prove(occurrence, image, attestor)
    if isinstance(proof, StoredAttestation):
        return Row(str(image), occurrence.name, proof.key_id, None)
    return Row(str(image), occurrence.name, None, proof.why)


def _document(row: Row) -> dict[str, Any]:
    return {"image": row.image, "occurrence": row.occurrence, "counts_by": row.key_id, "why_not": row.why}
