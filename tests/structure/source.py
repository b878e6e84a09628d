"""The project's own files, as git tracks them, and what its modules import."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that is there, relative to its root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(path for path in map(Path, listed.split("\0")) if (ROOT / path).is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files below top-level folders; at least one, or the folder's name is out of date."""
    found = [path for path in tracked() if path.suffix == ".py" and path.parts[0] in folders]
    assert {path.parts[0] for path in found} == set(folders)
    return found


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse((ROOT / path).read_bytes(), filename=str(path))


def module_name(path: Path) -> str:
    """What a file is imported as."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, also for types only; `from a import b` is `a.b` where that is one."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here, so that they can be checked"
            yield from (_module(f"{node.module}", alias.name) for alias in node.names)


def _module(package: str, name: str) -> str:
    below = ROOT / Path(*package.split("."))
    return f"{package}.{name}" if (below / f"{name}.py").exists() or (below / name).is_dir() else package
