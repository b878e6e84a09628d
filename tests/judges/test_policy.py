"""Policies as gcloud writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.__main__ import main
from local.world.names import ATTESTOR, PROD_PROJECT
from local.world.world import World
from shared.domain.policy import Enforcement, Evaluation, Rule, read_policy
from tests.company import REDIS, pin_posts, workload
from tests.judges.gcloud import Gcloud, needs_gcloud

pytestmark = [pytest.mark.gcloud, needs_gcloud]


@pytest.mark.parametrize("track", ["beta ", ""], ids=["beta", "ga"])
def test_an_exported_policy_is_read(track: str, world: World, gcloud: Gcloud) -> None:
    """A person checks manifests against the file that gcloud exports; every field of it must be understood."""
    exported = gcloud(f"{track}container binauthz policy export", f"--project={PROD_PROJECT}")

    policy = read_policy(exported.encode())

    assert policy.name == f"projects/{PROD_PROJECT}/policy"
    assert policy.default_rule == Rule(Evaluation.REQUIRE_ATTESTATION, Enforcement.BLOCK, (ATTESTOR,))
    assert policy.exempts(REDIS)


def test_an_exported_policy_and_the_living_one_give_the_same_verdicts(
    world: World, gcloud: Gcloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a person reviews as a file is what GKE applies: specific rules, allowlist, system policy, attestations."""
    image = pin_posts(world)
    world.attest(image)
    rule = {"enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
    required = rule | {"evaluationMode": "REQUIRE_ATTESTATION", "requireAttestationsBy": [ATTESTOR]}
    world.set_policy(
        {
            "name": f"projects/{PROD_PROJECT}/policy",
            "description": "yes",
            "globalPolicyEvaluationMode": "ENABLE",
            "admissionWhitelistPatterns": [{"namePattern": "docker.io/library/redis:*"}],
            "defaultAdmissionRule": rule | {"evaluationMode": "ALWAYS_DENY"},
            "clusterAdmissionRules": {"us-central1-c.prod": required},
        }
    )
    exported = tmp_path / "policy.yaml"
    exported.write_text(gcloud("container binauthz policy export", f"--project={PROD_PROJECT}"))
    manifests = tmp_path / "apps"
    manifests.mkdir()
    for name, run in {"posts": image, "redis": REDIS, "gke": "gke.gcr.io/pause:3", "nginx": "nginx:1"}.items():
        (manifests / f"{name}.yaml").write_bytes(workload(name, run))
    monkeypatch.setenv("PRODGATE_GOOGLE_ENDPOINT", world.endpoints.google)
    asked = ["--location", "us-central1", "--cluster", "us-central1-c.prod", "--json", str(manifests)]
    told = []

    for source in (["--policy", str(exported)], ["--live", "--project", PROD_PROJECT]):
        capsys.readouterr()
        status = main(["admit", *source, *asked])
        told.append((status, json.loads(capsys.readouterr().out)))

    assert told[0] == told[1]
    assert told[0][0] == 1
    assert {Path(row["file"]).stem: row["admitted"] for row in told[0][1]["images"]} == {
        "gke": True,
        "nginx": False,
        "posts": True,
        "redis": True,
    }
