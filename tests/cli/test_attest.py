"""`./prodgate payload`, `attest`, `attestations`: an operator's day with attestations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.domain.attestors import key_id
from shared.domain.image import PinnedImage
from shared.domain.payload import PayloadForm, payload
from tests.cli.conftest import Run
from tests.cli.google import BY, FIRST, POSTS, SECOND, USERS, Cloud
from tests.local.google.running_google import ATTESTOR


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


def test_who_is_not_logged_in_is_told_how_to(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No traceback of a library, and no waiting for a metadata server that is not there."""
    monkeypatch.delenv("PRODGATE_GOOGLE_ENDPOINT", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    status, _, err = run("attestations", POSTS, "--attestor", ATTESTOR)

    assert status == 2
    assert err.startswith(
        "prodgate attestations: nobody is logged in here: run `gcloud auth application-default login`"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("attest", "mongo:7", *BY, FIRST),
        ("reattest", "gone", *BY, FIRST),
        ("attestations", "mongo:7", "--attestor", ATTESTOR),
        ("resolve", "NO"),
        ("pin", "gone"),
        ("admit", "gone", "--policy", "gone"),
    ],
    ids=lambda command: str(command[0]),
)
def test_what_cannot_be_done_is_told_to_machines_too(run: Run, command: tuple[str, ...]) -> None:
    """A script that reads JSON must find the reason there, not the end of its input."""
    status, out, err = run(*command, "--json")

    told = json.loads(out)
    sentence = err.removeprefix(f"prodgate {command[0]}: ").removeprefix("error: ").rstrip("\n")
    rows = told.get("failures") or told["problems"]
    assert status == 2
    assert sentence
    assert sentence in [row["detail"] if isinstance(row, dict) else row for row in rows]


@pytest.mark.parametrize(
    "command", [("attest", POSTS, *BY, FIRST), ("attestations", POSTS, "--attestor", ATTESTOR)], ids=["attest", "list"]
)
def test_an_endpoint_that_is_none_is_no_verdict(
    run: Run, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1 would mean that something is not attested."""
    monkeypatch.setenv("PRODGATE_GOOGLE_ENDPOINT", "evil.example:443")

    status, _, err = run(*command)

    assert status == 2
    assert "only a loopback host may stand in for Google's" in err
