"""Each function is staged with what it imports and nothing else, the same bytes each time."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.staging.__main__ import main
from infra.staging.failure import StagingError
from infra.staging.imports import imported_modules
from infra.staging.stage import stage
from tests.infra.conftest import write

if TYPE_CHECKING:
    from pathlib import Path


def _tree(folder: Path) -> dict[str, tuple[int, float, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.stat().st_mtime, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_function_ships_with_exactly_the_modules_that_it_reaches(root: Path) -> None:
    """Through packages' own files and late imports, but not through imports for type checkers."""
    assert stage(root, root / "dist") == ["pin", "sign"]
    assert set(_tree(root / "dist" / "pin")) == {
        "main.py",
        "requirements.txt",
        "shared/__init__.py",
        "shared/domain/__init__.py",
        "shared/domain/image.py",
        "shared/domain/late.py",
        "shared/workflow/__init__.py",
        "shared/workflow/pin.py",
    }
    assert set(_tree(root / "dist" / "sign")) == {
        "main.py",
        "requirements.txt",
        "shared/__init__.py",
        "shared/clients/__init__.py",
        "shared/clients/errors.py",
        "shared/clients/kms.py",
    }


def test_staging_twice_gives_the_same_bytes_modes_and_times(root: Path) -> None:
    """Whatever the umask and the modes of the sources."""
    stage(root, root / "first")
    (root / "shared/domain/late.py").chmod(0o600)
    (root / "shared/domain/image.py").touch()
    stage(root, root / "second")
    assert _tree(root / "first") == _tree(root / "second")
    assert {mode for mode, _, _ in _tree(root / "first").values()} == {0o644}


def test_the_archive_holds_the_folder_and_is_the_same_bytes_each_time(root: Path) -> None:
    """Its hash decides whether a function is deployed again."""
    stage(root, root / "first")
    stage(root, root / "second")
    assert (root / "first/pin.zip").read_bytes() == (root / "second/pin.zip").read_bytes()
    with zipfile.ZipFile(root / "first/pin.zip") as archive:
        packed = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert packed == {path: content for path, (_, _, content) in _tree(root / "first/pin").items()}


def test_what_is_stale_goes_and_nothing_else_is_left_behind(root: Path) -> None:
    """A function that no longer exists is not deployed again."""
    stage(root, root / "dist")
    before = {path.name for path in root.iterdir()}
    shutil.rmtree(root / "functions/sign")
    assert stage(root, root / "dist") == ["pin"]
    assert {path.name for path in (root / "dist").iterdir()} == {".staged", "pin", "pin.zip"}
    assert {path.name for path in root.iterdir()} == before


def test_a_folder_that_staging_did_not_make_is_never_replaced(root: Path) -> None:
    """`--out .` must not cost anybody their work."""
    with pytest.raises(StagingError, match="was not made by staging"):
        stage(root, root / "shared")
    assert (root / "shared/domain/image.py").is_file()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (
            "import nowhere_at_all.x\n",
            r"functions/pin/main.py: import nowhere_at_all.x belongs to no installed package",
        ),
        ("from local.world import World\n", r"functions/pin/main.py: import local.world.World belongs to no installed"),
        ("import google.cloud.unheard_of\n", r"import google.cloud.unheard_of belongs to one of .*google-cloud-kms"),
        (
            "from shared.domain.typo import x\n",
            r"functions/pin/main.py: import shared.domain.typo.x: there is no such module",
        ),
        ("import mypy.api\n", r"requirements.txt does not lock .*mypy"),
        ("def broken(:\n", r"functions/pin/main.py:1: "),
    ],
)
def test_what_cannot_be_staged_is_named_and_the_last_good_stage_stays(root: Path, source: str, complaint: str) -> None:
    """The message says which file has to change, and dist is as it was."""
    stage(root, root / "dist")
    before = _tree(root / "dist")
    write(root / "functions/pin/main.py", source)
    with pytest.raises(StagingError, match=complaint):
        stage(root, root / "dist")
    assert _tree(root / "dist") == before


def test_the_command_says_what_it_staged_or_why_not(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 with the folders, or 1 with one sentence."""
    arguments = ["--root", str(root), "--out", str(root / "dist")]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"{root}/dist/pin\n{root}/dist/sign\n"
    shutil.rmtree(root / "functions")
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"{root}/functions holds no folder with a main.py\n"


def test_relative_imports_and_stars_are_followed(tmp_path: Path) -> None:
    """They mean the modules that Python would find."""
    write(tmp_path / "x.py", "from . import a\nfrom .b import c\nfrom ..d import *\nimport e.f as g\n")
    found = imported_modules(tmp_path / "x.py", package="shared.clients")
    assert found == {"shared.clients.a", "shared.clients.b.c", "shared.d", "e.f"}
