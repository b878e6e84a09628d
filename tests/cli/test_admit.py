"""`./prodgate admit`: what prod's admission would say, offline and live, and nothing unchecked is ever ok."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from google.cloud.binaryauthorization_v1 import Attestor, UserOwnedGrafeasNote

from cli.__main__ import main
from local.world.names import ATTESTOR, PROD_PROJECT
from local.world.world import World
from tests.company import POSTS, REDIS, pin_posts, small_world, workload

ROOT: Final = Path(__file__).parents[2]
POLICY: Final = ROOT / "local" / "blog_app" / "policy.yaml"
DIGEST: Final = f"sha256:{'a' * 64}"
IMAGE: Final = f"{POSTS}@{DIGEST}"
NOT_TRUSTED: Final = "No attestations found that were valid and signed by a key trusted by the attestor"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `admit` in this process; answer its status, and what it printed."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["admit", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest that runs the posts service by digest."""
    return written(tmp_path / "posts.yaml", IMAGE)


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """A world in which one image is attested; the commands here only look at it."""
    with small_world() as world:
        yield world


@pytest.fixture
def live(company: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The variable that leads to that world."""
    monkeypatch.setenv("PRODGATE_GOOGLE_ENDPOINT", company.endpoints.google)
    return company


def written(path: Path, image: str, **changed: Any) -> Path:
    """Write a manifest that runs an image."""
    path.write_bytes(workload("mdo-posts", image, **changed))
    return path


def edited(path: Path, old: str, new: str) -> Path:
    """Write the Blog App's policy with a change."""
    text = POLICY.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_offline_nothing_is_attested_unless_somebody_claims_it(run: Run, manifest: Path, tmp_path: Path) -> None:
    """The claim is believed and called a claim; without one the denial is GKE's, to the letter."""
    claim = tmp_path / "attested.json"
    claim.write_text(json.dumps({ATTESTOR: [DIGEST]}))

    denied = run("--policy", POLICY, "--attested", "none", manifest)
    admitted = run("--policy", POLICY, "--attested", claim, manifest)

    assert denied[:2] == (
        1,
        (
            f"{manifest}:10: {IMAGE} is denied: Image {IMAGE} denied by Binary Authorization default admission rule. "
            f"Image {IMAGE} denied by attestor {ATTESTOR}: {NOT_TRUSTED}\n"
        ),
    )
    assert admitted[:2] == (0, f"{manifest}:10: {IMAGE} is admitted\n")
    assert "note: what is attested was claimed, not looked up" in admitted[2]
    assert "note: the system policy was not asked" in admitted[2]


def test_an_exempt_image_is_admitted_by_tag_and_nobody_is_asked(run: Run, tmp_path: Path) -> None:
    """No service runs here: what the allowlist admits needs none."""
    status, out, _ = run("--policy", POLICY, written(tmp_path / "redis.yaml", REDIS))

    assert (status, out) == (0, f"{tmp_path}/redis.yaml:10: {REDIS} is admitted\n")


def test_a_spelling_that_the_allowlist_would_admit_is_shown(run: Run, tmp_path: Path) -> None:
    """The same image, written as Docker lets people write it, is denied; that is hard to see."""
    status, out, _ = run("--policy", POLICY, "--attested", "none", written(tmp_path / "redis.yaml", "redis:7.4"))

    assert status == 1
    assert out.endswith("(the allowlist would admit docker.io/library/redis:7.4)\n")


def test_what_is_proven_is_looked_up_live(run: Run, live: World, tmp_path: Path) -> None:
    """Policy, system policy, attestor and attestations as they are now: the whole decision of GKE."""
    image = pin_posts(live)
    manifest = written(tmp_path / "posts.yaml", image)
    options = ("--live", "--project", PROD_PROJECT, "--location", "us-central1", manifest)

    before = run(*options)
    live.attest(image)
    after = run(*options)

    assert before[0] == 1
    assert f"denied by attestor {ATTESTOR}: {NOT_TRUSTED}" in before[1]
    assert (after[0], after[1]) == (0, f"{manifest}:10: {image} is admitted\n")
    assert "note:" not in after[2]


def test_a_tag_is_denied_whatever_is_attested(run: Run, live: World, tmp_path: Path) -> None:
    """It names no bytes that anybody could have attested."""
    manifest = written(tmp_path / "posts.yaml", f"{POSTS}:v1")

    status, out, _ = run("--live", "--project", PROD_PROJECT, manifest)

    assert status == 1
    assert out.endswith("Expected digest with sha256 scheme, but got tag or malformed digest\n")


def test_a_changed_policy_is_judged_before_it_is_imported(run: Run, live: World, tmp_path: Path) -> None:
    """The policy out of a file, the attestations as they are: what would this change deny?"""
    image = pin_posts(live, b"again")
    live.attest(image)
    manifest = written(tmp_path / "posts.yaml", image)
    frozen = edited(
        tmp_path / "policy.yaml",
        "globalPolicyEvaluationMode: ENABLE",
        "clusterAdmissionRules:\n  us-central1.old:\n    evaluationMode: ALWAYS_DENY\n"
        "    enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG\nglobalPolicyEvaluationMode: DISABLE",
    )

    unknown = run("--policy", frozen, manifest)
    elsewhere = run("--policy", frozen, "--cluster", "us-central1.prod", manifest)

    assert unknown[0] == 1
    assert "cluster admission rule for us-central1.old. Denied by always_deny admission rule" in unknown[1]
    assert elsewhere[0] == 0


@pytest.mark.parametrize(
    ("field", "key", "options"),
    [
        ("kubernetesNamespaceAdmissionRules", "shop", ("--namespace", "shop")),
        ("kubernetesServiceAccountAdmissionRules", "shop:web", ("--namespace", "shop", "--service-account", "web")),
        (
            "istioServiceIdentityAdmissionRules",
            "spiffe://x/ns/shop/sa/web",
            ("--istio-identity", "spiffe://x/ns/shop/sa/web"),
        ),
    ],
)
def test_who_says_where_the_pod_runs_gets_the_rule_of_that_place(
    field: str, key: str, options: tuple[str, ...], run: Run, manifest: Path, tmp_path: Path
) -> None:
    """And who does not gets the strictest."""
    rules = (
        f'{field}:\n  "{key}":\n    evaluationMode: ALWAYS_ALLOW\n'
        "    enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG\nglobalPolicyEvaluationMode: ENABLE"
    )
    file = edited(tmp_path / "policy.yaml", "globalPolicyEvaluationMode: ENABLE", rules)

    assert run("--policy", file, "--attested", "none", *options, manifest)[0] == 0
    assert run("--policy", file, "--attested", "none", manifest)[0] == 1


def test_a_dry_run_is_admitted_and_said_to_be_one(run: Run, manifest: Path, tmp_path: Path) -> None:
    """The pod would run; the person should know why."""
    dry = edited(tmp_path / "policy.yaml", "ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY")

    status, out, err = run("--policy", dry, "--attested", "none", manifest)

    assert status == 0
    assert "is admitted by a dry run only: Image" in out
    assert "warning: default admission rule: a denial is only logged, and the image runs" in err


def test_machines_get_all_of_it(run: Run, manifest: Path) -> None:
    """Verdict, place, message, advice."""
    status, out, _ = run("--policy", POLICY, "--attested", "none", "--json", manifest)

    told = json.loads(out)
    assert (status, told["status"]) == (1, "denied")
    (row,) = told["images"]
    assert (row["file"], row["line"], row["image"], row["admitted"]) == (str(manifest), 10, IMAGE, False)
    assert row["message"].endswith(NOT_TRUSTED)
    assert told["claimed"] is True
    assert told["system_policy_asked"] is False
    assert {advice["slip"] for advice in told["advice"]} == {"other-spellings"}


UNCHECKED: Final = {
    "no manifest": (("--policy", POLICY), "nothing checked is not ok"),
    "no image": (("--policy", POLICY, "config.yaml"), "the manifests run no image"),
    "what cannot be seen": (("--policy", POLICY, "app.yaml"), "may run images that cannot be seen here"),
    "a manifest that does not parse": (("--policy", POLICY, "bad.yaml"), "it is not YAML"),
    "a manifest that is not there": (("--policy", POLICY, "gone.yaml"), "gone.yaml"),
    "a policy that is not there": (("--policy", "gone.yaml", "posts.yaml"), "gone.yaml"),
    "a policy that is not understood": (("--policy", "config.yaml", "posts.yaml"), "name is missing"),
    "a policy with a key twice": (("--policy", "twice.yaml", "posts.yaml"), "the key 'name' appears twice"),
    "a claim that is none": (("--policy", POLICY, "--attested", "claim.json", "posts.yaml"), "is no digest"),
    "nobody's policy": (("--live", "posts.yaml"), "which project's policy?"),
    "nobody who is logged in": (("--policy", POLICY, "posts.yaml"), "nobody is logged in here"),
}


@pytest.mark.parametrize("case", UNCHECKED)
def test_what_could_not_be_checked_is_not_ok(
    case: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 2, a sentence, and no verdict that could be taken for one."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"HOME": str(tmp_path), "NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    written(tmp_path / "posts.yaml", IMAGE)
    (tmp_path / "config.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n")
    (tmp_path / "app.yaml").write_text("apiVersion: argoproj.io/v1alpha1\nkind: Application\n")
    (tmp_path / "bad.yaml").write_text("kind: [")
    (tmp_path / "twice.yaml").write_text(POLICY.read_text() + "name: projects/other/policy\n")
    (tmp_path / "claim.json").write_text(json.dumps({ATTESTOR: ["v1"]}))
    arguments, said = UNCHECKED[case]

    status, _, err = run(*arguments)

    assert status == 2
    assert said in err


def test_an_exempt_kind_is_not_asked_about(run: Run, manifest: Path, tmp_path: Path) -> None:
    """As the functions are configured, so can be the person."""
    (tmp_path / "app.yaml").write_text("apiVersion: argoproj.io/v1alpha1\nkind: Application\n")
    claim = tmp_path / "attested.json"
    claim.write_text(json.dumps({ATTESTOR: [DIGEST]}))
    exempt = ("--exempt-kind", "argoproj.io/v1alpha1 Application")

    assert run("--policy", POLICY, "--attested", claim, manifest, tmp_path / "app.yaml")[0] == 2
    assert run("--policy", POLICY, "--attested", claim, *exempt, manifest, tmp_path / "app.yaml")[0] == 0


def test_the_linter_names_each_slip_with_its_mending(run: Run, tmp_path: Path) -> None:
    """For a person, and for a machine."""
    broad = edited(tmp_path / "policy.yaml", "docker.io/library/redis:*", "gcr.io/p**")

    status, out, _ = run("--policy", broad, "--lint")
    as_json = run("--policy", broad, "--lint", "--json")

    assert status == 1
    assert "warning: gcr.io/p**: it also admits every project or owner whose name begins with p" in out
    assert {advice["slip"] for advice in json.loads(as_json[1])["advice"]} == {"other-projects", "other-spellings"}


def test_a_policy_without_slips_is_quiet(run: Run, tmp_path: Path) -> None:
    """Status 0, and not a word."""
    file = tmp_path / "policy.yaml"
    text = POLICY.read_text()
    file.write_text("\n".join(line for line in text.splitlines() if "docker.io" not in line) + "\n")

    assert run("--policy", file, "--lint") == (0, "", "")


def test_the_linter_explains_a_policy_that_requires_nobody(run: Run, tmp_path: Path) -> None:
    """The empty list reads as if it asked somebody, and would admit everything."""
    empty = edited(tmp_path / "policy.yaml", f"  requireAttestationsBy:\n  - {ATTESTOR}\n", "")

    status, out, _ = run("--policy", empty, "--lint")

    assert status == 1
    assert "requireAttestationsBy is empty" in out
    assert "name the attestors in requireAttestationsBy, or say ALWAYS_DENY" in out


def test_the_linter_finds_attestors_without_keys_live(run: Run, live: World) -> None:
    """Every image that needs it is denied, and the policy looks fine."""
    note = UserOwnedGrafeasNote(note_reference=f"projects/{PROD_PROJECT}/notes/quality-assurance-attestor")
    made = live.do(
        live.clients.binauthz.create_attestor(
            parent=f"projects/{PROD_PROJECT}", attestor_id="keyless", attestor=Attestor(user_owned_grafeas_note=note)
        )
    )
    rule = {
        "evaluationMode": "REQUIRE_ATTESTATION",
        "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
        "requireAttestationsBy": [ATTESTOR, made.name],
    }
    kept = live.do(live.clients.binauthz.get_policy(name=f"projects/{PROD_PROJECT}/policy"))
    live.set_policy(
        {
            "name": f"projects/{PROD_PROJECT}/policy",
            "defaultAdmissionRule": rule,
            "globalPolicyEvaluationMode": "ENABLE",
        }
    )

    status, out, _ = run("--live", "--project", PROD_PROJECT, "--lint")
    kept.etag = ""
    live.do(live.clients.binauthz.update_policy(policy=kept))

    assert status == 1
    assert out == (
        f"warning: {made.name}: {made.name} has no keys; it can attest nothing: every image that needs it is denied; "
        "add a key with `gcloud container binauthz attestors public-keys add`\n"
    )


def test_pin_leaves_alone_what_the_policy_exempts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file, read by the same reader: pinning would change the very string that the pattern matches."""
    folder = tmp_path / "apps"
    folder.mkdir()
    written(folder / "redis.yaml", REDIS)
    written(folder / "posts.yaml", f"{POSTS}:v1")
    shutil.copy(POLICY, tmp_path / "policy.yaml")

    status = main(["pin", "--check", "--policy", str(tmp_path / "policy.yaml"), str(folder)])

    assert status == 1
    assert capsys.readouterr().out == f"{folder}/posts.yaml:10: {POSTS}:v1 is not pinned\n"
