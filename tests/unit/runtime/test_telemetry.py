"""Logs as Cloud Logging reads them, without secrets, in the trace that they belong to."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from typing import Any

import pytest
from opentelemetry import trace

from shared.runtime.telemetry import LineHandler, Redactor, configure_logging, enter_trace, leave_trace

LOG = logging.getLogger("prodgate.test")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MULTI_LINE = "-----BEGIN KEY-----\nc2VjcmV0\nbW9yZSBvZiBpdA==\n-----END KEY-----\n"


class Writes(io.StringIO):
    """Standard output that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        """Remember the write."""
        text.encode()
        self.parts.append(text)
        return super().write(text)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Every write as an entry; fails if one is not exactly one line of JSON."""
        assert all(part.endswith("\n") and part.count("\n") == 1 for part in self.parts)
        return [json.loads(part) for part in self.parts]


@pytest.fixture
def redactor(quiet_logging: None) -> Redactor:
    """Logging, configured as in a function."""
    return configure_logging("attest_images", "gate")


@pytest.fixture
def out(redactor: Redactor) -> Writes:
    """What a test writes to standard output, once it is redirected to here."""
    return Writes()


@pytest.fixture
def in_trace() -> Iterator[None]:
    """Inside of a trace that a message carries."""
    token = enter_trace({"traceparent": PARENT})
    yield
    leave_trace(token)


def test_an_entry_is_one_line_of_json_with_one_write(out: Writes) -> None:
    """Two writes from concurrent events run into each other, and Cloud Logging reads neither."""
    with redirect_stdout(out):
        LOG.info("two\nlines, \u2028 and %s", "ünïcödé", extra={"event": "event.done", "changed": True})

    (entry,) = out.entries
    assert entry["severity"] == "INFO"
    assert entry["message"] == "two\nlines, \u2028 and ünïcödé"
    assert entry["logging.googleapis.com/labels"] == {
        "function": "attest_images",
        "event": "event.done",
        "changed": "True",
    }
    assert entry["time"].endswith("+00:00")
    assert "logging.googleapis.com/trace" not in entry


@pytest.mark.parametrize(
    ("level", "severity"),
    [(logging.INFO, "INFO"), (logging.WARNING, "WARNING"), (logging.ERROR, "ERROR"), (logging.CRITICAL, "CRITICAL")],
)
def test_the_severity_is_cloud_logging_s(out: Writes, level: int, severity: str) -> None:
    """Alerts select by it."""
    with redirect_stdout(out):
        LOG.log(level, "x")

    assert [entry["severity"] for entry in out.entries] == [severity]


def test_details_of_libraries_are_not_logged(out: Writes) -> None:
    """Httpx logs each URL at INFO; debugging is not on."""
    with redirect_stdout(out):
        LOG.debug("x")
        logging.getLogger("httpx").info("x")
        logging.getLogger("httpx").warning("y")

    assert [entry["message"] for entry in out.entries] == ["y"]


def test_an_entry_names_its_trace_and_span(out: Writes, in_trace: None) -> None:
    """In the console one click shows all that an event did in all functions."""
    with redirect_stdout(out):
        LOG.info("x")

    (entry,) = out.entries
    assert entry["logging.googleapis.com/trace"] == "projects/gate/traces/0af7651916cd43dd8448eb211c80319c"
    assert entry["logging.googleapis.com/spanId"] == "b7ad6b7169203331"


def test_a_traceback_is_part_of_its_entry(out: Writes) -> None:
    """In lines of its own it would belong to nothing."""
    with redirect_stdout(out):
        try:
            raise ValueError("boom")  # noqa: TRY301 - the traceback is what is looked at
        except ValueError:
            LOG.exception("failed")

    (entry,) = out.entries
    assert entry["message"].startswith("failed\nTraceback (most recent call last):\n")
    assert entry["message"].endswith("ValueError: boom")


SECRETS = ["hunter2", 'quo"te\\back', "ünïcödé", MULTI_LINE, "tab\tand\nline"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_shows_in_no_message_label_or_traceback(redactor: Redactor, out: Writes, secret: str) -> None:
    """Whatever library prints it, and in whatever form JSON writes it."""
    redactor.learn(secret)
    with redirect_stdout(out):
        try:
            raise ValueError(f"bad token {secret}")  # noqa: TRY301 - the traceback is what is looked at
        except ValueError:
            LOG.exception("with %s", secret, extra={"token": secret})

    (entry,) = out.entries
    lines = [line for line in secret.splitlines() if len(line) > 3]
    assert all(line not in value for line in lines for value in (entry["message"], str(entry)))
    assert entry["message"].startswith("with ***")
    assert entry["logging.googleapis.com/labels"]["token"].startswith("***")


def test_one_line_of_a_secret_is_secret_too(redactor: Redactor) -> None:
    """A parser quotes the line of a key that it does not understand."""
    redactor.learn(MULTI_LINE)

    assert redactor.clean("in line 2: c2VjcmV0!") == "in line 2: ***!"


def test_a_secret_that_begins_as_another_leaves_no_tail(redactor: Redactor) -> None:
    """Replacing the shorter one first would show the rest of the longer one."""
    for secret in ("abcd", "abcdefgh", "abcdef"):
        redactor.learn(secret)

    assert redactor.clean("abcdefgh abcd") == "*** ***"


def test_what_every_event_mints_does_not_fill_the_memory(redactor: Redactor) -> None:
    """Every entry is searched for each secret that is known, so that their number is the price of a log."""
    minted = [f"token-{nth:04}" for nth in range(5_000)]
    for token in minted:
        redactor.learn_minted(token)
        assert redactor.clean(f"with {token}") == "with ***"

    known = [token for token in minted if redactor.clean(token) == "***"]
    assert 400 < len(known) < 1_000
    assert known == minted[-len(known) :]


def test_what_was_read_is_bounded_too(redactor: Redactor) -> None:
    """Whoever keeps adding versions must not make logs slow; the lines of a secret go with it."""
    read = [(f"password-{nth:04}", f"and its second line {nth:04}") for nth in range(5_000)]
    for lines in read:
        redactor.learn("\n".join(lines))

    known = [line for lines in read for line in lines if redactor.clean(line) == "***"]
    assert 400 < len(known) < 2_000
    assert {*read[-1]} <= {*known}


def test_a_secret_that_is_learned_again_now_and_then_stays_hidden(redactor: Redactor) -> None:
    """A token that is kept for an hour is older than thousands that were minted since, unless it is told again."""
    for nth in range(5_000):
        if nth % 300 == 0:
            redactor.learn_minted(MULTI_LINE)
        redactor.learn_minted(f"token-{nth:04}")

        assert redactor.clean("in line 2: c2VjcmV0!") == "in line 2: ***!"


def test_what_is_minted_never_crowds_out_what_was_read(redactor: Redactor) -> None:
    """A registry's password is read once in minutes, in which events mint thousands of tokens."""
    redactor.learn("hunter2")
    for nth in range(5_000):
        redactor.learn_minted(f"token-{nth:04}")

    assert redactor.clean("as hunter2") == "as ***"


def test_threads_that_log_while_others_learn_hide_what_they_know(redactor: Redactor) -> None:
    """PyGithub logs on its threads while the event loop learns the next token."""
    redactor.learn("\n".join(f"line {nth}" for nth in range(5_000)))  # so that learning takes long enough to meet

    def learn(thread: int) -> list[str]:
        shown = []
        for nth in range(100):  # of four threads fewer than are kept
            secret = f"token-{thread}-{nth:04}"
            redactor.learn_minted(secret)
            shown.append(redactor.clean(secret))
        return shown

    with ThreadPoolExecutor(4) as threads:
        cleaned = [text for shown in threads.map(learn, range(4)) for text in shown]

    assert set(cleaned) == {"***"}


@pytest.mark.parametrize("secret", ["", "\n", "x", "abc"])
def test_a_secret_of_up_to_three_characters_hides_nothing(redactor: Redactor, secret: str) -> None:
    """An empty one would put stars between all characters; three cannot be told from ordinary words."""
    redactor.learn(secret)

    assert redactor.clean("x abc\n") == "x abc\n"


def test_a_secret_across_the_cut_is_hidden_before_the_cut(redactor: Redactor, out: Writes) -> None:
    """Its first half would not be recognised any more."""
    redactor.learn("hunter2")
    with redirect_stdout(out):
        LOG.info("%s", "x" * 15_996 + "hunter2 and more")

    (entry,) = out.entries
    assert entry["message"] == "x" * 15_996 + "*** "


def test_text_that_cannot_be_encoded_is_logged_all_the_same(out: Writes) -> None:
    """An entry that is lost to a lone surrogate is lost when it is needed most."""
    with redirect_stdout(out):
        _line_handler().handle(logging.makeLogRecord({"msg": "path \ud800", "path": "\udcff"}))

    (entry,) = out.entries
    assert entry["message"] == "path \\ud800"


def test_a_message_that_cannot_be_formatted_fails_no_event(out: Writes, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in a log call must not become a retry; nor may its arguments be printed without being redacted."""
    with redirect_stdout(out):
        _line_handler().handle(logging.makeLogRecord({"msg": "%d", "args": ("hunter2",)}))
        LOG.info("next")

    assert [entry["severity"] for entry in out.entries] == ["ERROR", "INFO"]
    assert "hunter2" not in out.getvalue() + capsys.readouterr().err


def _line_handler() -> LineHandler:
    """The handler alone: pytest keeps what loggers are given for its report, and cannot send a surrogate to it."""
    return next(handler for handler in logging.getLogger().handlers if isinstance(handler, LineHandler))


def _current() -> str:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}-{context.span_id:016x}"


@pytest.mark.parametrize(
    "attributes",
    [
        {"traceparent": PARENT},
        {"googclient_traceparent": PARENT},
        {"traceparent": PARENT, "googclient_traceparent": PARENT.replace("0af7", "ffff")},
        {"traceparent": "", "googclient_traceparent": PARENT},
    ],
)
def test_a_trace_that_a_message_carries_is_continued(attributes: dict[str, str]) -> None:
    """From push to pull request it is one trace, over four functions."""
    token = enter_trace(attributes)
    current = _current()
    leave_trace(token)

    assert current == "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"


@pytest.mark.parametrize(
    "traceparent",
    [None, "", "x", PARENT[:-1], f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", "ff" + PARENT[2:]],
)
def test_without_a_sound_trace_a_new_one_begins(traceparent: str | None) -> None:
    """A person's replay carries none, and a forged one must not stop the event."""
    before = _current()
    token = enter_trace({} if traceparent is None else {"traceparent": traceparent})
    begun = _current()
    leave_trace(token)
    other = enter_trace({})
    next_one = _current()
    leave_trace(other)

    assert int(begun[:32], 16) != trace.INVALID_TRACE_ID
    assert int(begun[33:], 16) != trace.INVALID_SPAN_ID
    assert begun != next_one
    assert _current() == before
