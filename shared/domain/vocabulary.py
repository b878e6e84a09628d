"""The names of log entries: one vocabulary, so that metrics and alerts can rely on it."""

from enum import StrEnum


class LogEvent(StrEnum):
    """What a log entry is about; it stands in the label `event`."""

    DONE = "event.done"
    REJECTED = "event.rejected"
    UNAVAILABLE = "event.unavailable"
    REFUSED_REQUEST = "request.refused"
    EVIDENCE = "attest.evidence"
    SCREENED = "attest.screened"
    EXEMPT = "attest.exempt"
    EXEMPT_PATHS = "release.exempt-paths"
    NOT_DECORATED = "release.not-decorated"
    UNPROTECTED = "release.unprotected"
    SUPERSEDED = "release.superseded"
    PROD_TESTS_FAILED = "release.prod-tests-failed"
    PROOF_REFUSED = "proof.refused"
    NOT_PINNED = "pin.skipped"
    PIN_DEFECT = "pin.defect"
    MENTIONED = "pin.mentioned"
