"""The two ways in which work does not get done, and how values from outside are quoted."""

from __future__ import annotations

from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found, shown
from shared.domain.vocabulary import LogEvent


def test_what_a_young_event_does_not_find_is_retried() -> None:
    """GitHub and the registry show new things late; "not found" may mean "not yet"."""
    error = not_found(Reason.UNKNOWN_COMMIT, "no such commit", settling=True)

    assert isinstance(error, Unavailable)
    assert error.fault is Fault.NOT_VISIBLE_YET
    assert error.detail == str(error) == "no such commit (or is not visible yet; the event is young)"


def test_what_an_old_event_does_not_find_is_rejected() -> None:
    """Retrying for days what will never be there hides it."""
    error = not_found(Reason.UNKNOWN_COMMIT, "no such commit", settling=False)

    assert isinstance(error, Rejected)
    assert (error.reason, error.detail, str(error)) == (Reason.UNKNOWN_COMMIT, "no such commit", "no such commit")


def test_a_quoted_value_cannot_forge_a_line() -> None:
    """Log lines and sentences are read by machines and by people."""
    assert shown("a\nb\u2028\u202e\x1b'é\ud800") == ascii("a\nb\u2028\u202e\x1b'é\ud800")
    assert shown(b"\n") == r"b'\n'"


def test_a_long_value_is_shortened_and_says_its_length() -> None:
    """The start is enough to recognise it."""
    assert shown("x" * 118) == f"'{'x' * 118}'"
    assert shown("x" * 1000) == f"'{'x' * 119}… (1,002 characters)"


def test_reasons_faults_and_log_events_are_words_without_blanks() -> None:
    """They are labels of metrics and filters of alerts, so renaming one breaks what people built."""
    words = [*Reason, *Fault, *LogEvent]

    assert len(set(words)) == len(words)
    assert all(word.replace("-", "").replace(".", "").isalpha() and word.islower() for word in words)
