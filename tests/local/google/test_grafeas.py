"""Container Analysis of the stand-in, asked by the real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound
from grafeas import grafeas_v1

from tests.local.google.running_google import DIGEST, IMAGE, NOTE, tell

if TYPE_CHECKING:
    from tests.local.google.running_google import RunningGoogle

PROJECT = "projects/acme"


def _attestation(resource_uri: str = IMAGE, note: str = NOTE) -> grafeas_v1.Occurrence:
    details = grafeas_v1.AttestationOccurrence(serialized_payload=b"{}")
    return grafeas_v1.Occurrence(resource_uri=resource_uri, note_name=note, attestation=details)


def test_an_occurrence_gets_its_name_its_kind_and_its_times() -> None:
    """All three are output only: what a caller says about them is overwritten."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        sent = _attestation()
        sent.name, sent.kind = "projects/evil/occurrences/mine", grafeas_v1.NoteKind.BUILD
        made = await google.grafeas.create_occurrence(parent=PROJECT, occurrence=sent)
        assert made.name.startswith(f"{PROJECT}/occurrences/")
        assert made.kind == grafeas_v1.NoteKind.ATTESTATION
        assert "create_time" in made
        assert await google.grafeas.get_occurrence(name=made.name) == made
        assert (await google.grafeas.get_occurrence_note(name=made.name)).name == NOTE

    tell(story)


def test_a_note_and_an_image_are_attested_once_only() -> None:
    """The second one is refused in the real service's words, until the first is deleted."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        made = await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation())
        identifier = made.name.rpartition("/")[2]
        with pytest.raises(AlreadyExists, match=f'occurrence ID "{identifier}" already exists'):
            await google.grafeas.create_occurrence(parent="projects/other", occurrence=_attestation())
        await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation(f"https://{IMAGE}"))
        await google.grafeas.delete_occurrence(name=made.name)
        await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation())

    tell(story)


def test_a_batch_is_created_whole_or_not_at_all() -> None:
    """One that exists already, or occurs twice, refuses all of them; so does a batch that is too large."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        one, two = _attestation("h.example/a/one@sha256:1"), _attestation("h.example/a/two@sha256:2")
        for batch, error in (([one, one], AlreadyExists), ([one] * 1001, InvalidArgument), ([], InvalidArgument)):
            with pytest.raises(error):
                await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=batch)
        made = await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=[one])
        assert len(made.occurrences) == 1
        with pytest.raises(AlreadyExists):
            await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=[two, one])
        listed = await google.grafeas.list_note_occurrences(name=NOTE)
        assert [occurrence.resource_uri async for occurrence in listed] == [one.resource_uri]

    tell(story)


def test_lists_are_filtered_and_come_in_pages_of_twenty() -> None:
    """A client that forgets the next page sees twenty of twenty-five."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        images = [f"h.example/team/image@sha256:{number:064x}" for number in range(25)]
        occurrences = [_attestation(image) for image in images]
        await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=occurrences)
        pages = await google.grafeas.list_note_occurrences(name=NOTE)
        assert [len(page.occurrences) async for page in pages.pages] == [20, 5]
        suffix = f'has_suffix(resourceUrl, "sha256:{7:064x}")'
        listed = await google.grafeas.list_occurrences(parent=PROJECT, filter=f'kind="ATTESTATION" AND {suffix}')
        assert [occurrence.resource_uri async for occurrence in listed] == [images[7]]
        with pytest.raises(InvalidArgument, match="page token"):
            await google.grafeas.list_occurrences({"parent": PROJECT, "page_token": "made up"})
        with pytest.raises(InvalidArgument, match="filter"):
            await google.grafeas.list_occurrences(parent=PROJECT, filter="nonsense")

    tell(story)


def test_lists_may_lag_and_get_does_not() -> None:
    """With a lag, a list shows nothing yet; a get shows the occurrence at once."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        google.analysis.list_lag_s = 60.0
        made = await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation())
        assert not [found async for found in await google.grafeas.list_note_occurrences(name=NOTE)]
        assert await google.grafeas.get_occurrence(name=made.name) == made
        google.analysis.list_lag_s = 0.0
        assert [found async for found in await google.grafeas.list_note_occurrences(name=NOTE)] == [made]

    tell(story)


def test_only_the_signatures_of_an_occurrence_can_be_updated() -> None:
    """A mask that names something else is refused, not ignored."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        made = await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation())
        made.attestation.signatures = [grafeas_v1.Signature(signature=b"s", public_key_id="k")]
        made.attestation.serialized_payload = b"ignored"
        mask = {"paths": ["attestation.signatures"]}
        updated = await google.grafeas.update_occurrence(name=made.name, occurrence=made, update_mask=mask)
        assert updated.attestation.signatures == made.attestation.signatures
        assert updated.attestation.serialized_payload == b"{}"
        with pytest.raises(InvalidArgument):
            await google.grafeas.update_occurrence(
                name=made.name, occurrence=made, update_mask={"paths": ["resource_uri"]}
            )

    tell(story)


def test_what_does_not_exist_or_does_not_fit_is_refused() -> None:
    """Unknown notes and occurrences, notes made twice, details missing or of another kind."""

    async def story(google: RunningGoogle) -> None:
        with pytest.raises(NotFound, match=f"note with name {NOTE} does not exist"):
            await google.grafeas.create_occurrence(parent=PROJECT, occurrence=_attestation())
        await google.make_note()
        with pytest.raises(AlreadyExists):
            await google.make_note()
        with pytest.raises(NotFound):
            await google.grafeas.get_occurrence(name=f"{PROJECT}/occurrences/none")
        build = grafeas_v1.Occurrence(resource_uri=IMAGE, note_name=NOTE, build=grafeas_v1.BuildOccurrence())
        bare = grafeas_v1.Occurrence(resource_uri=IMAGE, note_name=NOTE)
        for unfit in (build, bare, _attestation(""), _attestation(note="qa")):
            with pytest.raises(InvalidArgument):
                await google.grafeas.create_occurrence(parent=PROJECT, occurrence=unfit)

    tell(story)


def test_notes_are_listed_and_deleted() -> None:
    """Notes of the project that was asked for, and none after it is gone."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        assert [note.name async for note in await google.grafeas.list_notes(parent=PROJECT)] == [NOTE]
        assert not [note async for note in await google.grafeas.list_notes(parent="projects/other")]
        await google.grafeas.delete_note(name=NOTE)
        with pytest.raises(NotFound):
            await google.grafeas.get_note(name=NOTE)

    tell(story)


def test_the_filter_of_the_digest_is_that_of_gcloud() -> None:
    """`has_suffix(resourceUrl, "sha256:…")` finds both spellings of an image, with scheme and without."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        both = [_attestation(), _attestation(f"https://{IMAGE}")]
        await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=both)
        filter_ = f'has_suffix(resourceUrl, "{DIGEST}")'
        listed = await google.grafeas.list_note_occurrences({"name": NOTE, "filter": filter_})
        assert len([occurrence async for occurrence in listed]) == 2

    tell(story)


def test_a_list_by_several_digests_is_that_of_everything_filtered() -> None:
    """Occurrences are found by their digests: in the order in which they were made, with no deleted one."""

    async def story(google: RunningGoogle) -> None:
        await google.make_note()
        images = [f"h.example/team/image@sha256:{number:064x}" for number in (3, 1, 2, 4)]
        sent = [_attestation(image) for image in (*images, f"https://{images[0]}")]
        made = await google.grafeas.batch_create_occurrences(parent=PROJECT, occurrences=sent)
        await google.grafeas.delete_occurrence(name=made.occurrences[1].name)
        some = [*images[:3], f"h.example/team/image@sha256:{5:064x}"]
        joined = " OR ".join(f'has_suffix(resourceUrl, "{image[-71:]}")' for image in sorted(some))
        for filter_ in (joined, f'kind="ATTESTATION" AND ({joined})'):
            listed = await google.grafeas.list_note_occurrences({"name": NOTE, "filter": filter_})
            found = [occurrence.resource_uri async for occurrence in listed]
            assert found == [images[0], images[2], f"https://{images[0]}"]

    tell(story)
