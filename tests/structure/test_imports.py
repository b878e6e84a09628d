"""Imports run one way: functions, runtime, workflow, clients, domain."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from tests.structure.source import imports, module_name, python_files

LAYERS: Final = ("shared.domain", "shared.clients", "shared.workflow", "shared.runtime", "functions")
PURE: Final = {"yaml", "cryptography"}
REMOTE: Final = {"google", "grafeas", "grpc", "github", "requests", "urllib3", "aiohttp", "httpx"}
ROOMS_OF_ALL_CLIENTS: Final = {"shared.clients", "shared.clients.calls", "shared.clients.gathering"}
OURS: Final = {"shared", "functions"}
AROUND: Final = {"local", "cli", "bench", "infra", "tests"}

GATE: Final = python_files("shared", "functions")


def _layer(module: str) -> int:
    return next((i for i, layer in enumerate(LAYERS) if f"{module}.".startswith(f"{layer}.")), -1)


def _below(package: str) -> list[Path]:
    found = [path for path in GATE if module_name(path).startswith(package)]
    assert found
    return found


def _tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def test_no_module_imports_from_a_layer_above_its_own() -> None:
    """The trust decisions can be audited alone only while nothing below depends on what is above."""
    upward = [
        f"{path} imports {name}" for path in GATE for name in imports(path) if _layer(name) > _layer(module_name(path))
    ]

    assert upward == []


def test_the_domain_does_no_input_or_output() -> None:
    """It is pure: standard library, a YAML parser, signature verification; no clock, no environment, no network."""
    effects = {"os", "time", "asyncio", "socket", "subprocess", "logging", "random", "secrets", "pathlib", "threading"}

    for path in _below("shared.domain"):
        assert _tops(path) <= (sys.stdlib_module_names - effects) | PURE | {"shared"}, path


def test_workflows_speak_to_remote_systems_through_clients_only() -> None:
    """A use case reads as decisions and steps; the wire is the clients' business."""
    for path in _below("shared.workflow"):
        assert not _tops(path) & REMOTE, path


def test_a_client_imports_no_other_client() -> None:
    """Each remote system can be understood, replaced and mistrusted by itself."""
    for path in _below("shared.clients"):
        own = ".".join(module_name(path).split(".")[:3])
        others = {name for name in imports(path) if name.startswith("shared.clients")} - ROOMS_OF_ALL_CLIENTS
        assert {name for name in others if not f"{name}.".startswith(f"{own}.")} == set(), path


def test_a_function_is_wiring_and_nothing_else() -> None:
    """Of the gate it imports what loads and what wires it: no logic hides where no unit test looks."""
    for path in _below("functions"):
        ours = {name for name in imports(path) if name.startswith("shared")} - {"shared.runtime.loading"}
        assert len(ours) == 1, path
        assert ours.pop().startswith("shared.runtime.wiring."), path


@pytest.mark.parametrize("folder", sorted(AROUND - {"tests"}))
def test_the_gate_knows_nothing_of_what_is_around_it(folder: str) -> None:
    """A stand-in or a command line that production code imports would be deployed with it."""
    assert [path for path in GATE if folder in _tops(path)] == []


def test_nothing_but_tests_imports_tests() -> None:
    """What is not a test must work where tests are not shipped."""
    for path in python_files(*sorted(OURS | AROUND - {"tests"})):
        assert "tests" not in _tops(path), path


def test_the_stand_in_cloud_decides_nothing_by_the_gates_own_code() -> None:
    """Google's verdicts in it must be made apart from ours, or a wrong decision of ours would confirm itself."""
    for path in python_files("local"):
        if not module_name(path).startswith("local.world"):
            ours = {name for name in imports(path) if name.startswith("shared")}
            assert ours == set(), path
