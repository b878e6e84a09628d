"""Names say what a thing is, and everything public says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.structure.source import ROOT, python_files, tracked, tree

VAGUE: Final = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "managers", "stuff", "core"}
HOMES: Final = re.compile(r"(?<![\w.])/(?:home|Users)/(?!nonroot)\w+|/root/\w+|[A-Z]:\\Users\\")
UNITS: Final = re.compile(r"_(?:BYTES|CHARACTERS|S)$|_PER_")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public(node: ast.AST) -> Iterator[Definition]:
    """Definitions of a module or class that others may use; what stands inside functions is nobody else's."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    """What is called so collects whatever nobody found a place for."""
    vague = [path for path in tracked() if {part.lower() for part in (*path.parts[:-1], path.stem)} & VAGUE]

    assert vague == []


def test_shared_holds_packages_only() -> None:
    """A module directly in it would belong to no layer, and the direction of imports could not be checked."""
    direct = [path.name for path in python_files("shared") if len(path.parts) == 2]

    assert direct == ["__init__.py"]


def test_every_package_is_one_and_says_what_it_is() -> None:
    """Each folder of the gate explains itself where one looks first."""
    for folder in {path.parent for path in python_files("shared", "local", "cli", "infra", "bench")}:
        assert ast.get_docstring(tree(folder / "__init__.py")), folder


def test_everything_public_in_shared_has_a_docstring() -> None:
    """Who audits the gate reads the sentences first, and then whether the code does what they say."""
    mute = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("shared")
        for node in _public(tree(path))
        if not ast.get_docstring(node)
    ]

    assert mute == []


def test_every_limit_says_its_unit() -> None:
    """By its name, or in a comment beside it: 300 of what, is what an incident turns on."""
    lines = (ROOT / "shared/domain/limits.py").read_text().splitlines()
    limits = [line for line in lines if re.match(r"[A-Z]", line)]

    assert limits
    assert [line for line in limits if not UNITS.search(line.split()[0]) and "  # " not in line] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    """It would work for one person, and tell everybody else about them."""
    for path in tracked():
        text = (ROOT / path).read_bytes().decode(errors="replace")
        assert not HOMES.search(text), path
