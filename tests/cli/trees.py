"""Trees of manifests in a clone of its own, as commands meet them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str | bytes]


def write(root: Path, files: Files) -> None:
    """Write files below a folder."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(root: Path, branch: str = "prod") -> None:
    """Make a folder a clone, and commit whatever is in it to a new branch."""
    identity = ("-c", "user.name=dana", "-c", "user.email=dana@mdo.example")
    for command in (("init", "-q"), ("checkout", "-q", "--orphan", branch), ("add", "."), ("commit", "-q", "-m", "x")):
        subprocess.run(["git", *identity, *command], cwd=root, check=True)
