"""Stage all functions from the command line: `python -m infra.staging [--out dist]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.staging.failure import StagingError
from infra.staging.stage import stage


def main(arguments: list[str] | None = None) -> int:
    """Stage, say what was staged, and return the exit code: 1 with the reason where it is not possible."""
    parser = argparse.ArgumentParser(prog="python -m infra.staging", description="Stage each function's source.")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: here)")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="the folder to write (default: dist)")
    options = parser.parse_args(arguments)
    try:
        names = stage(options.root.resolve(), options.out.resolve())
    except StagingError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.writelines(f"{options.out / name}\n" for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
