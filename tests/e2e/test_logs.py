"""What staged functions write to standard output, at the level at which they say all they can."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Final

from local.world.names import FUNCTIONS, GATE_PROJECT
from shared.domain.vocabulary import LogEvent
from tests.e2e.story import LABELS, TRACE_ID, Log, Story, wait_until

TRACE: Final = "logging.googleapis.com/trace"
SEVERITIES: Final = {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}


def _events(story: Story) -> list[Log]:
    return [entry for _, entry in story.logs if "event" in entry.get(LABELS, {})]


def test_every_line_is_an_entry_as_cloud_logging_reads_it(story: Story) -> None:
    """Anything else would be stored as text without severity, which no alert sees."""
    story.world.finish_prod_tests()
    story.world.settle()

    everyone = {function.function for function in FUNCTIONS}
    wait_until(lambda: {function for function, _ in story.logs} == everyone)
    assert {function for function, _ in story.logs} == everyone
    for function, entry in story.logs:
        assert entry["severity"] in SEVERITIES, entry
        assert entry[LABELS]["function"] == function
        assert all(isinstance(value, str) for value in entry[LABELS].values())
        assert datetime.fromisoformat(entry["time"]).utcoffset() is not None


def test_events_are_named_from_the_one_vocabulary(story: Story) -> None:
    """Metrics and alerts count these names, so a new one may not appear unseen."""
    names = {entry[LABELS]["event"] for entry in _events(story)}

    assert {LogEvent.DONE, LogEvent.EVIDENCE} <= names <= set(LogEvent)


def test_every_event_of_the_release_is_logged_as_done_with_its_message(story: Story) -> None:
    """Whoever follows a message through the logs must find its end."""
    for delivery in story.deliveries:
        labels = story.outcome(delivery.message_id)[LABELS]

        assert labels["event"] == LogEvent.DONE
        assert labels["topic"] == delivery.topic.rpartition("/")[2]


def test_a_trace_goes_on_from_the_passed_tests_to_the_pull_request(story: Story) -> None:
    """The traceparent travels in the message, so that one trace shows the release across both functions."""
    traces = {
        function: {entry[TRACE] for name, entry in story.told if name == function and "event" in entry[LABELS]}
        for function in ("attest_images", "open_prod_pr")
    }

    trace = f"projects/{GATE_PROJECT}/traces/{TRACE_ID}"
    assert traces == {"attest_images": {trace}, "open_prod_pr": {trace}}


def test_each_image_has_a_trace_of_its_own_from_push_to_pin(story: Story) -> None:
    """Events without a traceparent begin one, and what follows from them belongs to it."""
    by_topic: dict[str, set[str]] = {"gcr": set(), "image-resolved": set()}
    for delivery in story.deliveries:
        topic = delivery.topic.rpartition("/")[2]
        if topic in by_topic:
            by_topic[topic].add(story.outcome(delivery.message_id)[TRACE])

    assert len(by_topic["gcr"]) == 6
    assert by_topic["gcr"] == by_topic["image-resolved"]


def test_no_token_stands_in_any_line(story: Story) -> None:
    """A log is read by more people than may read a secret, and Secret Manager sends secrets as base64."""
    lines = [json.dumps(entry) for _, entry in story.logs]
    accounts = story.world.cloud.github.accounts
    tokens = [token for function in FUNCTIONS if function.app for token in accounts.tokens(function.login)]

    assert len(tokens) >= 3
    for token in tokens:
        assert not [line for line in lines if token in line]
        assert not [line for line in lines if base64.b64encode(token.encode()).decode() in line]
