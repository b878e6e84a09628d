"""Bounds of size, which may be lowered and are not raised."""

from __future__ import annotations

import ast
from typing import Final

from tests.structure.source import ROOT, python_files, tree

FILE_LINES: Final = 350
FUNCTION_LINES: Final = 50
MAIN_LINES: Final = 25
PRODUCT: Final = python_files("shared", "functions", "local", "cli", "infra", "bench")


def test_no_file_is_longer_than_a_person_reads_at_a_sitting() -> None:
    """A longer one holds two subjects, and should be two files."""
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in PRODUCT}

    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    """What does not fit on one cannot be seen to be right at one look."""
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {where: lines for where, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_a_deployed_function_has_no_room_for_logic() -> None:
    """Its main.py decodes nothing and decides nothing; both are tested in shared."""
    for path in python_files("functions"):
        assert len((ROOT / path).read_text().splitlines()) <= MAIN_LINES, path
