"""The contracts: what each topic carries, read strictly and written canonically."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.events import (
    ImageResolved,
    ProdTestsFinished,
    ReleaseCheck,
    ReportedCompletion,
    TestPassed,
    canonical,
    event_id,
    event_type,
    is_run,
    is_suite,
    read_release_event,
)
from shared.domain.image import PinnedImage
from tests.unit.domain.material import COMMIT, NAME, PINNED, RUN, A, B, reason_of

RESOLVED = {"image": NAME, "tag": "v1", "digest": A, "media_type": "application/vnd.oci.image.index.v1+json"}
PASSED = {"suite": "qa", "outcome": "success", "repository": "mdo/environments", "commit": COMMIT, "run": RUN}
ROW = {
    "image": NAME,
    "digest": A,
    "attestor": "projects/gate/attestors/qa",
    "occurrence": "projects/gate/occurrences/1",
}
COMPLETE = {"suite": "qa", "repository": "mdo/environments", "commit": COMMIT, "run": RUN, "images": [ROW]}


def data(fields: dict[str, Any], **changes: Any) -> bytes:
    """An event's data with changes; None takes a field out."""
    return json.dumps({k: v for k, v in {**fields, **changes}.items() if v is not None}).encode()


def test_image_resolved_reads_back_as_it_was_written() -> None:
    """Writer and reader are two functions, deployed apart."""
    event = ImageResolved.parse(data(RESOLVED))

    assert ImageResolved.parse(event.data()) == event
    assert event.data() == json.dumps(RESOLVED, sort_keys=True, separators=(",", ":")).encode()
    assert event.pinned == PINNED


REFUSED_RESOLVED = [
    ({"digest": "latest"}, Reason.NOT_A_DIGEST, "digest: 'latest' is no digest"),
    ({"digest": None}, Reason.MALFORMED_EVENT, "digest is missing"),
    ({"tag": "-x"}, Reason.MALFORMED_IMAGE, "tag: '-x' is no tag"),
    ({"tag": "x" * 129}, Reason.MALFORMED_EVENT, "tag must have 1 to 128 characters"),
    ({"image": f"{NAME}:v1"}, Reason.MALFORMED_IMAGE, "image: "),
    ({"image": "x" * 256}, Reason.MALFORMED_EVENT, "image must have 1 to 255 characters"),
    ({"media_type": "text"}, Reason.MALFORMED_EVENT, "media_type is 'text', which is not of its form"),
    ({"key": "projects/evil"}, Reason.MALFORMED_EVENT, "the field 'key' is unknown"),
]


@pytest.mark.parametrize(("changes", "reason", "sentence"), REFUSED_RESOLVED)
def test_an_image_resolved_event_of_another_form_is_refused(
    changes: dict[str, Any], reason: Reason, sentence: str
) -> None:
    """A digest is there from the first step on, and nothing is read that the contract does not name."""
    with pytest.raises(Rejected) as caught:
        ImageResolved.parse(data(RESOLVED, **changes))

    assert caught.value.reason is reason
    assert caught.value.detail.startswith("image-resolved: ")
    assert sentence in caught.value.detail


def test_test_passed_says_suite_commit_and_run() -> None:
    """Without images CI claims all that the manifests hold."""
    assert TestPassed.parse(data(PASSED)) == TestPassed("qa", "mdo/environments", COMMIT, RUN, None)


def test_test_passed_may_name_the_images_that_were_tested() -> None:
    """Each by digest, whatever tag stands beside it."""
    tested = TestPassed.parse(data(PASSED, images=[f"{NAME}:v1@{A}", f"{NAME}@{B}"]))

    assert tested.images == (PINNED, PinnedImage.parse(f"{NAME}@{B}"))


REFUSED_PASSED = [
    ({"outcome": "failure"}, Reason.NOT_SUCCESSFUL, "outcome is failure; only success is ever attested"),
    ({"outcome": "cancel"}, Reason.NOT_SUCCESSFUL, "outcome is cancel"),
    ({"outcome": "error"}, Reason.NOT_SUCCESSFUL, "outcome is error"),
    ({"outcome": None}, Reason.MALFORMED_EVENT, "outcome is missing"),
    ({"outcome": "Success"}, Reason.MALFORMED_EVENT, "outcome is 'Success'; it must be success or"),
    ({"outcome": True}, Reason.MALFORMED_EVENT, "outcome must be a string, it is a boolean"),
    ({"suite": "QA"}, Reason.MALFORMED_EVENT, "suite is 'QA'"),
    ({"suite": "qa-"}, Reason.MALFORMED_EVENT, "suite is 'qa-'"),
    ({"suite": "../qa"}, Reason.MALFORMED_EVENT, "suite is '../qa'"),
    ({"suite": "q" * 64}, Reason.MALFORMED_EVENT, "suite must have 1 to 63 characters"),
    ({"commit": COMMIT[:-1]}, Reason.MALFORMED_EVENT, "commit is"),
    ({"commit": COMMIT.upper()}, Reason.MALFORMED_EVENT, "commit is"),
    ({"commit": "dev"}, Reason.MALFORMED_EVENT, "commit is 'dev'"),
    ({"repository": "environments"}, Reason.MALFORMED_EVENT, "repository is 'environments'"),
    ({"repository": "a/b/c"}, Reason.MALFORMED_EVENT, "repository is 'a/b/c'"),
    ({"repository": "-a/b"}, Reason.MALFORMED_EVENT, "repository is '-a/b'"),
    ({"run": "http://ci.example/1"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": "javascript:alert(1)"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": "https://u@ci.example/1"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": "https://ci.example/1)[x](y"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": "https://ci.example/1\n"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": "https://ci.example/<b>"}, Reason.MALFORMED_EVENT, "run is"),
    ({"run": f"https://ci.example/{'x' * 2048}"}, Reason.MALFORMED_EVENT, "run must have 1 to 2,048 characters"),
    ({"images": []}, Reason.MALFORMED_EVENT, "images must hold 1 to 1,000 items"),
    ({"images": [f"{NAME}:v1"]}, Reason.NOT_A_DIGEST, "is a tag; a release names images by digest"),
    ({"images": ["?"]}, Reason.MALFORMED_IMAGE, "'?' is no image reference"),
    ({"attestor": "projects/evil/attestors/x"}, Reason.MALFORMED_EVENT, "the field 'attestor' is unknown"),
]


@pytest.mark.parametrize(("changes", "reason", "sentence"), REFUSED_PASSED)
def test_a_test_passed_event_of_another_form_is_refused(changes: dict[str, Any], reason: Reason, sentence: str) -> None:
    """Outcome is required and closed, and the event says what, never where."""
    with pytest.raises(Rejected) as caught:
        TestPassed.parse(data(PASSED, **changes))

    assert caught.value.reason is reason
    assert sentence in caught.value.detail


def test_attestation_complete_reads_what_somebody_reported() -> None:
    """It wakes open_prod_pr, which looks for itself."""
    reported = ReportedCompletion.parse(data(COMPLETE))

    assert (reported.suite, reported.commit, reported.rollback) == ("qa", COMMIT, None)
    assert [(str(row.image), row.digest, row.attestor, row.occurrence) for row in reported.images] == [
        (NAME, A, ROW["attestor"], ROW["occurrence"])
    ]


def test_attestation_complete_may_ask_for_a_rollback_with_a_reason() -> None:
    """Only a person replays an older release over a newer one, and says why."""
    assert ReportedCompletion.parse(data(COMPLETE, rollback={"reason": "it burns"})).rollback == "it burns"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"images": []}, "images must hold 1 to 1,000 items"),
        ({"images": [{**ROW, "x": 1}]}, "images[0]: the field 'x' is unknown"),
        ({"images": [{**ROW, "digest": "v1"}]}, "images[0]: digest: 'v1' is no digest"),
        ({"rollback": {}}, "rollback: reason is missing"),
        ({"rollback": {"reason": ""}}, "rollback: reason must have 1 to 500 characters"),
        ({"rollback": {"reason": "x", "force": "y"}}, "rollback: the field 'force' is unknown"),
        ({"rollback": "now"}, "rollback must be an object"),
        ({"key": "x"}, "the field 'key' is unknown"),
    ],
)
def test_an_attestation_complete_event_of_another_form_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """A rollback without a reason would be an accident."""
    with pytest.raises(Rejected) as caught:
        ReportedCompletion.parse(data(COMPLETE, **changes))

    assert sentence in caught.value.detail


def test_canonical_json_has_sorted_keys_no_blanks_and_ascii() -> None:
    """One form only, so that a hash over it means something."""
    assert canonical({"b": [1, "é"], "a": {}}) == b'{"a":{},"b":[1,"\\u00e9"]}'


def test_the_id_of_an_event_is_the_hash_of_its_type_and_canonical_data() -> None:
    """Anybody can compute it with sha256sum."""
    expected = hashlib.sha256(b'dev.prodgate.gcr.v1\0{"a":1,"b":2}').hexdigest()

    assert event_id("gcr", b'{ "b": 2, "a": 1 }') == expected
    assert event_id("rejected", b'{"a":1,"b":2}') != expected
    assert event_type("gcr") == "dev.prodgate.gcr.v1"


@pytest.mark.parametrize("malformed", [b"", b"\xff", b"{", b"[" * 100_000, b"9" * 5000, b'{"a":'])
def test_data_that_is_no_json_has_an_id_too(malformed: bytes) -> None:
    """What lands in `rejected` must be traceable as everything else is."""
    assert event_id("gcr", malformed) == hashlib.sha256(b"dev.prodgate.gcr.v1\0" + malformed).hexdigest()


def test_a_refusal_names_the_topic() -> None:
    """The person reads the sentence before the attributes."""
    with pytest.raises(Rejected) as caught:
        TestPassed.parse(b"[]")

    assert reason_of(caught) == (Reason.MALFORMED_EVENT, "test-passed must be a JSON object, it is a list")


FINISHED = {"suite": "smoke", "repository": "mdo/environments", "commit": COMMIT, "run": RUN, "verdict": "passed"}


@pytest.mark.parametrize(("verdict", "passed"), [("passed", True), ("failed", False)])
def test_prod_tests_finished_has_a_verdict(verdict: str, passed: bool) -> None:
    """Passed or failed; there is no third."""
    assert ProdTestsFinished.parse(data(FINISHED, verdict=verdict)).passed is passed


def test_prod_tests_finished_without_a_verdict_is_refused() -> None:
    """Silence is not success."""
    with pytest.raises(Rejected):
        ProdTestsFinished.parse(data({name: value for name, value in FINISHED.items() if name != "verdict"}))


def test_a_repository_and_nothing_else_is_a_release_check() -> None:
    """Two topics wake open_prod_pr, and its events are told apart by shape alone."""
    assert read_release_event(b'{"repository":"mdo/environments"}') == ReleaseCheck("mdo/environments")
    assert read_release_event(data(COMPLETE)) == ReportedCompletion.parse(data(COMPLETE))


@pytest.mark.parametrize("changes", [{"commit": COMMIT}, {"rollback": {"reason": "x"}}, {"force": True}])
def test_anything_beside_the_repository_must_be_a_whole_completion(changes: dict[str, Any]) -> None:
    """A mutilated completion must not look at everything instead."""
    with pytest.raises(Rejected) as caught:
        read_release_event(data({"repository": "mdo/environments"}, **changes))

    assert caught.value.detail.startswith("attestation-complete: ")


@pytest.mark.parametrize(("text", "fits"), [(RUN, True), ("http://x", False), (f"https://x/{'a' * 2048}", False)])
def test_a_run_is_an_https_address(text: str, fits: bool) -> None:
    """What is read elsewhere may be written into an event only if its reader would take it."""
    assert is_run(text) is fits


@pytest.mark.parametrize(("text", "fits"), [("qa", True), ("QA", False), ("a" * 64, False)])
def test_a_suite_has_a_short_plain_name(text: str, fits: bool) -> None:
    """The same for a suite's name."""
    assert is_suite(text) is fits
