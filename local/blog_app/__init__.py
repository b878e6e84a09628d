"""The demo's environments repository, the Blog App: MongoDB, five services and the platform beside them.

The manifests are plain Kubernetes, with nothing in them that prodgate cannot see through. Branch `dev` starts with all
of it. `prod` starts with the platform and the empty namespace: the app's first release brings everything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_EARLIER_IN_PROD: Final = ("README.md", "apps/namespace.yaml", "platform/")


def environment_files() -> dict[str, bytes]:
    """Read the repository as `dev` has it: POSIX paths relative to its root, in lexical order, with their content."""
    root = _HERE / "environments"
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def first_prod_files() -> dict[str, bytes]:
    """Read the repository as `prod` has it before the app's first release."""
    return {path: content for path, content in environment_files().items() if path.startswith(_EARLIER_IN_PROD)}


def prod_policy() -> bytes:
    """Read production's Binary Authorization policy, YAML as `gcloud container binauthz policy export` prints it."""
    return (_HERE / "policy.yaml").read_bytes()
