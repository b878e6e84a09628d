"""A person with git: clones the environments repository, changes files, pushes. The literal command, over HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_WHO: Final = {
    "GIT_AUTHOR_NAME": "Dana",
    "GIT_AUTHOR_EMAIL": "dana@mdo.example",
    "GIT_COMMITTER_NAME": "Dana",
    "GIT_COMMITTER_EMAIL": "dana@mdo.example",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class WorkingCopy:
    """A clone of the environments repository."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=prod")
        self._git("remote", "add", "origin", url)

    def found(self, prod: Mapping[str, bytes], dev: Mapping[str, bytes]) -> None:
        """Push the first commits: prod, and dev on top of it."""
        self._commit(prod, "The platform, before the app's first release")
        self._git("push", "--quiet", "origin", "prod")
        self._git("switch", "--quiet", "-c", "dev")
        self._commit(dev, "The Blog App")
        self._git("push", "--quiet", "origin", "dev")

    def commit(self, branch: str, files: Mapping[str, bytes | None], message: str) -> str:
        """Change files on a branch (None removes one) and push; answer the commit."""
        self._git("fetch", "--quiet", "origin", branch)
        self._git("checkout", "--quiet", "-B", branch, "FETCH_HEAD")
        self._commit(files, message)
        self._git("push", "--quiet", "origin", branch)
        return self._git("rev-parse", "HEAD")

    def merge(self, branch: str, into: str) -> str:
        """Squash a branch into another and push, as a person may merge a pull request; answer the commit."""
        self._git("fetch", "--quiet", "origin", branch, into)
        self._git("checkout", "--quiet", "-B", into, f"origin/{into}")
        self._git("merge", "--quiet", "--squash", f"origin/{branch}")
        self._git("commit", "--quiet", "-m", f"Merge {branch}")
        self._git("push", "--quiet", "origin", into)
        return self._git("rev-parse", "HEAD")

    def _commit(self, files: Mapping[str, bytes | None], message: str) -> None:
        for path, content in files.items():
            self._write(self._folder / path, content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", message)

    def _write(self, path: Path, content: bytes | None) -> None:
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self._folder, env=os.environ | _WHO, capture_output=True, text=True, check=False
        )
        if done.returncode:
            message = f"git {' '.join(arguments)}: {done.stderr.strip()}"
            raise RuntimeError(message)
        return done.stdout.strip()
