"""Tables by suite: the names are held against what an event may say, before anything is done in their name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shared.domain.strict_json import Fields
from shared.domain.suites import objection_to
from shared.runtime.config import Environment

_T = TypeVar("_T")


def read_suites(environment: Environment, name: str, read: Callable[[Fields], _T]) -> dict[str, _T]:
    """Read a variable that holds a row for each suite, each through `read`."""
    table = environment.table(name, read)
    for objection in filter(None, map(objection_to, table)):
        environment.refuse(name, objection)
    return table
