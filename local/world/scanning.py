"""Artifact Analysis in the world: what its scanner stores about an image, in the image's own project.

The occurrences are those that `gcloud artifacts docker images describe --show-package-vulnerability` reads: one of
Google's note `PACKAGE_VULNERABILITY` for the scan, and one of `projects/goog-vulnz/notes/<id>` for each finding, all on
`https://HOST/PATH@sha256:…`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.api_core.exceptions import AlreadyExists
from grafeas import grafeas_v1

from local.world.clients import Clients

SCANNER: Final = "projects/goog-analysis"
SCANNER_NOTE: Final = f"{SCANNER}/notes/PACKAGE_VULNERABILITY"
DATABASE: Final = "projects/goog-vulnz"
_BATCH: Final = 1000  # the most that one call creates


@dataclass(frozen=True, slots=True)
class Found:
    """A vulnerability in an image: its id, its severities by Grafeas' names, and whether it has a fix."""

    id: str
    effective: str = "HIGH"
    fixable: bool = True
    severity: str = "SEVERITY_UNSPECIFIED"


async def scan(clients: Clients, image: str, findings: Sequence[Found], status: str) -> None:
    """Replace what is stored about an image by a scan with this status and these findings."""
    project = f"projects/{image.split('/')[1]}"
    await _forget(clients, project, image)
    await _note(clients, SCANNER_NOTE, grafeas_v1.Note(discovery={"analysis_kind": "VULNERABILITY"}))
    await discover(clients, project, image, status)
    for found in dict.fromkeys(findings):
        await _note(clients, _note_of(found), grafeas_v1.Note(vulnerability={"severity": found.severity}))
    occurrences = [_occurrence(image, found) for found in findings]
    for start in range(0, len(occurrences), _BATCH):
        await clients.grafeas.batch_create_occurrences(parent=project, occurrences=occurrences[start : start + _BATCH])


async def discover(clients: Clients, project: str, image: str, status: str, *, note: str = SCANNER_NOTE) -> None:
    """Store that a scan of an image has a status, as somebody who may attach to the note can."""
    occurrence = grafeas_v1.Occurrence(
        resource_uri=f"https://{image}", note_name=note, discovery={"analysis_status": status}
    )
    await clients.grafeas.create_occurrence(parent=project, occurrence=occurrence)


def _note_of(found: Found) -> str:
    return f"{DATABASE}/notes/{found.id}"


def _occurrence(image: str, found: Found) -> grafeas_v1.Occurrence:
    vulnerability = grafeas_v1.VulnerabilityOccurrence(
        severity=found.severity, effective_severity=found.effective, fix_available=found.fixable
    )
    return grafeas_v1.Occurrence(
        resource_uri=f"https://{image}", note_name=_note_of(found), vulnerability=vulnerability
    )


async def _forget(clients: Clients, project: str, image: str) -> None:
    request = grafeas_v1.ListOccurrencesRequest(parent=project, filter=f'resourceUrl="https://{image}"')
    pager = await clients.grafeas.list_occurrences(request=request)
    for name in [occurrence.name async for occurrence in pager]:
        await clients.grafeas.delete_occurrence(name=name)


async def _note(clients: Clients, name: str, note: grafeas_v1.Note) -> None:
    project, _, note_id = name.rpartition("/notes/")
    try:
        await clients.grafeas.create_note(parent=project, note_id=note_id, note=note)
    except AlreadyExists:
        return
