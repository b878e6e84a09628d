"""How to talk to a world that is left running: lines to copy into another terminal."""

from __future__ import annotations

from local.world.names import ATTESTOR, GATE_PROJECT, PERSON_TOKEN, PROD_PROJECT, REPOSITORY
from local.world.world import World


def directions(world: World, released: str) -> str:
    """Write the endpoints, and lines for curl, git and gcloud that work against them.

    `released` is the tested commit; the head of dev is the one that holds a tag.
    """
    google, endpoints = world.cloud.google.http_url, world.endpoints
    registries = "\n".join(f"  {url}  {host}" for host, url in endpoints.registries.items())
    refused, registry = world.head("dev"), next(iter(endpoints.registries.values()))
    accept = "Accept: application/vnd.oci.image.manifest.v1+json"
    return f"""\
Everything is left running. Ctrl-C stops it and leaves nothing behind.

Endpoints
  {google}  Google's services, REST (gRPC on {endpoints.google})
  {endpoints.github}  GitHub
{registries}

The environments repository
  git clone {world.cloud.github.clone_url(REPOSITORY, token=PERSON_TOKEN)}
  curl -s -H 'Authorization: Bearer {PERSON_TOKEN}' {endpoints.github}/repos/{REPOSITORY}/pulls

What is attested, and what a registry names
  curl -s '{google}/v1/projects/{PROD_PROJECT}/occurrences?pageSize=100'
  curl -sI -H '{accept}' {registry}/v2/mdo/apps/mdo-posts/manifests/v1

Replay an event with gcloud, as an operator does
  export CLOUDSDK_CONFIG=$(mktemp -d) CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true CLOUDSDK_CORE_PROJECT={GATE_PROJECT}
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB={google}/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_BINARYAUTHORIZATION={google}/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINERANALYSIS={google}/
  gcloud pubsub topics publish test-passed --message='{_test_passed(released)}'

Publish one that is refused, and take it out of `rejected`
  gcloud pubsub topics publish test-passed --message='{_test_passed(refused)}'
  gcloud pubsub subscriptions pull rejected-pull --auto-ack --limit=10

See the attestations as an auditor does
  gcloud container binauthz attestations list --project={PROD_PROJECT} --attestor={ATTESTOR.rpartition("/")[2]} \\
    --attestor-project={PROD_PROJECT}
"""


def _test_passed(commit: str) -> str:
    run = "https://ci.mdo.example/runs/3"
    return f'{{"suite":"qa","outcome":"success","repository":"{REPOSITORY}","commit":"{commit}","run":"{run}"}}'
