"""What each function is deployed with: its own clients, and no others'."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.structure.source import ROOT

FUNCTIONS: Final = {"resolve_image", "pin_manifests", "attest_images", "open_prod_pr", "confirm_prod", "receive_push"}
CLIENTS: Final = {  # a function that does not carry a client cannot be made to use it
    "kms": {"attest_images"},
    "attestations": {"attest_images", "open_prod_pr"},
    "binauthz": {"attest_images", "open_prod_pr"},
    "cloud_build": {"attest_images"},
    "secrets": FUNCTIONS,
    "registry": {"resolve_image", "pin_manifests", "attest_images"},
    "vulnerabilities": {"attest_images", "open_prod_pr"},
    "github": {"pin_manifests", "attest_images", "open_prod_pr", "confirm_prod"},
    "pubsub": FUNCTIONS,
}
DISTRIBUTIONS: Final = {
    "google-cloud-kms": CLIENTS["kms"],
    "grafeas": CLIENTS["attestations"],
    "google-cloud-binary-authorization": CLIENTS["binauthz"],
    "google-cloud-secret-manager": CLIENTS["secrets"],
    "aiohttp": CLIENTS["registry"],
    "pygithub": CLIENTS["github"],
    "google-cloud-pubsub": FUNCTIONS,
    "functions-framework": FUNCTIONS,
}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every function's folder, as it is deployed."""
    out = tmp_path_factory.mktemp("structure") / "dist"
    assert set(stage(ROOT, out)) == FUNCTIONS
    return out


def _locked(folder: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (folder / "requirements.txt").read_text(), re.MULTILINE))


def _rooms(folder: Path) -> set[str]:
    """The clients in a tree: one file for each, or one package."""
    clients = folder / "shared" / "clients"
    found = {path.stem for path in clients.glob("*.py")} | {path.parent.name for path in clients.glob("*/__init__.py")}
    return found - {"__init__", "calls", "gathering"}


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_client_ships_with_the_functions_that_use_it_only(client: str, dist: Path) -> None:
    """Only attest_images can sign: the others do not even have the code for it."""
    carrying = {function for function in FUNCTIONS if client in _rooms(dist / function)}

    assert carrying == CLIENTS[client]


@pytest.mark.parametrize("distribution", sorted(DISTRIBUTIONS))
def test_a_library_is_installed_where_it_is_used_only(distribution: str, dist: Path) -> None:
    """What is not there needs no patch, costs no start-up time, and cannot be abused."""
    carrying = {function for function in FUNCTIONS if distribution in _locked(dist / function)}

    assert carrying == DISTRIBUTIONS[distribution]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_staged_folder_holds_source_and_nothing_else(function: str, dist: Path) -> None:
    """No test, no stand-in, no note of somebody's gets uploaded."""
    tops = {path.name for path in (dist / function).iterdir()}
    kinds = {path.suffix for path in (dist / function).rglob("*") if path.is_file()}

    assert tops == {"main.py", "requirements.txt", "shared"}
    assert kinds == {".py", ".txt"}


def test_each_clients_module_is_in_the_table() -> None:
    """A new client must say who may carry it."""
    assert _rooms(ROOT) == CLIENTS.keys()
