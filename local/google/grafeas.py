"""A stand-in for Container Analysis: the Grafeas API of notes and occurrences."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.empty_pb2 import Empty
from grafeas import grafeas_v1

from local.google.messages import copy_of, protobuf_of, set_fields
from local.google.occurrence_filter import endings_of, parse_filter
from local.google.occurrences import ENDING, Occurrences
from local.google.paging import page_of
from local.google.refusal import Refusal
from local.google.resource_names import require_id, require_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from local.google.dispatch import Handler
    from local.google.occurrences import Kept
    from local.google.paging import Page

M = TypeVar("M")

SERVICE = "grafeas.v1.Grafeas"
PROJECT = "projects/*"
NOTE = "projects/*/notes/*"
OCCURRENCE = "projects/*/occurrences/*"

# Undocumented; chosen because note ids are used in URLs and are short in every sample.
NOTE_ID = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}"

# Documented in grafeas/v1/grafeas.proto: page_size defaults to 20 and is at most 1,000; so many occurrences in a batch.
DEFAULT_PAGE, MOST_PAGE = 20, 1000
MAX_BATCH = 1000


class Batches(Enum):
    """What BatchCreateOccurrences does with a batch of which something exists already, or with any."""

    REFUSE_ALL = "ALREADY_EXISTS, and nothing is made"
    MAKE_OTHERS = "the others are made and answered"
    UNIMPLEMENTED = "no batch is taken"


class ContainerAnalysis:
    """Notes and occurrences in memory.

    Lists do not show an occurrence that is younger than `list_lag_s`, as reads may lag writes: Kritis warns that an
    attestation "may take a few seconds to retrieve" (https://github.com/grafeas/kritis/pull/414). Get is immediate,
    unless it is told to lag by `get_lag_s`.

    What is documented nowhere can be set either way: `takes_or`, whether a filter may join functions by OR;
    `batches`, what a batch does when one of its occurrences exists already; `takes_updates`, whether the signatures of
    an attestation can be changed; `ignores_scheme`, whether an image and `https://` before it are one resource.
    Get shows an occurrence as it was before its newest update, so many times as `stale_gets` says.
    """

    def __init__(self, *, list_lag_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.list_lag_s = list_lag_s
        self.get_lag_s = 0.0
        self.takes_or = True
        self.takes_updates = True
        self.ignores_scheme = False
        self.stale_gets = 0
        self._before: dict[str, Any] = {}
        self.batches = Batches.REFUSE_ALL
        self._hidden: dict[str, int] = {}
        self._clock = clock
        self._notes: dict[str, grafeas_v1.Note] = {}
        self._occurrences = Occurrences()
        self._attestations: dict[tuple[str, str], str] = {}

    def hide_from_lists(self, name: str, *, lists: int) -> None:
        """Leave an occurrence out of the next lists, as one that was made a moment after them."""
        self._hidden[name] = lists

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by full RPC name."""
        answered: dict[str, Handler] = {
            "CreateNote": self._create_note,
            "GetNote": self._get_note,
            "ListNotes": self._list_notes,
            "DeleteNote": self._delete_note,
            "CreateOccurrence": self._create_occurrence,
            "BatchCreateOccurrences": self._batch_create_occurrences,
            "GetOccurrence": self._get_occurrence,
            "GetOccurrenceNote": self._get_occurrence_note,
            "ListOccurrences": self._list_occurrences,
            "ListNoteOccurrences": self._list_note_occurrences,
            "UpdateOccurrence": self._update_occurrence,
            "DeleteOccurrence": self._delete_occurrence,
        }
        return {f"{SERVICE}/{rpc}": handler for rpc, handler in answered.items()}

    async def _create_note(self, request: grafeas_v1.CreateNoteRequest) -> grafeas_v1.Note:
        require_name(PROJECT, request.parent)
        require_id(request.note_id, NOTE_ID, field="note_id")
        name = f"{request.parent}/notes/{request.note_id}"
        if name in self._notes:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"note with name {name} already exists")
        note, now = copy_of(request.note), datetime.now(UTC)
        set_fields(note, name=name, kind=_kind(protobuf_of(note), "type"), create_time=now, update_time=now)
        self._notes[name] = note
        return copy_of(note)

    async def _get_note(self, request: grafeas_v1.GetNoteRequest) -> grafeas_v1.Note:
        return copy_of(self._note(request.name))

    async def _list_notes(self, request: grafeas_v1.ListNotesRequest) -> grafeas_v1.ListNotesResponse:
        require_name(PROJECT, request.parent)
        if request.filter:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "The stand-in cloud does not filter notes.")
        notes = [note for name, note in self._notes.items() if name.startswith(f"{request.parent}/")]
        page = page_of(notes, size=request.page_size, token=request.page_token, default=DEFAULT_PAGE, most=MOST_PAGE)
        return grafeas_v1.ListNotesResponse(
            notes=[copy_of(note) for note in page.items], next_page_token=page.next_page_token
        )

    async def _delete_note(self, request: grafeas_v1.DeleteNoteRequest) -> Empty:
        del self._notes[self._note(request.name).name]
        return Empty()

    async def _create_occurrence(self, request: grafeas_v1.CreateOccurrenceRequest) -> grafeas_v1.Occurrence:
        asked: Any = protobuf_of(request)
        require_name(PROJECT, asked.parent)
        occurrence = copy_of(asked.occurrence)
        self._require_acceptable([occurrence])
        return _answered(self._add(asked.parent, occurrence))

    async def _batch_create_occurrences(
        self, request: grafeas_v1.BatchCreateOccurrencesRequest
    ) -> grafeas_v1.BatchCreateOccurrencesResponse:
        """Create all occurrences or none, unless `batches` says otherwise.

        What the real service does when one of them exists already is undocumented; the whole batch is refused with
        ALREADY_EXISTS because the answer has no place for the fate of a single one.
        """
        if self.batches is Batches.UNIMPLEMENTED:
            raise Refusal(grpc.StatusCode.UNIMPLEMENTED, "The stand-in cloud was told to take no batches.")
        asked: Any = protobuf_of(request)
        require_name(PROJECT, asked.parent)
        if not 0 < (count := len(asked.occurrences)) <= MAX_BATCH:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"A batch holds 1 to {MAX_BATCH} occurrences, not {count}.")
        occurrences = [copy_of(occurrence) for occurrence in asked.occurrences]
        if self.batches is Batches.MAKE_OTHERS:
            occurrences = [each for each in occurrences if self._attested(each) not in self._attestations]
        self._require_acceptable(occurrences)
        answer = grafeas_v1.BatchCreateOccurrencesResponse()
        made: Any = protobuf_of(answer)
        made.occurrences.extend(self._add(asked.parent, occurrence) for occurrence in occurrences)
        return answer

    async def _get_occurrence(self, request: grafeas_v1.GetOccurrenceRequest) -> grafeas_v1.Occurrence:
        kept = self._occurrence(request.name)
        if kept.made_s > self._clock() - self.get_lag_s:
            raise _no_such_occurrence(request.name)
        if self.stale_gets and request.name in self._before:
            self.stale_gets -= 1
            return _answered(self._before[request.name])
        return _answered(kept.message)

    async def _get_occurrence_note(self, request: grafeas_v1.GetOccurrenceNoteRequest) -> grafeas_v1.Note:
        return copy_of(self._note(self._occurrence(request.name).message.note_name))

    async def _list_occurrences(self, request: grafeas_v1.ListOccurrencesRequest) -> grafeas_v1.ListOccurrencesResponse:
        require_name(PROJECT, request.parent)
        project = f"{request.parent}/"
        page = self._page(request, lambda occurrence: occurrence.name.startswith(project))
        answer = grafeas_v1.ListOccurrencesResponse(next_page_token=page.next_page_token)
        return _listing(answer, page)

    async def _list_note_occurrences(
        self, request: grafeas_v1.ListNoteOccurrencesRequest
    ) -> grafeas_v1.ListNoteOccurrencesResponse:
        note = str(self._note(request.name).name)
        page = self._page(request, lambda occurrence: occurrence.note_name == note)
        answer = grafeas_v1.ListNoteOccurrencesResponse(next_page_token=page.next_page_token)
        return _listing(answer, page)

    async def _update_occurrence(self, request: grafeas_v1.UpdateOccurrenceRequest) -> grafeas_v1.Occurrence:
        occurrence = self._occurrence(request.name).message
        if not self.takes_updates or list(request.update_mask.paths) != ["attestation.signatures"]:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "The stand-in cloud updates attestation.signatures and nothing else.",
            )
        self._before[occurrence.name] = copy_of(occurrence)
        asked: Any = protobuf_of(request)
        del occurrence.attestation.signatures[:]
        occurrence.attestation.signatures.extend(asked.occurrence.attestation.signatures)
        occurrence.update_time.FromDatetime(datetime.now(UTC))
        return _answered(occurrence)

    async def _delete_occurrence(self, request: grafeas_v1.DeleteOccurrenceRequest) -> Empty:
        occurrence = self._occurrence(request.name).message
        self._occurrences.remove(occurrence)
        if occurrence.kind == grafeas_v1.NoteKind.ATTESTATION:
            del self._attestations[self._attested(occurrence)]
        return Empty()

    def _note(self, name: str) -> grafeas_v1.Note:
        require_name(NOTE, name)
        if name not in self._notes:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"note with name {name} does not exist")
        return self._notes[name]

    def _occurrence(self, name: str) -> Kept:
        require_name(OCCURRENCE, name)
        kept = self._occurrences.get(name)
        if kept is None:
            raise _no_such_occurrence(name)
        return kept

    def _page(
        self,
        request: grafeas_v1.ListOccurrencesRequest | grafeas_v1.ListNoteOccurrencesRequest,
        belongs: Callable[[Any], bool],
    ) -> Page[Any]:
        """Find the page of what belongs to the list and passes the filter."""
        matches = parse_filter(request.filter)
        if not self.takes_or and " OR " in request.filter:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter '{request.filter}': no OR of functions.")
        shown_until = self._clock() - self.list_lag_s
        occurrences = [
            kept.message
            for kept in self._occurrences.ending_so(endings_of(matches, ENDING))
            if kept.made_s <= shown_until
            and belongs(kept.message)
            and matches(kept.message)
            and not self._is_hidden(kept.message.name)
        ]
        return page_of(
            occurrences, size=request.page_size, token=request.page_token, default=DEFAULT_PAGE, most=MOST_PAGE
        )

    def _is_hidden(self, name: str) -> bool:
        lists = self._hidden.get(name, 0)
        self._hidden[name] = lists - 1
        return lists > 0

    def _require_acceptable(self, occurrences: Iterable[Any]) -> None:
        """Check new occurrences, and give them their kind, which is output only.

        A second attestation for one note and resource is refused with the real service's words, seen in
        https://github.com/GoogleCloudPlatform/gke-binary-auth-tools/issues/4.
        """
        in_this_batch: set[tuple[str, str]] = set()
        for occurrence in occurrences:
            occurrence.kind = _kind(occurrence, "details")
            _require_fitting_note(occurrence, protobuf_of(self._note(occurrence.note_name)))
            key = self._attested(occurrence)
            if key in self._attestations or key in in_this_batch:
                known = self._attestations.get(key, "of this batch").rpartition("/")[2]
                raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f'occurrence ID "{known}" already exists')
            if occurrence.kind == grafeas_v1.NoteKind.ATTESTATION:
                in_this_batch.add(key)

    def _add(self, parent: str, occurrence: Any) -> Any:
        occurrence.name = f"{parent}/occurrences/{uuid4()}"
        occurrence.create_time.FromDatetime(datetime.now(UTC))
        occurrence.update_time.CopyFrom(occurrence.create_time)
        self._occurrences.add(occurrence, self._clock())
        if occurrence.kind == grafeas_v1.NoteKind.ATTESTATION:
            self._attestations[self._attested(occurrence)] = occurrence.name
        return occurrence

    def _attested(self, occurrence: Any) -> tuple[str, str]:
        """What can be attested only once: a note and a resource."""
        resource = occurrence.resource_uri
        return (occurrence.note_name, resource.removeprefix("https://") if self.ignores_scheme else resource)


def _answered(occurrence: Any) -> grafeas_v1.Occurrence:
    """Wrap a copy of what is kept: what a caller is given must not change it."""
    answer: grafeas_v1.Occurrence = grafeas_v1.Occurrence.wrap(copy_of(occurrence))
    return answer


def _listing(answer: M, page: Page[Any]) -> M:
    """Put copies of the page's occurrences into an answer."""
    listed: Any = protobuf_of(answer)
    listed.occurrences.extend(page.items)
    return answer


def _no_such_occurrence(name: str) -> Refusal:
    return Refusal(grpc.StatusCode.NOT_FOUND, f"occurrence with name {name} does not exist")


def _require_fitting_note(occurrence: Any, note: Any) -> None:
    """Refuse an occurrence of another kind than its note's, or of no resource; the wordings are ours."""
    if occurrence.kind != note.kind:
        kind, wanted = (grafeas_v1.NoteKind(message.kind).name for message in (occurrence, note))
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"occurrence kind {kind} does not match kind {wanted} of {note.name}",
        )
    if not occurrence.resource_uri:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "occurrence must have a resource_uri")


def _kind(message: Any, oneof: str) -> grafeas_v1.NoteKind:
    """The kind that the details of a note or an occurrence say: `attestation` makes it ATTESTATION."""
    details = message.WhichOneof(oneof)
    if not details:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"{message.DESCRIPTOR.name.lower()} has no {oneof}")
    kind: grafeas_v1.NoteKind = getattr(grafeas_v1.NoteKind, details.upper())
    return kind
