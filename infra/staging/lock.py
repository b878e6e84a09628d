"""Cut the part of the lock that a function needs out of requirements.txt, hashes and markers as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.staging.failure import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

RUNTIME_PYTHON: Final = "3.12"  # Cloud Functions' runtime; cloudbuild.yaml tests on the same
# The markers of requirements are decided for where the functions run, wherever this runs.
_RUNTIME: Final = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{RUNTIME_PYTHON}.0",
    "python_version": RUNTIME_PYTHON,
    "sys_platform": "linux",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: NormalizedName
    extra: str = ""


def read_lock(text: str) -> dict[NormalizedName, str]:
    """Split a locked requirements file into its entries: name → the pin with its marker and hashes, no comments.

    Raises:
        StagingError: an entry has no hash.
    """
    entries: dict[NormalizedName, str] = {}
    name = canonicalize_name("")
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            name = canonicalize_name(line.partition("==")[0])
            entries[name] = ""
        entries[name] += f"{line}\n"
    unhashed = sorted(name for name, entry in entries.items() if "--hash=" not in entry)
    if unhashed:
        raise StagingError(f"the lock has no hash for {', '.join(unhashed)}: run `make lock`")
    return entries


def cut(lock: Mapping[NormalizedName, str], distributions: Iterable[NormalizedName]) -> str:
    """Render the requirements file for some distributions and all that they need, in lexical order.

    What needs what is read from the installed metadata: an extra counts only where it is asked for.

    Raises:
        StagingError: something needed is not in the lock.
    """
    closed = _closure(distributions)
    absent = sorted(closed - lock.keys())
    if absent:
        raise StagingError(
            f"requirements.txt does not lock {', '.join(absent)}: add to requirements.in, run `make lock`"
        )
    return "".join(lock[name] for name in sorted(closed))


def _closure(distributions: Iterable[NormalizedName]) -> set[NormalizedName]:
    waiting = [_Wanted(name) for name in distributions]
    seen: set[_Wanted] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted not in seen:
            seen.add(wanted)
            waiting += _needed_by(wanted)
    return {wanted.name for wanted in seen}


@cache
def _needed_by(wanted: _Wanted) -> tuple[_Wanted, ...]:
    try:
        lines = requires(wanted.name) or ()
    except PackageNotFoundError as absent:
        raise StagingError(f"{wanted.name} is needed and not installed: install requirements-dev.txt") from absent
    needed: list[_Wanted] = []
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({**_RUNTIME, "extra": wanted.extra}):
            continue
        name = canonicalize_name(requirement.name)
        needed += [_Wanted(name), *(_Wanted(name, extra) for extra in requirement.extras)]
    return tuple(needed)
