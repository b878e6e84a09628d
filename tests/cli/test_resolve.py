"""`./prodgate resolve`: what an image names now."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cli.__main__ import main
from tests.cli.registry import RunningRegistry, running_registry


@pytest.fixture
def registry() -> Iterator[RunningRegistry]:
    """A registry that serves docker.io."""
    with running_registry() as running:
        yield running


def test_each_image_is_printed_by_its_digest(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per image, in the form that manifests and attestations use."""
    mongo, web = registry.push("library/mongo", "7"), registry.push("mdo/web", "latest")

    status = main(["resolve", "mongo:7", "mdo/web", registry.option])

    assert capsys.readouterr().out.splitlines() == [f"docker.io/library/mongo@{mongo}", f"docker.io/mdo/web@{web}"]
    assert status == 0


def test_an_image_that_does_not_exist_is_an_error_and_stops_no_other(
    registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must notice, and a person wants the others all the same."""
    mongo = registry.push("library/mongo", "7")

    status = main(["resolve", "mongo:7", "mongo:8", registry.option])

    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"docker.io/library/mongo@{mongo}"]
    assert printed.err.splitlines() == ["error: docker.io/library/mongo:8 does not exist"]
    assert status == 2


def test_a_registry_that_is_down_is_named(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence must lead to the registry, not to a traceback."""
    registry.faults.fail("registry.head-manifest", times=10)

    status = main(["resolve", "mongo:7", registry.option])

    assert "docker.io" in capsys.readouterr().err
    assert status == 2


def test_machines_read_json(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts should not cut strings at the at sign."""
    digest = registry.push("library/mongo", "7")

    main(["resolve", "--json", "mongo:7", registry.option])

    expected = {"image": "mongo:7", "pinned": f"docker.io/library/mongo@{digest}", "digest": digest}
    assert json.loads(capsys.readouterr().out) == {"images": [expected], "failures": []}


def test_a_malformed_reference_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked of any registry about something that is no image."""
    status = main(["resolve", "Not An Image"])

    assert status == 2
    assert "no image reference" in capsys.readouterr().err
