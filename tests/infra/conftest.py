"""What the tests of staging share: a small repository with two functions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

SOURCES: Final = {
    "functions/pin/main.py": "import functions_framework.aio\nfrom shared.workflow.pin import pin\n",
    "functions/sign/main.py": "import json\nfrom shared.clients import kms\n",
    "functions/notes/README.md": "no function",
    "shared/__init__.py": "",
    "shared/workflow/__init__.py": "",
    "shared/workflow/pin.py": (
        "from typing import TYPE_CHECKING\n"
        "from shared.domain import image\n"
        "if TYPE_CHECKING:\n    from shared.clients.kms import Signer\nelse:\n    Signer = object\n"
        "def pin():\n    from shared.domain.late import LATE\n    return LATE, image\n"
    ),
    "shared/clients/__init__.py": "from shared.clients import errors\n",
    "shared/clients/errors.py": "",
    "shared/clients/kms.py": "from google.cloud import kms_v1\nfrom google.api_core import exceptions\n",
    "shared/clients/unused.py": "import github\n",
    "shared/domain/__init__.py": "",
    "shared/domain/image.py": "import yaml\n",
    "shared/domain/late.py": "LATE = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two small functions, with the real lock."""
    for path, source in SOURCES.items():
        write(tmp_path / path, source)
    write(tmp_path / "requirements.txt", (ROOT / "requirements.txt").read_text())
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
