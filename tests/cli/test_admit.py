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
    "manifests for the linter": (("--policy", POLICY, "--lint", "posts.yaml"), "--lint looks at the policy alone"),
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


def test_without_an_image_not_even_an_empty_line_is_printed(run: Run, tmp_path: Path) -> None:
    """A script that counts lines counts verdicts."""
    (tmp_path / "config.yaml").write_text("apiVersion: v1\nkind: ConfigMap\n")

    assert run("--policy", POLICY, "--attested", "none", tmp_path)[:2] == (2, "")


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


KEYLESS, GONE = (f"projects/{PROD_PROJECT}/attestors/{name}" for name in ("keyless", "gone"))
NO_KEYS: Final = (
    f"{KEYLESS}: {KEYLESS} has no keys; it can attest nothing: every image that needs it is denied; "
    "add a key with `gcloud container binauthz attestors public-keys add`"
)


@pytest.fixture(scope="module")
def keyless(company: World) -> str:
    """An attestor without keys beside the one that has one."""
    note = UserOwnedGrafeasNote(note_reference=f"projects/{PROD_PROJECT}/notes/quality-assurance-attestor")
    made = company.do(
        company.clients.binauthz.create_attestor(
            parent=f"projects/{PROD_PROJECT}", attestor_id="keyless", attestor=Attestor(user_owned_grafeas_note=note)
        )
    )
    assert made.name == KEYLESS
    return KEYLESS


def requiring(path: Path, *attestors: str, also: str = "") -> Path:
    """Write a policy that requires these attestors, and has no slip otherwise."""
    path.write_text(
        f"name: projects/{PROD_PROJECT}/policy\nglobalPolicyEvaluationMode: ENABLE\n{also}defaultAdmissionRule:\n"
        "  evaluationMode: REQUIRE_ATTESTATION\n  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG\n"
        f"  requireAttestationsBy: {json.dumps(attestors)}\n"
    )
    return path


def test_the_linter_finds_attestors_without_keys_live(run: Run, live: World, keyless: str) -> None:
    """Every image that needs it is denied, and the policy looks fine."""
    rule = {
        "evaluationMode": "REQUIRE_ATTESTATION",
        "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
        "requireAttestationsBy": [ATTESTOR, keyless],
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
    assert out == f"warning: {NO_KEYS}\n"


def test_a_policy_in_a_file_is_linted_with_its_attestors_as_they_are(
    run: Run, live: World, keyless: str, tmp_path: Path
) -> None:
    """Who names a project wants that looked at; who names none works offline."""
    policy = requiring(tmp_path / "policy.yaml", ATTESTOR, keyless)

    assert run("--policy", policy, "--lint") == (0, "", "")
    assert run("--policy", policy, "--lint", "--project", PROD_PROJECT) == (1, f"warning: {NO_KEYS}\n", "")


def test_an_attestor_that_is_gone_is_named_by_the_linter_beside_the_rest(
    run: Run, live: World, keyless: str, tmp_path: Path
) -> None:
    """It could not be looked at, so nobody may think that all is well; the rest was."""
    policy = requiring(tmp_path / "policy.yaml", GONE, keyless)

    status, out, err = run("--policy", policy, "--lint", "--project", PROD_PROJECT)
    as_json = json.loads(run("--policy", policy, "--lint", "--project", PROD_PROJECT, "--json")[1])

    assert status == 2
    assert out == f"warning: {NO_KEYS}\n"
    assert err.startswith(f"error: {GONE} could not be looked at: binauthz.GetAttestor: 404")
    assert [problem["reason"] for problem in as_json["problems"]] == ["unread"]
    assert [advice["slip"] for advice in as_json["advice"]] == ["attestor-without-keys"]


def test_what_an_attestor_without_keys_must_attest_is_denied(
    run: Run, live: World, keyless: str, manifest: Path, tmp_path: Path
) -> None:
    """GKE's denial is known, so it is given, with the reason that GKE does not say."""
    policy = requiring(tmp_path / "policy.yaml", keyless)

    status, out, err = run("--policy", policy, "--project", PROD_PROJECT, manifest)

    assert status == 1
    assert out.endswith(f"Image {IMAGE} denied by attestor {keyless}: {NOT_TRUSTED}\n")
    assert f"warning: {NO_KEYS}\n" in err


def test_a_verdict_that_hangs_on_what_could_not_be_read_is_none(run: Run, live: World, tmp_path: Path) -> None:
    """The others are given: what the allowlist admits, what is a tag, and what another attestor denies for certain."""
    image = pin_posts(live, b"hanging")
    live.attest(image)
    allowing = "admissionWhitelistPatterns: [{namePattern: docker.io/library/redis:*}]\n"
    policy = requiring(tmp_path / "policy.yaml", ATTESTOR, GONE, also=allowing)
    folder = tmp_path / "apps"
    folder.mkdir()
    for name, what in {"a": image, "b": IMAGE, "c": REDIS, "d": f"{POSTS}:v1"}.items():
        written(folder / f"{name}.yaml", what)

    status, out, err = run("--policy", policy, folder)
    told = json.loads(run("--policy", policy, folder, "--json")[1])

    lines = out.splitlines()
    assert status == 2
    assert lines[0].endswith(f"{image} is not judged: that hangs on an attestor that could not be looked at")
    assert lines[1].endswith(f"denied by attestor {ATTESTOR}: {NOT_TRUSTED}")
    assert GONE not in lines[1]
    assert lines[2].endswith(f"{REDIS} is admitted")
    assert "got tag or malformed digest" in lines[3]
    assert f"error: {GONE} could not be looked at: binauthz.GetAttestor: 404" in err
    assert [row["admitted"] for row in told["images"]] == [None, False, True, False]
    assert (told["status"], told["problems"][0]["reason"]) == ("unknown", "unread")


def test_an_attestor_that_nothing_hangs_on_may_be_gone(run: Run, live: World, manifest: Path, tmp_path: Path) -> None:
    """The image is denied whatever it would say."""
    policy = requiring(tmp_path / "policy.yaml", ATTESTOR, GONE)

    status, out, err = run("--policy", policy, manifest)

    assert status == 1
    assert out.endswith(f"denied by attestor {ATTESTOR}: {NOT_TRUSTED}\n")
    assert GONE in err


def test_a_manifest_says_where_its_pods_run(run: Run, tmp_path: Path) -> None:
    """Its own namespace is nearer than the option; the one that says nothing may be in the frozen one."""
    rules = "kubernetesNamespaceAdmissionRules: {shop: {evaluationMode: ALWAYS_ALLOW, enforcementMode: %s}}\n"
    policy = requiring(tmp_path / "policy.yaml", ATTESTOR, also=rules % "ENFORCED_BLOCK_AND_AUDIT_LOG")
    for namespace in ("shop", "blog"):
        content = workload("x", IMAGE).replace(b"  name: x\n", f"  namespace: {namespace}\n".encode(), 1)
        (tmp_path / f"{namespace}.yaml").write_bytes(content)
    silent = written(tmp_path / "silent.yaml", IMAGE)
    offline = ("--policy", policy, "--attested", "none")

    assert run(*offline, tmp_path / "shop.yaml")[0] == 0
    assert run(*offline, tmp_path / "blog.yaml", "--namespace", "shop")[0] == 1
    assert run(*offline, silent, "--namespace", "shop")[0] == 0
    assert run(*offline, silent)[0] == 1


def test_the_linter_says_all_that_is_wrong_at_once(run: Run, tmp_path: Path) -> None:
    """A rule that requires nobody does not hide the pattern that admits everybody."""
    policy = requiring(tmp_path / "policy.yaml", also="admissionWhitelistPatterns: [{namePattern: gcr.io/p**}]\n")

    status, out, _ = run("--policy", policy, "--lint", "--json")

    assert status == 1
    assert [advice["slip"] for advice in json.loads(out)["advice"]] == ["other-projects", "no-attestors"]


def test_a_project_without_a_name_is_said_in_one_sentence(run: Run, manifest: Path, tmp_path: Path) -> None:
    """Not in a traceback, whose status would mean that something is denied."""
    policy = edited(tmp_path / "policy.yaml", f"name: projects/{PROD_PROJECT}/policy", "name: mypolicy")

    status, out, err = run("--policy", policy, manifest)

    assert (status, out) == (2, "")
    assert err == "prodgate admit: the policy: name is 'mypolicy', which is not of its form projects/[^/]+/policy\n"


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
