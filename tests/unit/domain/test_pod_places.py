"""Where pods run, as their manifests say: the API server runs them nowhere else, and the rest is not known.

Sources: Kubernetes API reference (ObjectMeta.namespace, PodSpec.serviceAccountName); sigs.k8s.io/kustomize
api/internal/target/kusttarget_configplugin.go (patches, then namespace, then prefix and suffix).
"""

from __future__ import annotations

import pytest

from shared.domain.image_fields import PodPlace
from shared.domain.policy import ANYWHERE, Place
from shared.domain.release import Release
from tests.unit.domain.material import read
from tests.unit.domain.trees import Files, deployed, images

SHOP, WEB = "shop", "web"
POD = """\
apiVersion: v1
kind: Pod
metadata: {{{meta}}}
spec:
  {account}
  containers: [{{name: app, image: nginx}}]
"""


def pod(meta: str = "", account: str = "nodeName: x") -> str:
    """A pod whose metadata and spec say this."""
    return POD.format(meta=meta, account=account)


def workload(kind: str, api_version: str, spec: str) -> str:
    """A workload in the namespace shop whose pod template is in another, which Kubernetes ignores."""
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x, namespace: shop}}\n{spec}\n"


TEMPLATE = "{metadata: {namespace: other}, spec: {serviceAccountName: web, containers: [{image: nginx}]}}"
SAID = {
    "namespace and account": (pod("namespace: shop", "serviceAccountName: web"), SHOP, WEB),
    "a namespace": (pod("namespace: shop"), SHOP, None),
    "an account": (pod("", "serviceAccountName: web"), None, WEB),
    "nothing": (pod(), None, None),
    "the account's old name": (pod("", "serviceAccount: web"), None, WEB),
    "both names": (pod("", "serviceAccount: old\n  serviceAccountName: web"), None, WEB),
    "empty ones": (pod("namespace: ''", "serviceAccountName: ''"), None, None),
    "null": (pod("namespace: ~", "serviceAccountName:"), None, None),
    "a namespace called null": (pod("namespace: 'null'"), "null", None),
    "lists": (pod("namespace: [shop]", "serviceAccountName: [web]"), None, None),
    "a Deployment": (workload("Deployment", "apps/v1", f"spec: {{template: {TEMPLATE}}}"), SHOP, WEB),
    "a CronJob": (
        workload("CronJob", "batch/v1", f"spec: {{jobTemplate: {{spec: {{template: {TEMPLATE}}}}}}}"),
        SHOP,
        WEB,
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_a_workload_says_where_its_pods_run(case: str) -> None:
    """Its own namespace, and its pod spec's account; what it does not say may be anything."""
    text, namespace, account = SAID[case]

    (image,) = read(text).images

    assert image.pods == (PodPlace(namespace, account),)


def test_each_item_of_a_list_speaks_for_itself() -> None:
    """And so does each kind of container."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: Pod, metadata: {namespace: a}, spec: {containers: [{image: nginx}],"
        " initContainers: [{image: nginx}], volumes: [{image: {reference: nginx}}]}}\n"
        "- {apiVersion: v1, kind: Pod, metadata: {namespace: b}, spec: {containers: [{image: nginx}]}}\n"
    )

    assert [image.pods[0].namespace for image in read(text).images] == ["a", "a", "a", "b"]


@pytest.mark.parametrize(
    ("spec", "path"),
    [("{image: nginx}", "spec.image"), ("{serviceAccountName: web, containers: [{image: nginx}]}", "spec:podSpec")],
)
def test_where_a_controller_runs_pods_is_not_known(spec: str, path: str) -> None:
    """The namespace of a custom resource is not that of its pods, nor need they keep the account."""
    files = {"apps/a.yaml": f"apiVersion: acme.io/v1\nkind: Shop\nmetadata: {{namespace: shop}}\nspec: {spec}\n"}
    (manifest,) = deployed(files, paths=[f"acme.io/v1 Shop {path}"])

    assert manifest.images[0].pods == (PodPlace(),)


def places(files: Files) -> list[tuple[PodPlace, ...]]:
    """Where each effective image runs."""
    return [image.pods for manifest in deployed(files) for image in manifest.images]


PATCH = "patches: [{patch: '{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {serviceAccountName: y}}'}]\n"
MOVED = {
    "": PodPlace(SHOP, WEB),
    "namespace: eu\n": PodPlace("eu", WEB),
    "namespace: ''\n": PodPlace(SHOP, WEB),
    "namePrefix: eu-\n": PodPlace(SHOP, None),
    "nameSuffix: -eu\n": PodPlace(SHOP, None),
    PATCH: PodPlace(None, None),
    f"namespace: eu\n{PATCH}": PodPlace("eu", None),
}


@pytest.mark.parametrize("kustomization", MOVED)
def test_a_kustomization_moves_pods(kustomization: str) -> None:
    """Its namespace wins; accounts that it may rename, and whatever a patch may say, are not known."""
    files = {
        "apps/kustomization.yaml": f"resources: [a.yaml]\n{kustomization}",
        "apps/a.yaml": pod("name: x, namespace: shop", "serviceAccountName: web"),
    }

    assert places(files) == [(MOVED[kustomization],)]


def test_a_base_that_goes_to_several_places_runs_in_each() -> None:
    """It is one line all the same: pinned once, judged everywhere."""
    files = {
        "apps/base/kustomization.yaml": "resources: [a.yaml]\nimages: [{name: nginx, newTag: v1}]\n",
        "apps/base/a.yaml": pod(),
        "apps/eu/kustomization.yaml": "resources: [../base]\nnamespace: eu\n",
        "apps/us/kustomization.yaml": "resources: [../base]\nnamespace: us\n",
    }

    assert images(files) == [("apps/base/kustomization.yaml line 2", "nginx:v1")]
    assert places(files) == [(PodPlace("eu"), PodPlace("us"))]


def test_a_release_knows_every_place_of_an_image() -> None:
    """Each of them must admit it."""
    fields = [*read(pod("namespace: a")).images, *read(pod("namespace: b")).images, *read(pod("namespace: a")).images]

    assert Release(tuple(fields), (), ()).pods == {"nginx": (PodPlace("a"), PodPlace("b"))}


SPIFFE = "spiffe://x/ns/shop/sa/web"
OF_POD = [
    (ANYWHERE, (None, None), ANYWHERE),
    (ANYWHERE, (SHOP, WEB), Place(namespace=SHOP, service_account=WEB)),
    (Place("c", "said", "said"), (None, None), Place("c", "said", "said")),
    (Place("c", "said", "said"), (SHOP, None), Place("c", SHOP, "said")),
    (Place("c", "said", "said"), (None, WEB), Place("c", "said", WEB)),
    (Place(istio_identity=SPIFFE), (SHOP, WEB), Place(None, SHOP, WEB, SPIFFE)),
    (Place(istio_identity=SPIFFE), (None, None), Place(istio_identity=SPIFFE)),
    (Place(istio_identity=SPIFFE), ("blog", None), Place(namespace="blog")),
    (Place(istio_identity=SPIFFE), (SHOP, "api"), Place(namespace=SHOP, service_account="api")),
]


@pytest.mark.parametrize(("place", "said", "expected"), OF_POD)
def test_what_a_manifest_says_is_nearer_than_what_is_said_of_all(
    place: Place, said: tuple[str | None, str | None], expected: Place
) -> None:
    """An identity that cannot be this pod's says nothing about it."""
    assert place.of_pod(*said) == expected
