"""What images are screened with: registries, the scanner's findings, and what each suite tolerates."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from shared.clients.secrets import Secrets
from shared.domain.strict_json import Fields
from shared.domain.vulnerabilities import OFF, Mode, Tolerance, ToleratedUntil, VulnerabilityRules
from shared.runtime.config import Environment
from shared.runtime.wiring.channel import Channels
from shared.runtime.wiring.registries import RegistrySettings, open_registries
from shared.runtime.wiring.vulnerabilities import open_vulnerabilities
from shared.workflow.screening import ScreeningCloud, ScreeningSettings

_VULNERABILITY: Final = re.compile(r"[A-Z]{2,16}-[A-Za-z0-9-]{1,64}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_OWNER: Final = re.compile(r"[!-~][ -~]*")
_OWNER_CHARACTERS: Final = 100
_DAY_CHARACTERS: Final = 10
_ID_CHARACTERS: Final = 81
_ROWS: Final = 1000
_TOLERANCES: Final = tuple(tolerance.name.lower() for tolerance in Tolerance)


@dataclass(frozen=True, slots=True)
class Screening:
    """What is needed to open a `ScreeningCloud`."""

    registries: RegistrySettings
    settings: ScreeningSettings

    @classmethod
    def read(cls, environment: Environment, suites: Collection[str]) -> Screening:
        """Read it; rules for a suite that is not configured would be a slip of the pen."""
        registries = RegistrySettings.read(environment)
        rules = environment.optional_table("PRODGATE_VULNERABILITIES", read_rules, names=suites)
        return cls(registries, ScreeningSettings(registries.known, rules))

    async def open(self, channels: Channels, secrets: Secrets, opened: AsyncExitStack) -> ScreeningCloud:
        """Connect to registries and to Container Analysis."""
        registries = await open_registries(self.registries, secrets, opened)
        return ScreeningCloud(self.settings, registries, open_vulnerabilities(channels), _today)


def read_rules(fields: Fields) -> VulnerabilityRules:
    """Read one suite's row; switched off, the rest of it is kept for later and not read."""
    mode = Mode(fields.choice("mode", tuple(Mode)))
    if mode is Mode.OFF:
        fields.ignore("fixable", "unfixable", "allow", "block", "unscanned")
        return OFF
    return VulnerabilityRules(
        mode,
        Tolerance[fields.choice("fixable", _TOLERANCES).upper()],
        Tolerance[fields.choice("unfixable", _TOLERANCES).upper()],
        _exceptions(fields),
        _blocked(fields),
        allows_unscanned=fields.choice("unscanned", ("allow", "refuse")) == "allow",
    )


def _exceptions(fields: Fields) -> dict[str, ToleratedUntil]:
    found: dict[str, ToleratedUntil] = {}
    for row in () if _is_absent(fields, "allow") else fields.children("allow", most=_ROWS):
        vulnerability = row.text("cve", most=_ID_CHARACTERS, matching=_VULNERABILITY).upper()
        if vulnerability in found:
            row.refuse("cve", f"is {vulnerability} a second time; which of the two holds?")
        until = _day(row)
        found[vulnerability] = ToleratedUntil(until, row.text("owner", most=_OWNER_CHARACTERS, matching=_OWNER))
        row.done()
    return found


def _day(row: Fields) -> date:
    text = row.text("until", most=_DAY_CHARACTERS, matching=_DAY)
    try:
        return date.fromisoformat(text)
    except ValueError:
        row.refuse("until", f"is {text}, which is no day")


def _blocked(fields: Fields) -> frozenset[str]:
    blocked = [] if _is_absent(fields, "block") else fields.texts("block", most=_ROWS)
    for vulnerability in blocked:
        if not _VULNERABILITY.fullmatch(vulnerability):
            fields.refuse("block", f"holds {vulnerability!r}, which is not of the form {_VULNERABILITY.pattern}")
    return frozenset(vulnerability.upper() for vulnerability in blocked)


def _is_absent(fields: Fields, name: str) -> bool:
    """Whether a list is left out or empty, which is the same."""
    if name in fields and not fields.is_empty(name):
        return False
    fields.ignore(name)
    return True


def _today() -> date:
    return datetime.now(UTC).date()
