"""Each function's requirements are the part of the lock that it needs, which is enough and not more."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from typing import TYPE_CHECKING, Final

import pytest
from packaging.utils import canonicalize_name

from infra.staging.distributions import NAMESPACES
from infra.staging.lock import read_lock
from infra.staging.stage import stage
from tests.infra.conftest import ROOT, write

if TYPE_CHECKING:
    from pathlib import Path


def _locked(requirements: Path) -> set[str]:
    return set(read_lock(requirements.read_text()))


def test_the_requirements_are_the_part_of_the_lock_that_the_imports_need(root: Path) -> None:
    """PyYAML for one and the KMS client for the other, each with what that needs, pins and hashes unchanged."""
    stage(root, root / "dist")
    pin, sign = (_locked(root / "dist" / name / "requirements.txt") for name in ("pin", "sign"))
    assert {"pyyaml", "functions-framework", "starlette", "uvicorn-worker"} <= pin
    assert {"google-cloud-kms", "google-api-core", "grpcio", "protobuf", "cffi"} <= sign
    assert not {"grpcio", "google-cloud-kms", "pygithub"} & pin
    assert not {"pyyaml", "functions-framework", "google-cloud-pubsub", "pygithub"} & sign
    cffi = read_lock((ROOT / "requirements.txt").read_text())[canonicalize_name("cffi")]
    assert cffi.startswith("cffi==")
    assert "; platform_python_implementation" in cffi
    assert cffi in (root / "dist" / "sign" / "requirements.txt").read_text()


def test_an_extra_counts_only_where_it_is_asked_for(root: Path) -> None:
    """`PyGithub` needs `pyjwt[crypto]` and so cryptography; `jwt` alone does not."""
    write(root / "functions/jwt_only/main.py", "import jwt\n")
    write(root / "functions/github_too/main.py", "import github\n")
    stage(root, root / "dist")
    assert _locked(root / "dist" / "jwt_only" / "requirements.txt") == {"pyjwt"}
    assert {"pyjwt", "cryptography"} <= _locked(root / "dist" / "github_too" / "requirements.txt")


@pytest.mark.parametrize(("module", "name"), sorted(NAMESPACES.items()))
def test_every_row_of_the_namespace_table_is_what_is_installed(module: str, name: str) -> None:
    """The distribution's own list of files has the module."""
    prefix = module.replace(".", "/") + "/"
    assert any(str(file).startswith(prefix) for file in distribution(name).files or ())


# Runs in the staged folder, and hides every installed file whose distribution is not among the arguments.
_IMPORT_ALL: Final = """
import importlib, pathlib, sys
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from packaging.utils import canonicalize_name
hidden = {str(d.locate_file(f)) for d in distributions() if canonicalize_name(d.name) not in sys.argv for f in d.files}
class Hiding:
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.origin in hidden:
            raise ModuleNotFoundError(f"{name} is not locked", name=name)
sys.meta_path.insert(0, Hiding)
sys.path.insert(0, ".")
for path in sorted(pathlib.Path("shared").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
"""


def _import_all(staged: Path) -> str:
    """Import every staged module with nothing but what the requirements lock; return the error, if any."""
    command = [sys.executable, "-c", _IMPORT_ALL, *_locked(staged / "requirements.txt")]
    return subprocess.run(command, cwd=staged, check=False, capture_output=True, text=True).stderr


def test_the_requirements_suffice_to_import_every_staged_module(root: Path) -> None:
    """All else that is installed is hidden; with one requirement less it fails."""
    stage(root, root / "dist")
    assert _import_all(root / "dist" / "sign") == ""
    requirements = root / "dist" / "sign" / "requirements.txt"
    requirements.write_text(requirements.read_text().replace("grpcio==", "unheard-of=="))
    assert "grpc is not locked" in _import_all(root / "dist" / "sign")


needs_functions = pytest.mark.skipif(
    not list(ROOT.glob("functions/*/main.py")), reason="functions/ holds no function yet"
)


@needs_functions
def test_the_real_functions_are_staged_and_compile(tmp_path: Path) -> None:
    """As Google's buildpack does it: the whole tree, every file."""
    names = stage(ROOT, tmp_path / "dist")
    assert names == sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
    command = [sys.executable, "-m", "compileall", "-q", "-f", str(tmp_path / "dist")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in names:
        assert _import_all(tmp_path / "dist" / name) == ""
