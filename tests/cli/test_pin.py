"""`./prodgate pin`: what a developer runs before `git push`."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.pin.writing import replace_file
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
    assert "broken.yaml line 2: it is not YAML" in capsys.readouterr().err


def test_machines_read_the_same_as_json(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline annotates pull requests with file and line."""
    main(["pin", "--check", "--json", str(manifest)])

    document = json.loads(capsys.readouterr().out)
    assert document["unpinned"][0] == {
        "file": str(manifest),
        "line": 10,
        "image": "mdo/web:v1",
        "why": "is not pinned",
    }
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
    assert kustomization.read_text() == text.replace("newTag: v1", f"digest: {digest}\n  newTag: v1")
    assert main(["pin", "--check", str(tmp_path)]) == 0


UNJUDGED = {
    "a merge": "spec: {<<: {}, containers: [{image: 'mdo/web:v1'}]}\n",
    "a custom resource": "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\n",
    "a templated image": "spec: {containers: [{image: '{{ .x }}'}]}\n",
    "a pattern that is none": "spec:\n  containers:\n  - image: a/b@sha256:" + "0" * 64 + " # tag: 1 follow: x\n",
    "a false marker": "---foo: 1\n",
}


@pytest.mark.parametrize("case", UNJUDGED)
@pytest.mark.parametrize("mode", [["--check"], ["--diff"], []])
def test_what_is_not_understood_is_never_ok(
    case: str, mode: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may run an image that is not pinned, and nobody knows."""
    (tmp_path / "a.yaml").write_text(f"apiVersion: v1\nkind: Pod\n{UNJUDGED[case]}")

    assert main(["pin", *mode, str(tmp_path)]) == 2
    assert "warning: " in capsys.readouterr().err


@pytest.mark.parametrize("entry", ["newTag: '${TAG}'", "digest: sha512:" + "0" * 128, "newTag: v1\n  tagSuffix: -x"])
def test_an_entry_that_makes_no_image_is_never_ok(entry: str, tmp_path: Path) -> None:
    """What it makes of the image was not checked."""
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: web\n")
    (tmp_path / "kustomization.yaml").write_text(f"resources: [web.yaml]\nimages:\n- name: web\n  {entry}\n")

    assert main(["pin", "--check", str(tmp_path)]) == 2


def test_an_overlay_whose_base_is_elsewhere_is_never_ok(tmp_path: Path) -> None:
    """Its images are decided in a file that nobody named."""
    overlay = tmp_path / "eu"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [../base]\n")

    assert main(["pin", "--check", str(overlay)]) == 2


def test_an_unpinned_image_is_told_before_what_is_not_understood(manifest: Path, tmp_path: Path) -> None:
    """It is certain; the other is not."""
    (tmp_path / "x.yaml").write_text("apiVersion: x/v1\nkind: Y\n")

    assert main(["pin", "--check", str(tmp_path)]) == 1


def test_exempt_kinds_and_paths_are_not_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the functions are told to leave out must not fail here."""
    (tmp_path / "a.yaml").write_text("apiVersion: x/v1\nkind: Y\n")
    (tmp_path / "values.yaml").write_text("image: {{ .x }}\n")
    (tmp_path / ".git").mkdir()

    status = main(["pin", "--check", "--exempt-kind", "x/v1 Y", "--exempt-path", "values.yaml", str(tmp_path)])

    assert status == 0
    assert "values.yaml is exempt" in capsys.readouterr().err


def pod_of(*images: str) -> str:
    """A pod with these images, each as it is written."""
    return "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n" + "".join(f"    - {image}\n" for image in images)


def test_what_cannot_be_pinned_is_shown_with_its_reason(
    registry: RunningRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs it before a push must not believe that all is pinned."""
    registry.push("mdo/web", "v1")
    old = "sha256:" + "0" * 64
    stale = "{" + f'image: "mdo/web:v1@{old}", name: b' + "}"
    file = tmp_path / "a.yaml"
    file.write_text(pod_of("image: nginx", stale, "image: mdo/web:v1 # prodgate: freeze"))

    for mode in (["--diff"], []):
        status = main(["pin", *mode, str(file), registry.option])

        told = capsys.readouterr()
        lines = (told.err if mode else told.out).splitlines()
        assert status == 1
        assert f"{file}:5: nginx has no tag to resolve" in lines
        alone = "stays: more follows on its line, which so cannot carry its tag in a comment"
        assert f"{file}:6: mdo/web:v1@{old} {alone}" in lines
        assert f"{file}:7: mdo/web:v1 is frozen by its tag" in lines


def test_json_whose_tag_moved_is_shown(registry: RunningRegistry, tmp_path: Path) -> None:
    """It cannot carry a comment, so a person has to decide."""
    registry.push("mdo/web", "v1")
    image = "mdo/web:v1@sha256:" + "0" * 64
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": image}]}}))

    assert main(["pin", str(file), registry.option]) == 1


def test_a_line_that_follows_a_form_is_well_beside_one_of_another_commit(
    registry: RunningRegistry, tmp_path: Path
) -> None:
    """Each names its own tag's digest; which of the two is newer nobody asked."""
    file = tmp_path / "a.yaml"
    file.write_text(pod_of("image: mdo/web:main-7c1 # follow: glob main-*", "image: mdo/web:main-9a2"))
    for tag in ("main-7c1", "main-9a2"):
        registry.push("mdo/web", tag, tag.encode())

    assert [main(["pin", str(file), registry.option]) for _ in range(2)] == [0, 0]
    assert "# tag: main-7c1 # follow: glob main-*" in file.read_text()


def test_of_two_spellings_the_one_that_the_policy_admits_stays(
    registry: RunningRegistry, tmp_path: Path, policy: Path
) -> None:
    """Each field is judged as it is written, as admission does."""
    digest = registry.push("library/redis", "1")
    file = tmp_path / "a.yaml"
    file.write_text(pod_of("image: docker.io/library/redis:1", "image: redis:1"))

    status = main(["pin", str(file), "--policy", str(policy), registry.option])

    assert file.read_text() == pod_of("image: docker.io/library/redis:1", f"image: redis@{digest} # tag: 1")
    assert status == 0


def test_a_file_keeps_its_mode(registry: RunningRegistry, manifest: Path, policy: Path) -> None:
    """It is replaced whole, and stays what it was to everybody else."""
    registry.push("mdo/web", "v1")
    manifest.chmod(0o640)

    main(["pin", str(manifest), "--policy", str(policy), registry.option])

    assert stat.S_IMODE(manifest.stat().st_mode) == 0o640
    assert _names(manifest.parent) == [manifest.name]


def test_a_file_that_was_edited_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """The editor's work is worth more than ours, which can be done again."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"edited")

    with pytest.raises(ValueError, match="was edited meanwhile"):
        replace_file(file, b"read", b"pinned")

    assert (file.read_bytes(), _names(tmp_path)) == (b"edited", ["a.yaml"])


def test_a_file_that_cannot_be_written_is_said(
    registry: RunningRegistry,
    manifest: Path,
    policy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full disk ends with a sentence and status 2, and nothing is said to be pinned that is not."""
    registry.push("mdo/web", "v1")
    monkeypatch.setattr(Path, "replace", _full_disk)

    status = main(["pin", str(manifest), "--policy", str(policy), registry.option])

    told = capsys.readouterr()
    assert (status, told.out) == (2, "")
    assert "No space left on device" in told.err
    assert (manifest.read_text(), _names(manifest.parent)) == (DEPLOYMENT, [manifest.name])


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


ODD_LINES = {
    "no line end": "    - image: mdo/web:v1",
    "no line end, far": "    - image: mdo/web:v1\n" + "#\n" * 9 + "# end",
    "other line ends": "    - name: 'a\u2028      b\u0085      c\r      d'\n      image: mdo/web:v1\n",
    "CRLF": "    - image: mdo/web:v1\r\n",
}


@pytest.mark.parametrize("case", ODD_LINES)
def test_a_diff_can_be_applied(
    case: str,
    registry: RunningRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Git counts lines in its own way, and so must we."""
    digest = registry.push("mdo/web", "v1")
    monkeypatch.chdir(tmp_path)
    before = pod_of() + ODD_LINES[case]
    Path("a.yaml").write_bytes(before.encode())

    assert main(["pin", "--diff", "a.yaml", registry.option]) == 0
    subprocess.run(["git", "apply"], input=capfd.readouterr().out.encode(), check=True)

    after = before.replace("mdo/web:v1", f"mdo/web@{digest} # tag: v1")
    assert Path("a.yaml").read_bytes() == after.encode()
