"""The vulnerability gate sees what runs in an index: its child that is scanned, and every child that is signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
import requests

from local.world.names import ARTIFACT_REGISTRY
from local.world.scanning import Found
from local.world.world import World
from tests.company import POSTS, small_world
from tests.conftest import Logs

STRICT: Final = {"mode": "enforce", "fixable": "low", "unfixable": "high", "unscanned": "refuse"}
BAD: Final = Found("CVE-2026-1234", "CRITICAL")
MODES: Final = pytest.mark.parametrize("mode", ["named", "runnable"])


def gate(mode: str, **changed: Any) -> World:
    """A world whose suite qa has a gate, and attests what the mode says."""
    rows = json.dumps({"qa": STRICT | changed})
    return small_world(variables={"PRODGATE_CHILDREN": mode, "PRODGATE_VULNERABILITIES": rows})


def push(world: World) -> tuple[str, Mapping[str, str]]:
    """Push an index for two platforms and have it pinned; answer it, and its children by architecture."""
    digest = world.push_image(POSTS, "v1", content=b"posts", index=True, provenance=True)
    world.settle()
    url = f"{world.cloud.registries[ARTIFACT_REGISTRY].url}/v2/{POSTS.partition('/')[2]}/manifests/{digest}"
    rows = requests.get(url, headers={"Accept": "application/vnd.oci.image.index.v1+json"}, timeout=5).json()
    children = {row["platform"]["architecture"]: f"{POSTS}@{row['digest']}" for row in rows["manifests"]}
    return f"{POSTS}@{digest}", children


def pass_and_settle(world: World) -> None:
    """Pass the tests of dev's head, and wait."""
    world.pass_tests()
    world.settle()


def attested(world: World) -> set[str]:
    """Every image that has an attestation."""
    return {f"{seen.image}@{seen.digest}" for seen in world.attestations}


@MODES
def test_an_index_whose_scanned_child_is_clean_is_released(mode: str, quiet_logging: None) -> None:
    """An index has no scan of its own, as a rule; without its child's nothing for two platforms could ever pass."""
    with gate(mode, unscanned="refuse" if mode == "named" else "allow") as world:
        index, children = push(world)
        world.scan(children["amd64"])

        pass_and_settle(world)

        signed = {index} if mode == "named" else {index, children["amd64"], children["arm64"]}
        assert attested(world) == signed
        assert len(world.pull_requests) == 1


@MODES
def test_an_index_whose_scanned_child_is_vulnerable_is_refused(mode: str, quiet_logging: None) -> None:
    """What runs is the child, whichever of the two is signed."""
    with gate(mode, unscanned="allow") as world:
        index, children = push(world)
        world.scan(children["amd64"], BAD)

        pass_and_settle(world)

        (message,) = world.rejected
        assert (message.reason, attested(world)) == ("vulnerable", set())
        assert f"{index}: CVE-2026-1234 (critical, a fix exists) is worse than low" in message.detail


@MODES
def test_a_finding_of_the_child_counts_though_the_index_was_scanned_clean(mode: str, quiet_logging: None) -> None:
    """On which of the two findings hang is documented nowhere, so those of both do."""
    with gate(mode, unscanned="allow") as world:
        index, children = push(world)
        world.scan(index)
        world.scan(children["amd64"], BAD)

        pass_and_settle(world)

        assert ([message.reason for message in world.rejected], attested(world)) == (["vulnerable"], set())


@MODES
@pytest.mark.parametrize(("status", "said"), [("SCANNING", "being scanned"), (None, "not scanned yet")])
def test_an_index_whose_scanned_child_is_not_finished_waits(
    mode: str, status: str | None, said: str, quiet_logging: None, logs: Logs
) -> None:
    """No finding yet is not no finding, for a child as for anybody."""
    with gate(mode, unscanned="allow") as world:
        index, children = push(world)
        if status is not None:
            world.scan(children["amd64"], status=status)
        logs()

        pass_and_settle(world)

        assert (attested(world), world.rejected, len(world.dead_letters)) == (set(), [], 1)
        sentences = {entry["message"] for entry in logs() if entry["severity"] == "ERROR"}
        waiting = [index] if mode == "named" else [index, children["amd64"]]
        assert sentences == {"; ".join(f"{image} is {said}" for image in waiting)}


def test_where_children_are_signed_each_must_be_tolerable(quiet_logging: None) -> None:
    """Somebody scanned the other platform too: what is in it is signed as well, so it counts."""
    with gate("runnable", unscanned="allow") as world:
        _, children = push(world)
        world.scan(children["amd64"])
        world.scan(children["arm64"], BAD)

        pass_and_settle(world)

        (message,) = world.rejected
        assert (message.reason, attested(world)) == ("vulnerable", set())
        assert message.detail.startswith(f"{children['arm64']}: CVE-2026-1234")


def test_a_child_that_no_scanner_looks_at_is_treated_as_configured(quiet_logging: None) -> None:
    """Of an index only the first image for linux/amd64 is scanned: waiting for the other one would take for ever."""
    with gate("runnable") as world:
        _, children = push(world)
        world.scan(children["amd64"])

        pass_and_settle(world)

        (message,) = world.rejected
        assert (message.reason, attested(world)) == ("unscanned", set())
        assert message.detail == f"{children['arm64']} is never scanned"


def test_an_index_that_was_scanned_itself_needs_no_scan_of_a_child(quiet_logging: None) -> None:
    """Should the service hang the scan on the index after all."""
    with gate("named") as world:
        index, _ = push(world)
        world.scan(index)

        pass_and_settle(world)

        assert attested(world) == {index}
