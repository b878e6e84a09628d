"""The real Terraform on the real configuration, with a stand-in for the provider: everything but the cloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.infra.provider.server import Provider

ROOT: Final = Path(__file__).parents[2]
INFRA: Final = ROOT / "infra"
_EDGE: Final = re.compile(r'"\[root\] (.+)" -> "\[root\] (.+)"')
_STATE_HERE: Final = 'terraform {\n  backend "local" {}\n}\n'


def surroundings(home: Path, provider: Provider) -> dict[str, str]:
    """Answer the environment in which Terraform attaches to the stand-in."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TF_REATTACH_PROVIDERS": provider.address,
        "TF_IN_AUTOMATION": "1",
        "GOGC": "800",  # Terraform is short-lived: a third of its time was collecting its own garbage
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_metrics_wait_s": "0",
    }


class Terraform:
    """One copy of the configuration, initialised, with a state of its own.

    `root` is the folder under infra/ that is planned, `variables` a file of them.
    """

    def __init__(self, folder: Path, provider: Provider, *, root: str = ".", variables: Path | None = None) -> None:
        shutil.copytree(INFRA, folder / "infra", ignore=shutil.ignore_patterns("*.py", "*.tfvars", ".terraform*"))
        self._root = folder / "infra" / root
        self._environment = surroundings(folder, provider)
        (self._root / "local_override.tf").write_text(_STATE_HERE)
        if variables is not None:
            shutil.copy(variables, self._root / "given.auto.tfvars")
        self.run("init", "-input=false", "-no-color")

    def set(self, variables: Mapping[str, Any]) -> None:
        """Set variables in place of those that were given."""
        (self._root / "instead.auto.tfvars.json").write_text(json.dumps(variables))

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """Change one place of one file, for as long as this lasts."""
        file = self._root / path
        before = file.read_text()
        assert before.count(old) == 1, f"{path} has it {before.count(old)} times: {old}"
        file.write_text(before.replace(old, new))
        try:
            yield
        finally:
            file.write_text(before)

    def run(self, *arguments: str, expect: Sequence[int] = (0,)) -> str:
        """Run a command and answer what it printed.

        Raises:
            AssertionError: it ended with another exit code; the message is what it said.
        """
        command = ["terraform", *arguments]
        ran = subprocess.run(
            command, cwd=self._root, env=self._environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode in expect, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def apply(self) -> None:
        """Make everything."""
        self.run("apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=50")

    def changes(self) -> str:
        """Plan and answer what would change; empty where nothing would."""
        told = self.run("plan", "-input=false", "-no-color", "-parallelism=50", "-detailed-exitcode", expect=(0, 2))
        return "" if "No changes." in told else told

    def waits_for(self, resource: str) -> set[str]:
        """List the resources that are made before one, by their addresses without keys."""
        edges: dict[str, set[str]] = {}
        for one, other in _EDGE.findall(self.run("graph", "-type=plan")):
            edges.setdefault(one, set()).add(other)
        before: set[str] = set()
        waiting = [f"{resource} (expand)"]
        while waiting:
            found = edges.get(waiting.pop(), set()) - before
            before |= found
            waiting += found
        return {address.removesuffix(" (expand)") for address in before}

    def planned(self) -> list[dict[str, Any]]:
        """List what would be there after an apply, as `resources` does."""
        self.run("plan", "-input=false", "-no-color", "-parallelism=50", "-out=looked-at.tfplan")
        plan = json.loads(self.run("show", "-json", "looked-at.tfplan"))
        return list(_resources(plan["planned_values"]["root_module"]))

    def resources(self) -> list[dict[str, Any]]:
        """List what is in the state: `{"address": …, "type": …, "values": {…}}`."""
        state = json.loads(self.run("show", "-json"))
        return list(_resources(state["values"]["root_module"]))


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
