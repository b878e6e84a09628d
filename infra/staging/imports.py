"""Read from a module's syntax tree which modules it needs at run time. Nothing is executed.

Imports under `if TYPE_CHECKING` never happen at run time and are left out; those inside functions do, and count.
Modules named only in strings (`importlib.import_module`) are invisible here.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from infra.staging.failure import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def imported_modules(path: Path, *, package: str) -> frozenset[str]:
    """Collect the dotted names that a file imports; `package` is what its relative imports start from.

    `from a.b import c` gives `a.b.c`, since only the caller can know whether `c` is a module or something in `a.b`.

    Raises:
        StagingError: the file is no Python of this version.
    """
    return _imported(path.read_bytes(), path, package)


@cache
def _imported(source: bytes, path: Path, package: str) -> frozenset[str]:
    """Parse a source once, however many functions ship it."""
    try:
        tree = ast.parse(source, filename=str(path))
    except SyntaxError as broken:
        raise StagingError(f"{path}:{broken.lineno}: {broken.msg}") from broken
    return frozenset(name for node in _run_time_nodes(tree) for name in _names(node, package))


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    children: list[ast.stmt] | Iterator[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        children = node.orelse
    for child in children:
        yield from _run_time_nodes(child)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _names(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = _absolute(node, package)
        yield from (module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return str(node.module)
    above = package.split(".")
    base = above[: len(above) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)
