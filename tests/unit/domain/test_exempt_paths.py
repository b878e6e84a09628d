"""Exempt paths: what a row may say, what it covers, and which would exempt too much."""

from __future__ import annotations

import pytest

from shared.domain.exempt_paths import EXEMPT_PATH, NO_EXEMPT_PATHS, ExemptPaths, too_wide

HELD = [
    ("apps/shop/values.yaml", "apps/shop/values.yaml"),
    ("apps/shop", "apps/shop"),
    ("apps/shop", "apps/shop/x/y.yaml"),
    ("apps/*/Chart.yaml", "apps/shop/Chart.yaml"),
    ("apps/s*p", "apps/shop/a.yaml"),
    ("apps/s*p", "apps/sp"),
    ("*/values.yaml", "apps/values.yaml"),
    ("apps/*.jsonnet", "apps/.jsonnet"),
    ("apps/a+b", "apps/a+b/c"),
]
NOT_HELD = [
    ("apps/shop", "apps/shop-2"),
    ("apps/shop", "apps/shop.yaml"),
    ("apps/shop", "x/apps/shop"),
    ("apps/shop/values.yaml", "apps/shop"),
    ("apps/*/Chart.yaml", "apps/Chart.yaml"),
    ("apps/*/Chart.yaml", "apps/a/b/Chart.yaml"),
    ("*/values.yaml", "values.yaml"),
    ("apps/a+b", "apps/aab"),
    ("apps/values.yaml", "apps/valuesXyaml"),
    ("apps/Shop", "apps/shop"),
    ("apps/shop", "apps/shop\n"),
]
MALFORMED = [
    "",
    "/apps",
    "apps/",
    "apps//x",
    "apps/**",
    "apps/**/x",
    "*",
    "apps/*",
    ".",
    "..",
    "apps/..",
    "../apps",
    "./apps",
    "apps/./x",
    "apps/[ab]",
    "apps/a?",
    "apps/{a,b}",
    "!apps",
    "apps/a b",
    "apps\\x",
    "apps\n",
]


@pytest.mark.parametrize(("row", "path"), HELD)
def test_a_row_covers_what_it_names_and_everything_below(row: str, path: str) -> None:
    """A file, a folder, or all that a star stands for."""
    assert EXEMPT_PATH.fullmatch(row)
    assert ExemptPaths(("elsewhere", row)).hold(path)


@pytest.mark.parametrize(("row", "path"), NOT_HELD)
def test_a_row_covers_nothing_else(row: str, path: str) -> None:
    """What is not exempt is judged."""
    assert EXEMPT_PATH.fullmatch(row)
    assert not ExemptPaths((row,)).hold(path)


@pytest.mark.parametrize("row", MALFORMED)
def test_a_row_of_another_form_is_none(row: str) -> None:
    """Other tools' wildcards would be taken for letters, and a lone star for everything."""
    assert not EXEMPT_PATH.fullmatch(row)


@pytest.mark.parametrize("row", ["...", ".github/x", "a..b", "..a/b", "apps/...", "*.yaml"])
def test_dots_in_a_name_are_only_letters(row: str) -> None:
    """Only `.` and `..` lead elsewhere."""
    assert EXEMPT_PATH.fullmatch(row)


def test_nothing_is_exempt_by_default() -> None:
    """Empty means no."""
    assert not NO_EXEMPT_PATHS.hold("apps/a.yaml")


@pytest.mark.parametrize(("row", "wide"), [("apps", True), ("a*", True), ("envs", True), ("apps/x", False)])
def test_a_row_that_exempts_a_deployed_folder_whole_is_told(row: str, wide: bool) -> None:
    """Nothing of it would be judged, and the release would look complete."""
    assert bool(too_wide(ExemptPaths((row,)), ("apps", "envs/prod"))) is wide
