"""Logs as Cloud Logging reads them, one JSON line per entry and one write per line, and the trace that they belong to.

One write per line: `print` under concurrent requests broke 13 % of the lines when it was measured. Every secret that
may be in use is replaced by `***`, whatever message or traceback it stands in.

Source: cloud.google.com/logging/docs/structured-logging; W3C Trace Context.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import Token
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_SEVERITIES: Final = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN: Final = "***"
_MESSAGE_CHARACTERS: Final = 16_000  # Cloud Logging takes 256 KB an entry; nobody reads more than this

# Of each kind. An instance has at most 80 events at a time, and each mints two secrets, which are of use to nobody here
# once it ended. The rest is for the events that begin and end while a slow one lasts, 45 s: github.com counts each
# minting as 5 of the 900 points that it allows a minute, so 135 of them. A text is cleaned of as many in a tenth of a
# millisecond, and of what 20,000 events mint in 11.
_SECRETS_KEPT: Final = 512


class Redactor:
    """Knows the secrets that may be in use, and takes them out of texts; learns and cleans on any thread.

    What is stored and what is minted are bounded apart: every event mints two, while a registry's password is read once
    in minutes and would be crowded out by them.
    """

    def __init__(self) -> None:
        self._stored: OrderedDict[str, list[str]] = OrderedDict()
        self._minted: OrderedDict[str, list[str]] = OrderedDict()
        self._learning = Lock()
        self._longest_first: tuple[str, ...] = ()  # replaced, never changed: `clean` reads it while others learn

    def learn(self, secret: str) -> None:
        """Remember a secret that was read, and each line of it."""
        self._remember(secret, self._stored)

    def learn_minted(self, secret: str) -> None:
        """Remember a secret that was made for one event, and each line of it."""
        self._remember(secret, self._minted)

    def _remember(self, secret: str, newest: OrderedDict[str, list[str]]) -> None:
        found = {secret, *(line.strip() for line in secret.splitlines())}
        with self._learning:
            newest[secret] = [text for text in found if len(text) > len(_HIDDEN)]
            newest.move_to_end(secret)
            if len(newest) > _SECRETS_KEPT:
                newest.popitem(last=False)
            known = {text for kept in (self._stored, self._minted) for texts in kept.values() for text in texts}
            self._longest_first = tuple(sorted(known, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Replace every known secret by `***`; the longest first, since one may begin as another does."""
        for secret in self._longest_first:
            text = text.replace(secret, _HIDDEN)
        return text


class CloudFormatter(logging.Formatter):
    """Writes a record as one line of JSON in Cloud Logging's special fields."""

    def __init__(self, function: str, project: str, redactor: Redactor) -> None:
        super().__init__()
        self._function = function
        self._project = project
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        entry: dict[str, Any] = {
            "severity": _SEVERITIES.get(record.levelname, record.levelname),
            "message": self._clean(message)[:_MESSAGE_CHARACTERS],
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "logging.googleapis.com/labels": {
                "function": self._function,
                **{name: self._clean(value) for name, value in _labels(record).items()},
            },
            **self._trace(),
        }
        return json.dumps(entry, ensure_ascii=False)

    def _clean(self, text: str) -> str:
        """Take secrets out before JSON escapes their quotes, and lone surrogates, which could not be written."""
        return self._redactor.clean(text).encode(errors="backslashreplace").decode()

    def _trace(self) -> dict[str, str]:
        current = trace.get_current_span().get_span_context()
        if not current.is_valid:
            return {}
        return {
            "logging.googleapis.com/trace": f"projects/{self._project}/traces/{current.trace_id:032x}",
            "logging.googleapis.com/spanId": f"{current.span_id:016x}",
        }


class LineHandler(logging.Handler):
    """Writes each entry to standard output with one write."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry."""
        try:
            sys.stdout.write(f"{self.format(record)}\n")
            sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - logging must never fail an event
            # The standard library would print the record's arguments here, and a secret with them.
            sys.stdout.write(
                json.dumps({"severity": "ERROR", "message": f"a log entry was lost: {type(error)}"}) + "\n"
            )


def configure_logging(function: str, project: str, *, level: str = "INFO") -> Redactor:
    """Send every log entry of this process to standard output as JSON; answer what keeps secrets out of them."""
    redactor = Redactor()
    handler = LineHandler()
    handler.setFormatter(CloudFormatter(function, project, redactor))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("httpx", "urllib3", "google", "github", "asyncio", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return redactor


def enter_trace(attributes: Mapping[str, str]) -> Token[context.Context]:
    """Continue the trace that a message carries, or begin one; leave it with `leave_trace`."""
    carrier = {"traceparent": attributes.get("traceparent") or attributes.get("googclient_traceparent") or ""}
    found = TraceContextTextMapPropagator().extract(carrier)
    if not trace.get_current_span(found).get_span_context().is_valid:
        begun = SpanContext(
            secrets.randbits(128) or 1, secrets.randbits(64) or 1, is_remote=False, trace_flags=TraceFlags(1)
        )
        found = trace.set_span_in_context(NonRecordingSpan(begun))
    return context.attach(found)


def leave_trace(token: Token[context.Context]) -> None:
    """Return to the trace before."""
    context.detach(token)


def _labels(record: logging.LogRecord) -> dict[str, str]:
    return {name: str(value) for name, value in vars(record).items() if name not in _STANDARD}
