"""Policies as gcloud writes them."""

from __future__ import annotations

import pytest
import yaml

from local.world.names import ATTESTOR, PROD_PROJECT
from local.world.world import World
from shared.domain.policy import Enforcement, Evaluation, Policy, Rule
from tests.company import REDIS
from tests.judges.gcloud import Gcloud, needs_gcloud

pytestmark = [pytest.mark.gcloud, needs_gcloud]


@pytest.mark.parametrize("track", ["beta ", ""], ids=["beta", "ga"])
def test_an_exported_policy_is_read(track: str, world: World, gcloud: Gcloud) -> None:
    """A person checks manifests against the file that gcloud exports; every field of it must be understood."""
    exported = gcloud(f"{track}container binauthz policy export", f"--project={PROD_PROJECT}")

    policy = Policy.read(yaml.safe_load(exported))

    assert policy.name == f"projects/{PROD_PROJECT}/policy"
    assert policy.default_rule == Rule(Evaluation.REQUIRE_ATTESTATION, Enforcement.BLOCK, (ATTESTOR,))
    assert policy.exempts(REDIS)
