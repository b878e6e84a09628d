"""Cloud Build's own messages as test results: the Build resource that the topic `cloud-builds` carries.

A build counts for a suite because of the trigger that ran it, and of nothing that the build says about itself: whoever
may submit builds can write any substitution, but `buildTriggerId` is set by Cloud Build alone, and so is
`sourceProvenance`, which says what was built.

Source: cloud.google.com/build/docs/subscribe-build-notifications; the REST resource projects.builds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.events import TestPassed, canonical
from shared.domain.ignored import Ignored
from shared.domain.strict_json import Fields, read_object

_WHAT: Final = "the build"
_ID_CHARACTERS: Final = 255
_ID: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_STATUS: Final = re.compile(r"[A-Z_]+", re.ASCII)
# How each kind of source names the commit that Cloud Build resolved it to (SourceProvenance).
RESOLVED_COMMITS: Final = (
    ("resolvedRepoSource", "commitSha"),
    ("resolvedGitSource", "revision"),
    ("resolvedConnectedRepository", "revision"),
)
# What a test-passed event says and a Build resource does not.
_OURS: Final = ("suite", "outcome")


@dataclass(frozen=True, slots=True)
class BuildTrigger:
    """What a trigger's success means: this suite passed for a commit of this repository."""

    suite: str
    repository: str


def read_test_result(data: bytes, triggers: Mapping[str, BuildTrigger]) -> TestPassed | Ignored:
    """Read a test-passed event or, where triggers are configured (by id), a Build resource.

    Raises:
        Rejected: it is neither, or one of its fields is malformed.
    """
    if not triggers:
        return TestPassed.parse(data)
    fields = read_object(_WHAT, data, foreign=True)
    if "status" not in fields or any(name in fields for name in _OURS):
        return TestPassed.parse(data)
    return _result(fields, triggers)


def read_build(data: bytes, triggers: Mapping[str, BuildTrigger]) -> TestPassed | Ignored:
    """Read a Build resource; only a configured trigger's success is a test result.

    Raises:
        Rejected: a field that is needed is missing or malformed.
    """
    return _result(read_object(_WHAT, data, foreign=True), triggers)


def _result(build: Fields, triggers: Mapping[str, BuildTrigger]) -> TestPassed | Ignored:
    name = build.text("id", most=_ID_CHARACTERS, matching=_ID)
    status = build.text("status", most=_ID_CHARACTERS, matching=_STATUS)
    if build.is_empty("buildTriggerId"):
        return Ignored(f"the build {name} was started by no trigger")
    trigger = triggers.get(build.text("buildTriggerId", most=_ID_CHARACTERS))
    if trigger is None:
        return Ignored(f"the build {name} was started by a trigger that is no suite's")
    if status != "SUCCESS":
        return Ignored(f"the build {name} of {trigger.suite} is {status}; only SUCCESS is ever attested")
    return _passed(build, trigger)


def _passed(build: Fields, trigger: BuildTrigger) -> TestPassed:
    """Write the event that CI would have published, and read it through its contract: there is one set of rules."""
    commit = build.child("substitutions").text("COMMIT_SHA", most=_ID_CHARACTERS)
    _require_built(build, commit)
    run = build.text("logUrl", most=limits.URL_CHARACTERS)
    event = {"suite": trigger.suite, "outcome": "success", "repository": trigger.repository}
    return TestPassed.parse(canonical(event | {"commit": commit, "run": run}))


def _require_built(build: Fields, commit: str) -> None:
    """Hold a commit against what Cloud Build resolved the source to, where the message says so."""
    if build.is_empty("sourceProvenance"):
        return
    provenance = build.child("sourceProvenance")
    for kind, field in RESOLVED_COMMITS:
        if not provenance.is_empty(kind):
            built = provenance.child(kind).text(field, most=_ID_CHARACTERS)
            if built != commit:
                what = f"the build built {shown(built)}, whatever its COMMIT_SHA says, {shown(commit)}"
                raise Rejected(Reason.OTHER_COMMIT, what)
