"""What people must know before they merge a release that nothing forbids."""

from __future__ import annotations

from shared.domain.drift import named
from shared.domain.harmless import code
from shared.workflow.order import Course
from shared.workflow.promotion import Looking


async def cautions(back: tuple[str, ...], course: Course, looking: Looking) -> tuple[str, ...]:
    """Say what prod gets back that it took back, and what it loses that dev does not have any more."""
    prod, dev = looking.cloud.settings.environment.prod, looking.cloud.settings.environment.dev
    found = []
    if back:
        found.append(f"{prod} took back {named(back, code)}: merging brings that back as the last release had it.")
    last = course.last
    if last is not None and not await looking.repository.git.contains(dev, last.commit):
        what = f"{prod} has #{last.pull.number}, whose commit {code(last.commit)} is not on {dev}"
        found.append(f"{what}: what only that one had is taken back.")
    return tuple(found)


def exempt_caution(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Say which files of a release nobody judges."""
    if not paths:
        return ()
    why = "what they run is not attested here"
    return (f"By {code('PRODGATE_EXEMPT_PATHS')} nobody judges {named(paths, code)}: {why}.",)
