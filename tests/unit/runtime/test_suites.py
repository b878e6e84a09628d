"""Names of suites in configuration: one that no event can have, or that is a status of our own, ends the start."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from local.world.names import ATTEST, PROMOTE, QUALITY, Endpoints, variables_of
from shared.domain.production import PRODUCTION_STATUS
from shared.domain.suites import RESERVED
from shared.runtime.wiring.attest import attest_function
from shared.runtime.wiring.promote import promote_function
from shared.workflow.environment import status_context
from shared.workflow.promotion import RELEASE_STATUS

NOWHERE: Final = Endpoints("127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1", {})
STARTS: Final[dict[str, tuple[Callable[[Mapping[str, str]], Any], Mapping[str, str], Mapping[str, str]]]] = {
    "PRODGATE_SUITES": (attest_function, variables_of(ATTEST, NOWHERE, 0), QUALITY.row),
    "PRODGATE_REQUIRED_SUITES": (
        promote_function,
        variables_of(PROMOTE, NOWHERE, 0),
        {"attestor": QUALITY.attestor},
    ),
}


def start(variable: str, *suites: str) -> None:
    """Configure a function with these suites."""
    function, variables, row = STARTS[variable]
    function({**variables, variable: json.dumps(dict.fromkeys(suites, row))})


@pytest.mark.parametrize("variable", STARTS)
def test_suites_of_other_names_are_fine(variable: str, quiet_logging: None) -> None:
    """The other tests mean nothing if this one does not hold."""
    start(variable, "qa", "release-candidate", "a" * 63)


@pytest.mark.parametrize("variable", STARTS)
@pytest.mark.parametrize("suite", sorted(RESERVED))
def test_a_suite_cannot_have_the_name_of_a_status_of_ours(variable: str, suite: str, quiet_logging: None) -> None:
    """Its green status would be the one that lets a release be merged, or that calls it confirmed in prod."""
    with pytest.raises(SystemExit) as ended:
        start(variable, "qa", suite)

    own = f"names a suite {suite}, which is the name of a status of prodgate's own"
    assert str(ended.value) == f"prodgate cannot start:\n- {variable} {own}"


@pytest.mark.parametrize("variable", STARTS)
@pytest.mark.parametrize("suite", ["QA", "qa/", "qa ", "-qa", "a" * 64, "qa.v1", "\N{CYRILLIC SMALL LETTER A}"])
def test_a_suite_that_no_event_could_name_ends_the_start(variable: str, suite: str, quiet_logging: None) -> None:
    """Its tests would pass, and every one of its events be rejected."""
    with pytest.raises(SystemExit, match=rf"{variable} names a suite .*, which no event could name"):
        start(variable, suite)


def test_every_status_of_ours_is_reserved() -> None:
    """A third one must be named there too."""
    assert {status_context(name) for name in RESERVED} == {RELEASE_STATUS, PRODUCTION_STATUS}
