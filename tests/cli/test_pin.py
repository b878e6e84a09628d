"""`./prodgate pin`: what a developer runs before `git push`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.__main__ import main
from tests.cli.registry import RunningRegistry, running_registry

DEPLOYMENT = """\
# Kept as it is: this comment, the quotes, the odd indentation.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
    template:
        spec:
            containers:
              - name: web
                image: "mdo/web:v1"   # the shop window
              - name: cache
                image: docker.io/library/redis:7.4-alpine
"""
POLICY = """\
name: projects/p/policy
admissionWhitelistPatterns:
- namePattern: docker.io/library/redis:*
defaultAdmissionRule:
  evaluationMode: REQUIRE_ATTESTATION
  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
  requireAttestationsBy: [projects/p/attestors/qa]
"""


@pytest.fixture
def registry() -> Iterator[RunningRegistry]:
    """A registry that serves docker.io."""
    with running_registry() as running:
        yield running


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest with two images by tag."""
    file = tmp_path / "web.yaml"
    file.write_text(DEPLOYMENT)
    return file


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy whose allowlist admits redis by tag, outside the folder that is pinned."""
    file = tmp_path.parent / f"{tmp_path.name}-policy.txt"
    file.write_text(POLICY)
    return file


def test_pinning_replaces_the_reference_and_not_one_byte_else(
    registry: RunningRegistry, manifest: Path, policy: Path
) -> None:
    """A diff that shows more than the digest is a diff that nobody reads."""
    digest = registry.push("mdo/web", "v1")

    status = main(["pin", str(manifest), "--policy", str(policy), registry.option])

    expected = DEPLOYMENT.replace('"mdo/web:v1"   #', f'"mdo/web@{digest}" # tag: v1   #')
    assert manifest.read_text() == expected
    assert status == 0


def test_pinning_again_follows_the_tag(registry: RunningRegistry, manifest: Path, policy: Path) -> None:
    """The tag in the comment is what keeps a pinned line alive."""
    registry.push("mdo/web", "v1")
    main(["pin", str(manifest), "--policy", str(policy), registry.option])
    second = registry.push("mdo/web", "v1", b"2")

    main(["pin", str(manifest), "--policy", str(policy), registry.option])

    assert f'"mdo/web@{second}" # tag: v1   # the shop window' in manifest.read_text()


def test_a_check_lists_every_unpinned_image_with_its_place_and_asks_nobody(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs in CI, without credentials and without a network."""
    status = main(["pin", "--check", str(manifest)])

    assert capsys.readouterr().out.splitlines() == [
        f"{manifest}:10: mdo/web:v1 is not pinned",
        f"{manifest}:12: docker.io/library/redis:7.4-alpine is not pinned",
    ]
    assert status == 1
    assert manifest.read_text() == DEPLOYMENT


def test_a_check_of_pinned_manifests_is_silent_and_well(
    registry: RunningRegistry, manifest: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 0 must mean that there is nothing to do."""
    registry.push("mdo/web", "v1")
    main(["pin", str(manifest), "--policy", str(policy), registry.option])
    capsys.readouterr()

    status = main(["pin", "--check", str(manifest), "--policy", str(policy)])

    assert (status, capsys.readouterr().out) == (0, "")


def test_what_the_policy_admits_by_tag_keeps_its_tag(registry: RunningRegistry, manifest: Path, policy: Path) -> None:
    """Pinning would change the very string that the allowlist's pattern matches."""
    registry.push("mdo/web", "v1")
    registry.push("library/redis", "7.4-alpine")

    main(["pin", str(manifest), "--policy", str(policy), registry.option])

    assert "image: docker.io/library/redis:7.4-alpine\n" in manifest.read_text()


def test_a_diff_shows_the_change_and_makes_none(
    registry: RunningRegistry, manifest: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """People look before they leap."""
    digest = registry.push("mdo/web", "v1")

    main(["pin", "--diff", str(manifest), "--policy", str(policy), registry.option])

    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if line.startswith("+ ")] == [
        f'+                image: "mdo/web@{digest}" # tag: v1   # the shop window'
    ]
    assert manifest.read_text() == DEPLOYMENT


def test_one_image_that_does_not_exist_stops_no_other(
    registry: RunningRegistry, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the file still works, and the status says that something could not be done."""
    digest = registry.push("mdo/web", "v1")

    status = main(["pin", str(manifest), registry.option])

    assert f"mdo/web@{digest}" in manifest.read_text()
    assert "error: docker.io/library/redis:7.4-alpine does not exist" in capsys.readouterr().err
    assert status == 2


def test_a_file_that_does_not_parse_is_never_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Could not check is not the same as nothing to do."""
    (tmp_path / "broken.yaml").write_text("image: [unclosed")

    status = main(["pin", "--check", str(tmp_path)])

    assert status == 2
    assert "broken.yaml: it is not YAML" in capsys.readouterr().err


def test_machines_read_the_same_as_json(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline annotates pull requests with file and line."""
    main(["pin", "--check", "--json", str(manifest)])

    document = json.loads(capsys.readouterr().out)
    assert document["unpinned"][0] == {"file": str(manifest), "line": 10, "image": "mdo/web:v1"}
    assert document["failures"] == []


@pytest.mark.parametrize(
    "endpoint", ["docker.io", "docker.io=http://registry.example:80", "docker.io=ftp://127.0.0.1:1"]
)
def test_an_endpoint_that_could_be_read_along_is_refused(
    endpoint: str, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A digest that came over plain HTTP is anybody's digest."""
    status = main(["pin", str(manifest), f"--registry-endpoint={endpoint}"])

    assert status == 2
    assert "https or to this machine" in capsys.readouterr().err


def test_a_path_that_does_not_exist_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in CI must not look like a clean repository."""
    status = main(["pin", "--check", str(tmp_path / "nowhere")])

    assert status == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_frozen_line_stays_and_says_where_it_would_go(
    registry: RunningRegistry, manifest: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person froze it for a reason; the next one wants to know what it holds back."""
    digest = registry.push("mdo/web", "v1")
    frozen = DEPLOYMENT.replace("# the shop window", "# prodgate: freeze")
    manifest.write_text(frozen)

    main(["pin", str(manifest), "--policy", str(policy), registry.option])

    assert manifest.read_text() == frozen
    assert f"{manifest}:10: frozen, or it would name mdo/web@{digest}" in capsys.readouterr().out


def test_a_custom_resource_is_pinned_by_its_configured_path(registry: RunningRegistry, tmp_path: Path) -> None:
    """Where a resource keeps its image is for people to say, outside of the manifests."""
    digest = registry.push("mdo/web", "v1")
    shop = tmp_path / "shop.yaml"
    shop.write_text("apiVersion: acme.io/v1\nkind: Shop\nspec:\n  image: mdo/web:v1\n")

    main(["pin", str(shop), "--image-path", "acme.io/v1 Shop spec.image", registry.option])

    assert f"  image: mdo/web@{digest} # tag: v1\n" in shop.read_text()


def test_other_keys_called_image_are_reported_and_never_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value in a ConfigMap may be an image that a controller runs; only a person knows."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("apiVersion: v1\nkind: ConfigMap\ndata:\n  image: mdo/web:v1\n")

    status = main(["pin", "--check", str(settings)])

    assert "mdo/web:v1 is not judged" in capsys.readouterr().err
    assert status == 0


def test_an_image_path_of_a_built_in_kind_is_refused(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be ignored, and somebody believes that it is not."""
    status = main(["pin", "--check", "--image-path", "apps/v1 Deployment spec.image", str(manifest)])

    assert status == 2
    assert "--image-path would be ignored: apps/v1 Deployment is built in" in capsys.readouterr().err


def test_an_image_path_of_another_form_is_refused(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that silently matched nothing would leave its images unpinned."""
    status = main(["pin", "--check", "--image-path", "spec.image", str(manifest)])

    assert status == 2
    assert "--image-path spec.image" in capsys.readouterr().err


def test_a_kustomization_is_checked_and_pinned_as_it_is_built(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The placeholder in the resource is nobody's image."""
    digest = registry.push("mdo/web", "v1")
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: web\n")
    kustomization = tmp_path / "Kustomization"
    text = "resources: [web.yaml]\nimages:\n- name: web\n  newName: mdo/web\n  newTag: v1\n"
    kustomization.write_text(text)

    status = main(["pin", "--check", str(tmp_path)])
    assert (status, capsys.readouterr().out) == (1, f"{kustomization}:5: mdo/web:v1 is not pinned\n")

    assert main(["pin", str(tmp_path), registry.option]) == 0
    assert kustomization.read_text() == text.replace("newTag: v1", f"digest: {digest} # tag: v1")
    assert main(["pin", "--check", str(tmp_path)]) == 0
