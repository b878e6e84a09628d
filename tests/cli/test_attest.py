"""`./prodgate payload`, `attest`, `attestations`, `reattest`: an operator's day with attestations, and a rotation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.__main__ import main
from shared.domain.attestors import key_id
from shared.domain.image import PinnedImage
from shared.domain.payload import PayloadForm, payload
from tests.cli.google import FIRST, SECOND, Cloud, running_cloud
from tests.company import workload
from tests.local.google.running_google import ATTESTOR

POSTS, USERS = (f"us-docker.pkg.dev/acme/apps/{name}@sha256:{c * 64}" for name, c in (("posts", "a"), ("users", "b")))
BY = ("--attestor", ATTESTOR, "--key-version")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Google's services, and the variable that leads to them."""
    with running_cloud() as running:
        monkeypatch.setenv("PRODGATE_GOOGLE_ENDPOINT", running.google.grpc_target)
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; answer its status, and what it printed."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


@pytest.mark.parametrize("form", PayloadForm)
def test_the_payload_is_printed_to_the_byte(form: PayloadForm) -> None:
    """It can be piped into a signer; anything more would make another signature."""
    command = [sys.executable, "-m", "cli", "payload", "--form", form, POSTS]

    done = subprocess.run(command, capture_output=True, check=True)

    assert done.stdout == form.signed(payload(PinnedImage.parse(POSTS)))


def test_a_tag_has_no_payload(run: Run) -> None:
    """What a tag names tomorrow is not what was tested."""
    status, out, err = run("payload", "mongo:7")

    assert (status, out) == (2, "")
    assert err.startswith("prodgate payload: ")


def test_what_was_attested_is_listed_as_counting(run: Run, cloud: Cloud) -> None:
    """Attest, look, attest again: nothing is signed twice, and everybody sees the same occurrence."""
    status, out, _ = run("attest", POSTS, USERS, POSTS, *BY, FIRST)
    rows = out.splitlines()
    assert status == 0
    assert [row.partition(" now has projects/acme/occurrences/")[0] for row in rows] == [POSTS, USERS]

    assert run("attest", POSTS, *BY, FIRST)[:2] == (0, rows[0].replace("now has", "has") + "\n")
    occurrence = rows[0].rpartition(" ")[2]
    listed = run("attestations", POSTS, "--attestor", ATTESTOR)
    assert listed[:2] == (0, f"{POSTS} {occurrence} counts, by {key_id(FIRST)}\n")
    assert cloud.google.faults.calls("kms.AsymmetricSign") == {"kms.AsymmetricSign": 2}


def test_an_image_without_an_attestation_is_missing(run: Run, cloud: Cloud) -> None:
    """A script must notice, by the status and in JSON."""
    run("attest", POSTS, *BY, FIRST)

    status, out, _ = run("attestations", POSTS, USERS, "--attestor", ATTESTOR, "--json")

    rows = {row["image"]: row for row in json.loads(out)["attestations"]}
    assert status == 1
    assert rows[POSTS]["counts_by"] == key_id(FIRST)
    assert rows[USERS] == {
        "image": USERS,
        "occurrence": None,
        "counts_by": None,
        "why_not": "it has no attestation",
    }


def test_the_whole_note_is_listed_with_what_does_not_count(run: Run, cloud: Cloud) -> None:
    """After a key is gone an auditor sees at one look what GKE would refuse."""
    run("attest", POSTS, *BY, FIRST)
    cloud.add_key()
    run("attest", USERS, *BY, SECOND)
    cloud.drop_first_key()

    status, out, _ = run("attestations", "--attestor", ATTESTOR)

    verdicts = dict(row.split(" ", 1) for row in out.splitlines())
    assert status == 0
    assert verdicts[POSTS].endswith(f"does not count: none of its 1 signatures is by a key of {ATTESTOR}")
    assert verdicts[USERS].endswith(f"counts, by {key_id(SECOND)}")


def test_a_key_that_the_attestor_does_not_trust_attests_nothing(run: Run, cloud: Cloud) -> None:
    """The sentence is the functions' own."""
    status, _, err = run("attest", POSTS, *BY, FIRST[:-1] + "9")

    assert status == 2
    assert err.startswith(f"error: {FIRST[:-1]}9 cannot sign: ")


def test_what_could_not_be_signed_is_told_beside_what_could(run: Run, cloud: Cloud) -> None:
    """One refusal loses no other image, and the status says that not all is well."""
    cloud.google.faults.fail("kms.AsymmetricSign", code="PERMISSION_DENIED")

    status, out, err = run("attest", POSTS, USERS, *BY, FIRST, "--json")

    told: dict[str, Any] = json.loads(out)
    assert status == 2
    assert err.startswith("error: kms.AsymmetricSign: 403")
    assert len(told["signed"]) == len(told["missing"]) == len(told["failures"]) == 1
    assert {told["signed"][0]["image"], *told["missing"]} == {POSTS, USERS}


@pytest.fixture
def prod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose branch prod runs two services; the working files are ahead of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps/posts.yaml").write_bytes(workload("posts", POSTS))
    (tmp_path / "apps/users.yaml").write_bytes(workload("users", USERS))
    identity = ("-c", "user.name=dana", "-c", "user.email=dana@mdo.example")
    for command in (("init", "-q", "-b", "prod"), ("add", "."), ("commit", "-q", "-m", "Release")):
        subprocess.run(["git", *identity, *command], check=True)
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
        (("elsewhere", "--revision", "prod"), "prod has no manifest below elsewhere"),
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


def test_who_is_not_logged_in_is_told_how_to(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No traceback of a library, and no waiting for a metadata server that is not there."""
    monkeypatch.delenv("PRODGATE_GOOGLE_ENDPOINT", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    status, _, err = run("attestations", POSTS, "--attestor", ATTESTOR)

    assert status == 2
    assert err.startswith(
        "prodgate attestations: nobody is logged in here: run `gcloud auth application-default login`"
    )
