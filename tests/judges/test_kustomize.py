"""Our reading of kustomizations judged by kustomize itself, the one in kubectl: the same images must come out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.unit.domain.material import A, B
from tests.unit.domain.trees import Files, images, pinned, sentences

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
        - name: migrate
          image: mdo/web-migrations:v1
      containers:
        - name: web
          image: mdo/web:v1
        - name: side
          image: localhost:5000/side@sha256:0000000000000000000000000000000000000000000000000000000000000000
        - name: proxy
          image: nginx
"""
JOB: Final = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: job}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: "mdo/job:v1@sha256:%s"}]}}}}}
""" % ("0" * 64)
BASE: Final = "resources: [web.yaml, jobs/job.yaml]\nimages:\n- {name: mdo/web, newTag: v2}\n"
ENTRIES = {
    "nothing": "",
    "tags": "- {name: mdo/web, newTag: v3}\n- {name: nginx, newTag: '1.27'}\n- {name: mdo/job, newTag: v2}\n",
    "digests": f"- {{name: mdo/web, digest: '{A}'}}\n- {{name: localhost:5000/side, digest: '{B}'}}\n",
    "both": f"- {{name: mdo/web, newTag: v3, digest: '{A}'}}\n- {{name: mdo/job, newTag: v3@{B}}}\n",
    "names": "- {name: mdo/web, newName: r.io/web}\n- {name: mdo/job, newName: r.io/job}\n",
    "chains": "- {name: nginx, newName: x, newTag: v1}\n- {name: x, newName: y/z}\n- {name: y/z, newTag: v2}\n",
    "repeats": f"- {{name: nginx, digest: '{A}'}}\n- {{name: nginx, newTag: v2}}\n- {{name: nginx, newName: web}}\n",
    "near misses": "- {name: web, newTag: v9}\n- {name: mdo/web-, newTag: v9}\n- {name: side, newTag: v9}\n",
}
EDIT: Final = "images:\n- name: mdo/web\n  newTag: v3 # why\n- name: nginx\n  newTag: 'v1'\n"


def _tree(overlay: str) -> dict[str, str]:
    """A base of two resources, and an overlay over it."""
    return {
        "apps/base/kustomization.yaml": BASE,
        "apps/base/web.yaml": DEPLOYMENT,
        "apps/base/jobs/job.yaml": JOB,
        "apps/eu/kustomization.yaml": f"resources: [../base]\nnamePrefix: eu-\n{overlay}",
    }


def _built(files: Files, folder: Path) -> list[str]:
    """What kustomize builds: every image."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = ["kubectl", "kustomize", str(folder / "apps/eu")]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    found = []
    for built in yaml.safe_load_all(done.stdout):
        spec = built["spec"].get("jobTemplate", {"spec": built["spec"]})["spec"]["template"]["spec"]
        found += [container["image"] for container in [*spec.get("initContainers", []), *spec["containers"]]]
    return sorted(found)


@pytest.mark.parametrize("case", ENTRIES)
def test_our_effective_images_are_those_that_kustomize_builds(case: str, tmp_path: Path) -> None:
    """An image that we compute otherwise would be attested, and another one deployed."""
    files = _tree(f"images:\n{ENTRIES[case]}" if ENTRIES[case] else "")

    assert sentences(files) == []
    assert sorted(image for _, image in images(files)) == _built(files, tmp_path)


def test_what_we_pin_is_what_kustomize_builds(tmp_path: Path) -> None:
    """The digest that went into the kustomization is the one that the cluster pulls."""
    files = _tree(EDIT)

    after = {path: file.text for path, file in pinned(files, {"mdo/web:v3": A, "nginx:v1": B}).items()}

    assert after["apps/eu/kustomization.yaml"].count("digest: ") == 2
    built = _built(after, tmp_path)
    assert f"mdo/web:v3@{A}" in built
    assert f"nginx:v1@{B}" in built


@pytest.mark.parametrize("name", ["ngi.x", "nginx:1"])
def test_kustomize_reads_names_as_patterns_which_we_refuse(name: str, tmp_path: Path) -> None:
    """That is why an entry with such a name blocks the release."""
    files = _tree(f"images: [{{name: '{name}', newTag: v9}}]\n")

    assert sentences(files) != []
    assert ("nginx:v9" in _built(files, tmp_path)) == (name == "ngi.x")
