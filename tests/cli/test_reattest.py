"""`./prodgate reattest`: a rotation, in which nothing that prod runs may be missed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.cli.conftest import Run
from tests.cli.google import BY, FIRST, POSTS, SECOND, USERS, Cloud
from tests.cli.registry import running_registry
from tests.cli.trees import commit, write
from tests.company import workload
from tests.local.google.running_google import ATTESTOR

POLICY: Final = """\
defaultAdmissionRule: {evaluationMode: ALWAYS_DENY, enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG}
globalPolicyEvaluationMode: ENABLE
name: projects/acme/policy
"""


@pytest.fixture
def prod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose branch prod runs two services; the working files are ahead of it."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"apps/posts.yaml": workload("posts", POSTS), "apps/users.yaml": workload("users", USERS)})
    commit(tmp_path)
    (tmp_path / "apps/users.yaml").write_bytes(workload("users", "us-docker.pkg.dev/acme/apps/users:v2"))
    return tmp_path


def test_before_a_key_goes_everything_that_prod_runs_is_signed_by_the_next(run: Run, cloud: Cloud, prod: Path) -> None:
    """List, sign, list, take the old key off: and everything still counts."""
    run("attest", POSTS, USERS, *BY, FIRST)
    cloud.add_key()
    reattest = ("reattest", "apps", "--revision", "prod", *BY, SECOND)

    listed = [f"{image} is not signed by {SECOND}" for image in (POSTS, USERS)]
    assert run(*reattest) == (1, "".join(f"{line}\n" for line in listed), "")
    assert cloud.google.faults.calls("kms.AsymmetricSign") == {"kms.AsymmetricSign": 2}
    status, out, _ = run(*reattest, "--sign", "--json")
    assert (status, [row["new"] for row in json.loads(out)["signed"]]) == (0, [True, True])
    assert run(*reattest)[0] == 0
    cloud.drop_first_key()
    assert run("attestations", POSTS, USERS, "--attestor", ATTESTOR)[0] == 0


def test_what_cannot_be_signed_by_its_digest_is_told_and_the_rest_is_signed(run: Run, cloud: Cloud, prod: Path) -> None:
    """Prod runs a tag somewhere: the others must not wait for that, and nobody may think that all is done."""
    status, out, err = run("reattest", "apps", "--sign", *BY, FIRST)

    assert status == 2
    assert out.startswith(f"{POSTS} now has ")
    assert err.startswith("error: apps/users.yaml line 10:")
    assert err.endswith("us-docker.pkg.dev/acme/apps/users:v2 is a tag; a release names images by digest\n")


def test_images_that_prods_policy_exempts_need_no_key(run: Run, cloud: Cloud, prod: Path) -> None:
    """They are admitted by name, tags and all."""
    (prod / "policy.yaml").write_text(
        "defaultAdmissionRule: {evaluationMode: ALWAYS_DENY, enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG}\n"
        "admissionWhitelistPatterns: [{namePattern: us-docker.pkg.dev/acme/apps/users*}]\n"
        "name: projects/acme/policy\n"
    )

    status, out, _ = run("reattest", "apps", "--policy", "policy.yaml", *BY, FIRST)

    assert (status, out) == (1, f"{POSTS} is not signed by {FIRST}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("apps", "--revision", "gone"), "gone"),
        (("elsewhere", "--revision", "prod"), "prod has nothing at elsewhere"),
        (("elsewhere",), "elsewhere"),
        (("empty",), "the manifests run no image that needs an attestation"),
    ],
    ids=["no revision", "no folder in it", "no folder", "nothing"],
)
def test_a_rotation_of_nothing_is_no_success(
    run: Run, cloud: Cloud, prod: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """A slip of the pen must not read as: everything is signed, take the old key off."""
    (prod / "empty").mkdir()

    status, _, err = run("reattest", *arguments, *BY, FIRST)

    assert status == 2
    assert sentence in err


def test_an_overlay_is_signed_by_the_digest_that_runs(run: Run, cloud: Cloud, prod: Path) -> None:
    """The base's own is signed already; were it taken for what runs, the old key would go and prod's pods with it."""
    entry = f"{{name: us-docker.pkg.dev/acme/apps/posts, digest: {USERS.partition('@')[2]}}}"
    write(
        prod,
        {
            "overlay/base/kustomization.yaml": "resources: [posts.yaml]\n",
            "overlay/base/posts.yaml": workload("posts", POSTS),
            "overlay/prod/Kustomization": f"resources: [../base]\nimages: [{entry}]\n",
        },
    )
    commit(prod, "overlaid")
    run("attest", POSTS, *BY, FIRST)

    status, out, _ = run("reattest", "overlay", "--revision", "overlaid", *BY, FIRST)

    assert (status, out) == (1, f"{POSTS.partition('@')[0]}@{USERS.partition('@')[2]} is not signed by {FIRST}\n")


@pytest.mark.parametrize("revision", [(), ("--revision", "odd")])
def test_what_cannot_be_seen_keeps_the_old_key(run: Run, cloud: Cloud, prod: Path, revision: tuple[str, ...]) -> None:
    """What can be seen is all signed, and yet the status says that it is not known to be all."""
    write(prod, {"odd/posts.yaml": workload("posts", POSTS), "odd/x.jsonnet": "{}"})
    (prod / "odd/link").symlink_to("../apps")
    commit(prod, "odd")
    run("attest", POSTS, *BY, FIRST)

    status, out, err = run("reattest", "odd", *revision, *BY, FIRST)

    assert status == 2
    assert out.startswith(f"{POSTS} has projects/acme/occurrences/")
    assert "error: odd/link: a link or submodule; its images cannot be seen here\n" in err
    assert "error: odd/x.jsonnet: a program; the images it makes cannot be seen here\n" in err


def test_a_rotation_can_finish_where_the_functions_can(run: Run, cloud: Cloud, prod: Path) -> None:
    """Exempt kinds and paths, and Google's own images, are no more in the way here than there."""
    write(
        prod,
        {
            "odd/posts.yaml": workload("posts", POSTS),
            "odd/secret.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n",
            "odd/chart/Chart.yaml": "name: x\n",
            "odd/dns.yaml": workload("dns", "gke.gcr.io/k8s-dns-kube-dns:1.23"),
            "policy.yaml": POLICY,
        },
    )
    run("attest", POSTS, *BY, FIRST)
    exempt = ("--exempt-kind", "external-secrets.io/v1 ExternalSecret", "--exempt-path", "odd/chart")
    system = ("--policy", "policy.yaml", "--location", "us-central1")

    assert run("reattest", "odd", *exempt, *BY, FIRST)[0] == 2
    assert run("reattest", "odd", *system, *BY, FIRST)[0] == 2
    status, _, err = run("reattest", "odd", *exempt, *system, *BY, FIRST)

    assert status == 0
    assert err == "note: odd/chart/Chart.yaml is exempt: what it runs is not read, and not signed\n"


def test_a_location_without_a_policy_is_refused(run: Run, prod: Path) -> None:
    """Whether the system policy counts is said by the policy."""
    status, _, err = run("reattest", "apps", "--location", "us-central1", *BY, FIRST)

    assert status == 2
    assert "say --policy" in err


@pytest.mark.parametrize("command", ["attest", "reattest"])
def test_where_children_are_attested_they_are_in_a_rotation_too(
    command: str, run: Run, cloud: Cloud, tmp_path: Path
) -> None:
    """Cloud Run judges the child; an index alone would leave it with the old key only."""
    with running_registry() as registry:
        index = f"docker.io/mdo/web@{registry.push_index('mdo/web', 'v1')}"
        write(tmp_path, {"web.yaml": workload("web", index)})
        what = (index,) if command == "attest" else (tmp_path / "web.yaml", "--sign")

        status, out, _ = run(command, *what, *BY, FIRST, "--children", "runnable", registry.option)

    assert status == 0
    assert len(out.splitlines()) == 3
    assert index in out


def test_a_child_that_cannot_be_known_is_told_and_the_named_are_signed(run: Run, cloud: Cloud, tmp_path: Path) -> None:
    """The registry lost it; nobody may think that all is done."""
    gone = f"docker.io/mdo/web@sha256:{'0' * 64}"
    write(tmp_path, {"web.yaml": workload("web", gone)})
    with running_registry() as registry:
        options = (*BY, FIRST, "--children", "runnable", registry.option)
        status, out, err = run("reattest", tmp_path / "web.yaml", "--sign", *options)

    assert status == 2
    assert out.startswith(f"{gone} now has ")
    assert err == f"error: {gone} does not exist\n"


def test_an_attestation_in_the_way_is_replaced_only_where_that_is_said(run: Run, cloud: Cloud, prod: Path) -> None:
    """Of another image it takes no signature of ours; deleting it leaves the image bare for a moment."""
    odd = cloud.store_odd(POSTS)
    cloud.add_key()
    reattest = ("reattest", "apps/posts.yaml", "--sign", *BY, SECOND)

    refused = run(*reattest)
    done = run(*reattest, "--delete-and-create")

    assert refused[0] == 2
    assert f"{POSTS} has the attestation {odd}" in refused[2]
    assert done[0] == 0
    assert done[1].startswith(f"{POSTS} now has projects/acme/occurrences/")
    assert odd not in done[1]
    assert odd not in run("attestations", POSTS, "--attestor", ATTESTOR)[1]
