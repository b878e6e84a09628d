"""A release: which files count, what they run, and what may not be in them."""

from __future__ import annotations

import pytest

from shared.domain import limits
from shared.domain.errors import Reason, Rejected
from shared.domain.exempt_paths import ExemptPaths
from shared.domain.image import PinnedImage
from shared.domain.policy import Policy
from shared.domain.release import (
    Release,
    TreeEntry,
    exempt_entries,
    manifest_entries,
    read_release,
    require_readable,
    require_same_images,
)
from tests.unit.domain.material import NAME, PINNED, A, B, pod, read, reason_of

RULE = {
    "evaluationMode": "REQUIRE_ATTESTATION",
    "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
    "requireAttestationsBy": ["projects/gate/attestors/qa"],
}
FOLDERS = ("apps", "envs/prod")


def policy(*patterns: str) -> Policy:
    """A policy that exempts these patterns."""
    rows = [{"namePattern": pattern} for pattern in patterns]
    return Policy.read({"name": "projects/p/policy", "defaultAdmissionRule": RULE, "admissionWhitelistPatterns": rows})


def entry(path: str, mode: str = "100644") -> TreeEntry:
    """An entry of a tree."""
    return TreeEntry(path, mode, "0" * 40)


def release(*texts: str, exempt: tuple[str, ...] = ()) -> Release:
    """Read a release out of manifests `0.yaml`, `1.yaml` and so on."""
    return read_release([read(text, f"{i}.yaml") for i, text in enumerate(texts)], policy(*exempt))


CHOSEN = ["apps/a.yaml", "apps/b.yml", "apps/c.json", "apps/x/y/z.yaml", "envs/prod/Kustomization", "apps/.yaml"]
NOT_CHOSEN = ["a.yaml", "apps.yaml", "apps-old/a.yaml", "envs/dev/a.yaml", "apps/readme.md", "apps/a.yaml.bak", "apps"]


def test_the_manifests_are_the_regular_files_in_the_folders() -> None:
    """Prod deploys these folders and reads these suffixes, and no others."""
    entries = [*map(entry, CHOSEN + NOT_CHOSEN), entry("apps/link.yaml", "120000"), entry("apps/x.yaml", "100755")]

    assert [e.path for e in manifest_entries(entries, FOLDERS)] == [*CHOSEN, "apps/x.yaml"]


def test_as_many_manifests_as_allowed_are_chosen_and_one_more_is_refused() -> None:
    """Each of them is fetched and parsed, so their number is bounded."""
    entries = [entry(f"apps/{i}.yaml") for i in range(limits.MANIFEST_FILES + 1)]

    assert len(manifest_entries(entries[1:], FOLDERS)) == limits.MANIFEST_FILES
    with pytest.raises(Rejected) as caught:
        manifest_entries(entries, FOLDERS)
    assert reason_of(caught) == (Reason.MALFORMED_MANIFEST, "2,001 manifests; at most 2,000")


UNREADABLE = {
    "a link": (entry("apps/x", "120000"), "apps/x: a link or submodule; its images cannot be seen here"),
    "a submodule": (entry("apps/x", "160000"), "apps/x: a link or submodule; its images cannot be seen here"),
    "a link in place of a folder": (entry("apps", "120000"), "apps: a link or submodule"),
    "a link above a folder": (entry("envs", "120000"), "envs: a link or submodule"),
    "a submodule in place of a folder": (entry("envs/prod", "160000"), "envs/prod: a link or submodule"),
    "a jsonnet program": (entry("apps/x.jsonnet"), "apps/x.jsonnet: a program; the images it makes cannot be seen"),
    "a jsonnet library": (entry("apps/x.libsonnet"), "apps/x.libsonnet: a program"),
    "a Helm chart": (entry("apps/x/Chart.yaml"), "apps/x/Chart.yaml: a program"),
    "an override for Argo CD": (entry("apps/.argocd-source.yaml"), "apps/.argocd-source.yaml: a program"),
    "an override for one application": (entry("apps/.argocd-source-x.yaml"), "apps/.argocd-source-x.yaml: a program"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_as_a_file_is_refused(case: str) -> None:
    """A link deploys what lies elsewhere, and a program what it makes: neither is seen here."""
    unreadable, sentence = UNREADABLE[case]
    with pytest.raises(Rejected) as caught:
        require_readable([entry("apps/a.yaml"), unreadable], FOLDERS)

    assert caught.value.reason is Reason.NOT_UNDERSTOOD
    assert sentence in caught.value.detail


def test_links_and_programs_elsewhere_do_not_matter() -> None:
    """Prod does not deploy what lies outside of its folders."""
    elsewhere = [entry("docs", "120000"), entry("app", "120000"), entry("x.jsonnet"), entry("apps-x", "160000")]

    require_readable([*elsewhere, entry("apps/a.yaml"), entry("charts/Chart.yaml"), entry("apps/x", "100755")], FOLDERS)


def test_a_release_says_what_runs_what_is_attested_and_what_is_exempt() -> None:
    """Each image once, whatever tag stands beside its digest and however many pods run it."""
    found = release(
        pod(f"{NAME}:v1@{A}"),
        pod("nginx:1"),
        pod(f"{NAME}@{A}"),
        pod("nginx:1"),
        pod(f"{NAME}@{B}"),
        exempt=("nginx:1",),
    )

    assert found.to_attest == (PINNED, PinnedImage.parse(f"{NAME}@{B}"))
    assert found.exempt == ("nginx:1",)
    assert found.written == (f"{NAME}:v1@{A}", "nginx:1", f"{NAME}@{A}", f"{NAME}@{B}")
    assert [field.place for field in found.fields] == [f"{i}.yaml line 6" for i in range(5)]


def test_one_image_by_tag_rejects_the_whole_release() -> None:
    """What the tag names when prod pulls it, nobody has tested."""
    with pytest.raises(Rejected) as caught:
        release(pod(f"{NAME}@{A}"), pod("nginx:1"))

    assert reason_of(caught) == (
        Reason.NOT_A_DIGEST,
        "1.yaml line 6: nginx:1 is a tag; a release names images by digest",
    )


def test_a_problem_rejects_even_where_all_images_are_exempt() -> None:
    """What is not understood may run what is not exempt."""
    with pytest.raises(Rejected) as caught:
        release(pod("nginx:1"), "kind: X\n", exempt=("nginx:1",))

    assert caught.value.reason is Reason.NOT_UNDERSTOOD


@pytest.mark.parametrize("texts", [(), ("",), (pod("nginx:1"),), ("apiVersion: v1\nkind: Secret\n",)])
def test_a_release_with_nothing_to_attest_is_none(texts: tuple[str, ...]) -> None:
    """Empty means no: a mistaken folder would otherwise be a release that needs no tests."""
    with pytest.raises(Rejected) as caught:
        release(*texts, exempt=("nginx:1",))

    assert caught.value.reason is Reason.NOTHING_TO_ATTEST


@pytest.mark.parametrize(("count", "more"), [(5, ""), (7, "; and 2 more")])
def test_five_problems_are_told_and_the_rest_is_counted(count: int, more: str) -> None:
    """A person mends several at once, but reads no hundred."""
    with pytest.raises(Rejected) as caught:
        release(*[pod(f"nginx:{i}") for i in range(count)])

    sentences = [f"{i}.yaml line 6: nginx:{i} is a tag; a release names images by digest" for i in range(5)]
    assert caught.value.detail == "; ".join(sentences) + more


def test_the_system_policy_s_patterns_exempt_too() -> None:
    """Google's own images are admitted where the policy says so."""
    document = {"name": "projects/p/policy", "defaultAdmissionRule": RULE, "globalPolicyEvaluationMode": "ENABLE"}
    enabled = Policy.read(document)
    manifests = [read(pod("gke.gcr.io/x:1")), read(pod(f"{NAME}@{A}"))]

    assert read_release(manifests, enabled, ("gke.gcr.io/**",)).exempt == ("gke.gcr.io/x:1",)


def test_the_images_that_ci_names_must_be_those_that_run() -> None:
    """CI tested what it says it tested; anything else in the manifests was not tested."""
    found = release(pod(f"{NAME}@{A}"))
    require_same_images(None, found)
    require_same_images((PINNED, PINNED), found)

    with pytest.raises(Rejected) as untested:
        require_same_images((), found)
    with pytest.raises(Rejected) as gone:
        require_same_images((PINNED, PinnedImage.parse(f"{NAME}@{B}")), found)

    assert reason_of(untested) == (
        Reason.IMAGES_DIFFER,
        f"images: {NAME}@{A} is in the manifests, but was not tested",
    )
    assert gone.value.detail == f"images: {NAME}@{B} was tested, but no manifest runs it"


@pytest.mark.parametrize("folder", [".", "apps", "apps/a.yaml"])
def test_a_folder_may_be_the_whole_tree_or_one_file(folder: str) -> None:
    """A person names what they want judged."""
    entries = [entry("apps/a.yaml"), entry("README.md")]

    assert manifest_entries(entries, (folder,)) == (entries[0],)


def test_exempt_paths_are_neither_read_nor_refused_but_told() -> None:
    """Whoever exempts a path gives up everything below it, and nothing beside it."""
    exempt = ExemptPaths(("apps/shop", "apps/*/values.yaml", "envs"))
    hidden = [entry("apps/shop/Chart.yaml"), entry("apps/shop/x/a.yaml"), entry("apps/y/values.yaml")]
    seen = [entry("apps/shop.yaml"), entry("apps/shop-2/a.yaml"), entry("apps/y/z/values.yaml")]
    above = entry("envs", "120000")

    require_readable([*hidden, *seen, above], FOLDERS, exempt)
    assert manifest_entries([*hidden, *seen], FOLDERS, exempt) == tuple(seen)
    assert exempt_entries([*hidden, *seen, above, entry("envs/dev/a.yaml")], FOLDERS, exempt) == (*hidden, above)
    with pytest.raises(Rejected):
        require_readable([entry("apps/y/Chart.yaml")], FOLDERS, exempt)
