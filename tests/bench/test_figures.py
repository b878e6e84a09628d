"""Each figure, taken with as few runs as there can be, is one line of JSON that says what was measured and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import NAMES, main, take
from bench.figure import Effort, Figure
from bench.rig import stage_compiled

FUNCTIONS = {"resolve_image", "pin_manifests", "attest_images", "open_prod_pr", "confirm_prod"}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every figure, as a reader of the lines sees it."""
    figures: list[Figure] = []
    dist = stage_compiled(tmp_path_factory.mktemp("bench") / "dist")
    take(NAMES, dist, Effort.of(quick=True), figures.append)
    return {figure.name: json.loads(figure.line()) for figure in figures}


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_what_it_is(taken: dict[str, dict[str, Any]], name: str) -> None:
    """Name, figures, unit, aim, verdict, method, runs and machine: a line can be quoted by itself."""
    figure = taken[name]
    assert set(figure) == {"name", "figures", "unit", "aim", "met", "how", "runs", "machine"}
    assert figure["unit"]
    assert len(figure["how"].split()) > 10
    assert figure["runs"] == 1
    assert set(figure["machine"]) == {"cores", "python", "system"}


@pytest.mark.parametrize("name", NAMES)
def test_an_aim_is_met_or_not(taken: dict[str, dict[str, Any]], name: str) -> None:
    """A figure with an aim has a verdict; one that is only watched has none."""
    assert isinstance(taken[name]["met"], bool) == (taken[name]["aim"] is not None)


def test_cold_start_is_told_in_times_of_hello_world(taken: dict[str, dict[str, Any]]) -> None:
    """Every function stands beside hello-world of the same run."""
    figures = taken["cold_start"]["figures"]
    assert set(figures) == {"hello", *FUNCTIONS}
    assert figures["hello"]["times_hello"] == 1
    assert all(row["min_ms"] <= row["median_ms"] <= row["max_ms"] for row in figures.values())


def test_memory_is_told_for_every_function(taken: dict[str, dict[str, Any]]) -> None:
    """No function is left out, and none weighs less than Python itself."""
    assert set(taken["memory"]["figures"]) == FUNCTIONS
    assert all(megabytes > 20 for megabytes in taken["memory"]["figures"].values())


def test_throughput_is_told_beside_a_function_that_does_nothing(taken: dict[str, dict[str, Any]]) -> None:
    """Real work is slower than none."""
    figures = taken["warm_throughput"]["figures"]
    assert 0 < figures["attest_images"] < figures["no_op"]


def test_a_release_counts_the_requests_of_the_gate_alone(taken: dict[str, dict[str, Any]]) -> None:
    """Six images: one look at the key, a signature each, two looks at the registry, none of the pushers' requests."""
    figures = taken["push_to_pr"]["figures"]
    by_service = figures["requests_by_service"]
    assert figures["requests"] == sum(by_service.values())
    assert by_service["kms"] == 1 + 6
    assert by_service["pubsub"] == 7
    assert by_service["registry"] >= 12  # more where a busy machine spreads the pushes over two commits


def test_a_pull_request_takes_few_requests(taken: dict[str, dict[str, Any]]) -> None:
    """How many is decided by the code alone, whatever the machine is busy with; how long is not."""
    figures = taken["open_pr"]["figures"]
    assert figures["new"]["github_requests"] <= 8
    assert figures["replay"]["github_requests"] <= 4
    assert figures["new"]["times_chain"] >= 1


def test_resolving_stands_beside_the_limit_and_names_what_it_was_not_held_against(
    taken: dict[str, dict[str, Any]],
) -> None:
    """Two latencies where there is a registry; and a tool that was not run is said not to have been."""
    figure = taken["resolve"]
    for row in figure["figures"].values():
        assert {"bare_ms", "ours_ms", "ours_times_bare"} <= set(row)
    assert set(figure["figures"]) in ({"0_ms", "30_ms"}, set())
    assert not figure["figures"] or "kbld, which resolves too, is not measured" in figure["how"]


def test_pinning_changes_the_lines_to_move_and_no_other(taken: dict[str, dict[str, Any]]) -> None:
    """Whatever else the machine is busy with, the result is the same, and what it costs grows with the images."""
    figures = taken["pin"]["figures"]
    assert figures["changed_lines"] == 800
    assert figures["memory_times_file"] <= 10


def test_a_name_that_is_no_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name ends with one sentence that names it."""
    with pytest.raises(SystemExit):
        main(["cold_strat"])
    assert "there is no figure cold_strat" in capsys.readouterr().err


def test_stage_compiled_compiles_as_the_buildpack_does(tmp_path: Path) -> None:
    """Cold start does not pay for compiling, since a deployed function does not."""
    dist = stage_compiled(tmp_path / "dist")
    assert list(dist.glob("attest_images/__pycache__/main.*.pyc"))
