"""docs/deploy.md: the sum is the sum, and what the lines name is what infra makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from shared.domain import permissions

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "deploy.md").read_text()
OPERATIONS: Final = (ROOT / "docs" / "operations.md").read_text()
DELIVERIES: Final = {100: 37_560, 10_000: 334_560}
_FUNCTIONS: Final = len(list(ROOT.glob("functions/*/main.py")))
_DEPLOYS: Final = 10  # a month


def _rows() -> dict[str, tuple[float, float]]:
    found = re.findall(r"^\| ([\w/, ]+) \| ([0-9.]+) \| ([0-9.]+) \|", PAGE, re.MULTILINE)
    return {name: (float(few), float(many)) for name, few, many in found}


def test_the_costs_add_up() -> None:
    """Both columns."""
    rows = _rows()
    total = rows.pop("sum")

    assert len(rows) == 13
    for column in (0, 1):
        assert round(sum(row[column] for row in rows.values()), 2) == total[column]


def test_the_costs_follow_from_the_prices() -> None:
    """Each that is not free, worked out again from what its row says."""
    for column, (events, deliveries) in enumerate(DELIVERIES.items()):
        assert deliveries == events * 30 + 4 * 12 * 24 * 30
        rows = {name: row[column] for name, row in _rows().items()}
        assert rows["Cloud Run, CPU"] == round(max(deliveries - 180_000, 0) * 0.000024, 2)
        assert rows["KMS, signatures"] == round(events * 30 / 10_000 * 0.03, 2)
        reads = max(deliveries * 0.75 - 10_000, 0)
        assert abs(rows["Secret Manager"] - (0.06 + reads / 10_000 * 0.03)) < 0.01
        assert f"{deliveries:,} deliveries" in PAGE
        images = _FUNCTIONS * 0.2 * _DEPLOYS
        assert rows["Artifact Registry"] == round((images - 0.5) * 0.10, 2)
        assert f"images of {_FUNCTIONS} functions, 0.2 GB each" in PAGE
        minutes = _DEPLOYS * (20 + 2 * _FUNCTIONS)
        assert rows["Cloud Build"] == round(max(minutes - 2500, 0) * 0.006, 2)
        assert f"{minutes:,} of 2,500 free minutes" in PAGE
        assert rows["Cloud Storage"] == round(max(1 - 5, 0) * 0.02, 2)


def test_images_are_kept_for_as_long_as_they_are_reckoned_with() -> None:
    """A month's deploys, which is what the row of Artifact Registry counts."""
    artifacts = (ROOT / "infra/modules/artifacts/main.tf").read_text()
    [seconds] = re.findall(r'older_than = "(\d+)s"', artifacts)
    [newest] = re.findall(r"keep_count = (\d+)", artifacts)

    days = int(seconds) // 86_400
    assert f"older than {days} days are deleted, but for the newest {newest} of each function" in PAGE
    assert days == 30
    assert int(newest) <= _DEPLOYS


def test_the_lines_name_what_infra_makes() -> None:
    """The example's projects, attestor, key and secrets."""
    example = (ROOT / "infra/prodgate.tfvars.example").read_text()

    for value in ("mdo-gate", "mdo-prod", "us-central1", "mdo-gate-prodgate-state", "quality-assurance-attestor"):
        assert value in example
        assert value in PAGE
    functions = re.findall(r"^  (\w+) +=\s*\{[^\n]*login", example, re.MULTILINE)
    [named] = re.findall(r"for function in ([a-z -]+); do", PAGE)
    assert {name.replace("_", "-") for name in functions} == set(named.split())


def test_the_first_run_names_every_project_of_the_example() -> None:
    """One that is left out has no topic, or no API, and the first apply ends half-way."""
    example = (ROOT / "infra/prodgate.tfvars.example").read_text()
    given = dict(re.findall(r'^(\w+) *= "([^"]+)"', example, re.MULTILINE))
    others = set(re.findall(r'"[a-z0-9-]+-docker\.pkg\.dev/([^/"]+)/', example)) - {given["project"]}
    [run] = re.findall(r"^infra/bootstrap\.sh (.*)$", PAGE, re.MULTILINE)

    named = " ".join(given[name] for name in ("project", "region", "prod_project", "dev_project"))
    assert run == f"{named} --registries={','.join(sorted(others))}"
    assert f"gcloud projects create {given['project']} " in PAGE
    assert f"gcloud billing projects link {given['project']} " in PAGE


def test_every_secret_of_the_example_gets_its_value() -> None:
    """A secret without one is asked for again and again, and nothing is released."""
    example = (ROOT / "infra/prodgate.tfvars.example").read_text()
    [section] = re.findall(r"^## 4\. Secrets$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    [hosts] = re.findall(r"^registry_logins = \{ (.*) \}$", example, re.MULTILINE)
    [webhooks] = re.findall(r"^webhooks +=\s*\[(.*)\]$", example, re.MULTILINE)

    for host in re.findall(r'"([^"]+)" =', hosts):
        assert f"versions add registry-{host.replace('.', '-')} " in section
    [looped] = re.findall(r"for webhook in ([a-z -]+); do", section)
    assert set(looped.split()) == set(re.findall(r'"([^"]+)"', webhooks))


def test_every_app_has_its_permissions_on_the_page() -> None:
    """Exactly those that its tokens ask for; an App that was granted less can do nothing."""
    told = {
        function: dict(re.findall(r"`(\w+): (\w+)`", granted))
        for function, granted in re.findall(r"^\| (\w+) \| (`\w+: \w+`.*) \|$", OPERATIONS, re.MULTILINE)
    }
    code = {
        name.lower(): {resource: how for resource, how in value.items() if resource != "metadata"}
        for name, value in vars(permissions).items()
        if (ROOT / "functions" / name.lower()).is_dir()
    }

    assert told == code
    example = (ROOT / "infra/prodgate.tfvars.example").read_text()
    assert "Four Apps" in PAGE
    assert len(code) == 4
    assert set(re.findall(r"^  (\w+) += \{ login = \S+ app = \{", example, re.MULTILINE)) == set(code)


def test_what_cloud_build_needs_is_made_on_the_page() -> None:
    """Both triggers, each with its file; the second asks for approval. cloudbuild-apply.yaml sends its reader here."""
    lines = PAGE.replace("\\\n", " ")
    triggers = dict(re.findall(r"triggers create \w+ --name=(\S+).*--build-config=(\S+)", lines))

    assert triggers == {"prodgate-plan": "cloudbuild.yaml", "prodgate-apply": "cloudbuild-apply.yaml"}
    assert all((ROOT / file).is_file() for file in triggers.values())
    [apply] = re.findall(r"triggers create manual.*", lines)
    assert "--require-approval" in apply
    assert "docs/deploy.md" in (ROOT / "cloudbuild-apply.yaml").read_text()
