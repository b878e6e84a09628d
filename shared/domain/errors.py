"""The two ways in which work does not get done.

* `Rejected`: the event asks for something that must not or cannot be done. It is never retried; it lands whole in the
  topic `rejected` with its reason.
* `Unavailable`: something could not be checked or finished now. It is retried with backoff, then dead-lettered.

There is no third way: whatever a client can raise becomes exactly one of these, and "could not check" is never "ok".
Each has a name out of a closed vocabulary (for logs, metrics and alerts) and a sentence (for the person on call).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.domain import limits


class Reason(StrEnum):
    """Why an event is rejected."""

    TOO_LARGE = "too-large"
    MALFORMED_ENVELOPE = "malformed-envelope"
    MALFORMED_EVENT = "malformed-event"
    UNAUTHENTICATED = "unauthenticated"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    MALFORMED_IMAGE = "malformed-image"
    MALFORMED_MANIFEST = "malformed-manifest"
    MALFORMED_POLICY = "malformed-policy"
    NOT_A_DIGEST = "not-a-digest"
    NOT_SUCCESSFUL = "not-successful"
    NOT_UNDERSTOOD = "not-understood"
    NOT_ON_DEV = "not-on-dev"
    NOT_ON_PROD = "not-on-prod"
    NOT_ADMITTED = "not-admitted"
    BREAK_GLASS = "break-glass"
    UNKNOWN_REGISTRY = "unknown-registry"
    UNKNOWN_IMAGE = "unknown-image"
    UNKNOWN_REPOSITORY = "unknown-repository"
    UNKNOWN_SUITE = "unknown-suite"
    UNKNOWN_COMMIT = "unknown-commit"
    UNKNOWN_RUN = "unknown-run"
    FOREIGN_RUN = "foreign-run"
    OTHER_WORKFLOW = "other-workflow"
    OTHER_COMMIT = "other-commit"
    OTHER_EVENT = "other-event"
    OTHER_BRANCH = "other-branch"
    OLDER_ATTEMPT = "older-attempt"
    IMAGES_DIFFER = "images-differ"
    NOTHING_TO_ATTEST = "nothing-to-attest"
    INCOMPLETE_RELEASE = "incomplete-release"
    VULNERABLE = "vulnerable"
    UNSCANNED = "unscanned"
    EMPTY_POLICY = "empty-policy"
    BRANCH_TAKEN = "branch-taken"
    DRIFT = "drift"
    UNPROTECTED = "unprotected"


class Fault(StrEnum):
    """Why an event is retried."""

    DEADLINE = "deadline"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    RATE_LIMITED = "rate-limited"
    NOT_VISIBLE_YET = "not-visible-yet"
    NOT_FINISHED = "not-finished"
    WRONG_ANSWER = "wrong-answer"
    DAMAGED_ANSWER = "damaged-answer"
    OTHER_KEY_ANSWERED = "other-key-answered"
    MISCONFIGURED = "misconfigured"
    ATTESTOR_WITHOUT_KEYS = "attestor-without-keys"
    UNVERIFIABLE_KEYS = "unverifiable-keys"
    UNUSABLE_KEY = "unusable-key"
    KEY_NOT_ON_ATTESTOR = "key-not-on-attestor"
    KEY_ALGORITHM_DIFFERS = "key-algorithm-differs"
    PUBLIC_KEY_DIFFERS = "public-key-differs"
    SIGNATURE_NOT_OURS = "signature-not-ours"
    PAYLOAD_OF_ANOTHER_IMAGE = "payload-of-another-image"
    ATTESTOR_REFUSES = "attestor-refuses"
    LOST_RACE = "lost-race"
    UNPROVEN = "unproven"
    NOT_SCANNED = "not-scanned"
    INTERNAL = "internal"


class Rejected(Exception):  # noqa: N818 - an outcome of an event, named as people say it
    """An event that must not be retried: its reason, and one sentence that names the field and the value."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Final = reason
        self.detail: Final = detail


class Unavailable(Exception):  # noqa: N818 - an outcome of an event, named as people say it
    """An event that is to be retried: what failed, and one sentence that says where to look."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault: Final = fault
        self.detail: Final = detail


def not_found(reason: Reason, detail: str, *, settling: bool) -> Rejected | Unavailable:
    """Name what does not exist: for a young event it may only be invisible yet, for an old one it is wrong."""
    if settling:
        return Unavailable(Fault.NOT_VISIBLE_YET, f"{detail} (or is not visible yet; the event is young)")
    return Rejected(reason, detail)


def shown(value: object) -> str:
    """Quote a value from outside for a sentence: printable ASCII, shortened; it cannot forge a line."""
    text = ascii(value)
    if len(text) <= limits.SHOWN_CHARACTERS:
        return text
    return f"{text[: limits.SHOWN_CHARACTERS]}… ({len(text):,} characters)"
