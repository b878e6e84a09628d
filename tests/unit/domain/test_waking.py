"""The line about the event: who it names, and that nothing else can stand in its place."""

from __future__ import annotations

import pytest

from shared.domain.events import ReleaseCheck, event_type, read_release_event
from shared.domain.waking import LINE, waking_line
from tests.unit.domain.material import COMMIT, RUN

ID = "e" * 64
OURS = event_type("attestation-complete")
PLAIN = f'{{"suite":"qa","repository":"mdo/environments","commit":"{COMMIT}","run":"{RUN}"}}'
ROLLBACK = PLAIN[:-1] + ',"rollback":{"reason":"it burns"}}'


@pytest.mark.parametrize(
    ("event", "kind", "who"),
    [
        (PLAIN, OURS, "an event of attest_images"),
        (PLAIN, "", "an event that somebody published by hand"),
        (PLAIN, "dev.prodgate.test-passed.v1", "an event that somebody published by hand"),
        (ROLLBACK, OURS, "a rollback that a person asked for"),
        ('{"repository":"mdo/environments"}', "", "a look at what was left waiting"),
    ],
)
def test_the_line_says_who_sent_the_event(event: str, kind: str, who: str) -> None:
    """And by which ids the log knows it; the line is known again when bodies are compared."""
    line = waking_line(read_release_event(event.encode()), kind, event_id=ID, message_id="17")

    assert line == f"- written last for {who}: event `{ID}`, message `17`"
    assert LINE.fullmatch(f"{line}\n")


@pytest.mark.parametrize("message", ["", "1`2", "a b", "x" * 65])
def test_a_message_id_that_is_none_is_left_out(message: str) -> None:
    """It comes with the delivery, so from outside."""
    line = waking_line(ReleaseCheck("mdo/environments"), "", event_id=ID, message_id=message)

    assert line.endswith(f"event `{ID}`")
    assert LINE.fullmatch(f"{line}\n")


@pytest.mark.parametrize("text", ["- written last for me: event `x`\n", f"- written last for a look: event `{ID}`\n"])
def test_no_other_words_pass_for_the_line(text: str) -> None:
    """What is not compared is where somebody could write what they like."""
    assert not LINE.search(text)
