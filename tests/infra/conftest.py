"""What the tests of staging and Terraform share: a small repository with two functions, and an applied gate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, Terraform

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


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """What Terraform takes for Google's provider."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    with Provider() as running:
        yield running


@pytest.fixture(scope="session")
def gate(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The gate as the example's variables make it, applied to a project that has only what Google puts there."""
    folder = tmp_path_factory.mktemp("gate")
    stage(ROOT, folder / "dist")
    terraform = Terraform(folder, provider, variables=INFRA / "prodgate.tfvars.example")
    terraform.apply()
    return terraform
