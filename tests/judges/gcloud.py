"""The literal gcloud command line, with a configuration of its own and every endpoint on a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.world.names import GATE_PROJECT

_SERVICES: Final = ("PUBSUB", "CLOUDKMS", "BINARYAUTHORIZATION", "CONTAINERANALYSIS", "SECRETMANAGER")
_WITHIN_S: Final = 60.0

needs_gcloud = pytest.mark.skipif(
    shutil.which("gcloud") is None, reason="gcloud is not installed (cloud.google.com/sdk/docs/install)"
)


class Gcloud:
    """An operator's terminal; the user's own gcloud configuration is neither read nor touched."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_PROJECT": GATE_PROJECT,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}": f"{endpoint}/" for service in _SERVICES},
        }

    def __call__(self, command: str, *arguments: str) -> str:
        """Run `gcloud COMMAND ARGUMENTS`, which must succeed, and answer what it printed."""
        done = subprocess.run(
            ["gcloud", *command.split(), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()
