"""The public function's net: what nobody thought of, and whoever hangs up."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.requests import Request

from shared.runtime.webhook import Receiver
from shared.workflow.receive import ReceivingCloud


async def broken(_: AsyncExitStack) -> ReceivingCloud:
    """Fail as no client should."""
    raise ValueError("clients are out of order")


def answered(message: dict[str, Any]) -> tuple[int, bytes]:
    """What a function that cannot connect answers to a request of which this message comes first."""

    async def receive() -> dict[str, Any]:
        return message

    scope = {"type": "http", "method": "POST", "path": "/github", "headers": []}
    receiver = Receiver({"github": "projects/p/secrets/s/versions/1"}, broken, deadline_s=5)
    answer = asyncio.run(receiver.answer(Request(scope, receive)))
    return answer.status_code, bytes(answer.body)


def test_an_error_without_a_name_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The registry sends again; the traceback is for us alone."""
    assert answered({"type": "http.request", "body": b"{}"}) == (503, b"")
    assert "clients are out of order" in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_whoever_hangs_up_is_no_event(caplog: pytest.LogCaptureFixture) -> None:
    """Strangers do so all day; a log line for each would be theirs to fill."""
    assert answered({"type": "http.disconnect"}) == (503, b"")
    assert caplog.records == []
