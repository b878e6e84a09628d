"""Configuration: typed, read once, and complained about all at once."""

from __future__ import annotations

import json
import re
from enum import StrEnum

import pytest

from shared.domain.strict_json import Fields
from shared.runtime.config import FOLDER, KIND, PROJECT, REGISTRY_PREFIX, Environment, is_loopback
from shared.runtime.wiring.github import read_environment_settings


class Answer(StrEnum):
    """A closed vocabulary."""

    NO = "no"
    YES = "yes"


WORD = re.compile(r"[a-z]+", re.ASCII)


def complaint(environment: Environment) -> str:
    """What the process says when it ends."""
    with pytest.raises(SystemExit) as caught:
        environment.finish()
    return str(caught.value)


def key(fields: Fields) -> str:
    """Read a row's key."""
    return fields.text("key", most=9)


def test_a_good_environment_is_read_typed() -> None:
    """Every kind of setting once, as the wiring reads them."""
    e = Environment(
        {
            "TEXT": "word",
            "LIST": '["a","b"]',
            "TABLE": '{"qa":{"key":"k"}}',
            "SECONDS": "1.5",
            "ENDPOINT": "127.0.0.1:8085",
            "URL": "https://github.com/",
            "REGISTRIES": '{"gcr.io":"http://localhost:5000"}',
            "SAID": "yes",
        }
    )

    assert e.text("TEXT", WORD) == "word"
    assert e.text("ABSENT", WORD, default="other") == "other"
    assert e.texts("LIST", WORD) == ("a", "b")
    assert e.texts("ABSENT", WORD, default="") == ()
    assert e.table("TABLE", key) == {"qa": "k"}
    assert (e.seconds("SECONDS", default=3), e.seconds("ABSENT", default=3)) == (1.5, 3)
    assert (e.google_endpoint("ENDPOINT"), e.google_endpoint("ABSENT")) == ("127.0.0.1:8085", None)
    assert e.url("URL", default="https://x") == "https://github.com"
    assert e.url("ABSENT", default="https://x") == "https://x"
    assert e.registry_endpoints("REGISTRIES") == {"gcr.io": "http://localhost:5000"}
    assert e.registry_endpoints("ABSENT") == {}
    assert e.said("SAID", Answer) is Answer.YES
    e.finish()


def test_one_message_names_all_that_is_wrong() -> None:
    """A person mends ten variables in one deployment, not in ten."""
    e = Environment(
        {"TEXT": "Word", "SECONDS": "soon", "GOOGLE": "google.com:443", "URL": "http://github.com", "R": "[]"}
    )

    read = (
        e.text("TEXT", WORD),
        e.text("ABSENT", WORD),
        e.texts("LIST", WORD),
        e.table("TABLE", key),
        e.seconds("SECONDS", default=3),
        e.google_endpoint("GOOGLE"),
        e.url("URL", default="https://x"),
        e.registry_endpoints("R"),
    )
    assert e.said("SAID", Answer) is None

    assert read == ("", "", (), {}, 3, None, "https://x", {})
    assert complaint(e).splitlines() == [
        "prodgate cannot start:",
        "- TEXT is 'Word', which is not of its form [a-z]+",
        "- ABSENT is not set",
        "- LIST is not set",
        "- TABLE is not set",
        "- SECONDS is 'soon', which is no number of seconds",
        "- GOOGLE is 'google.com:443'; only a loopback host may stand in for Google's",
        "- URL is 'http://github.com'; it must be https, or http to a loopback host",
        "- R R: value must be an object, it is a list",
        "- SAID is None; it must be no or yes",
    ]


@pytest.mark.parametrize("value", ["", "word\n", "wörd", "x" * 8193])
def test_a_text_matches_its_form_as_a_whole(value: str) -> None:
    """A final line end or an endless value would be passed on to a service."""
    e = Environment({"TEXT": value})

    assert e.text("TEXT", WORD) == ""
    assert "- TEXT is " in complaint(e)


@pytest.mark.parametrize(
    "value", ["", "[]", '["A"]', '["a\\n"]', "[1]", "a", '["a"', '["a"],"b":["c"', '{"a":"b"}', "\udcff"]
)
def test_a_list_of_another_form_is_a_problem(value: str) -> None:
    """An empty list of registries or folders would mean none, or all: it is said neither way."""
    e = Environment({"LIST": value})

    assert e.texts("LIST", WORD) == ()
    assert complaint(e).startswith("prodgate cannot start:\n- LIST LIST")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{}", "value is empty; empty means no"),
        ('{"qa":{}}', "key is missing"),
        ('{"qa":{"key":"k","x":1}}', "the field 'x' is unknown"),
        ('{"qa":{"key":"k"},"qa":{"key":"l"}}', "the key 'qa' appears twice"),
        ('{"qa":"k"}', "qa must be an object"),
    ],
)
def test_a_table_of_another_form_is_a_problem(value: str, why: str) -> None:
    """No suite at all would mean that every release is complete."""
    e = Environment({"TABLE": value})

    assert e.table("TABLE", key) == {}
    assert why in complaint(e)


@pytest.mark.parametrize("value", ["", "-1", "1e3", "10000", "1.0000", chr(0xFF11), "1\n", "nan"])
def test_seconds_are_plain_digits(value: str) -> None:
    """`float` would take `nan` and `1e3`, and a deadline of either would never come."""
    e = Environment({"SECONDS": value})

    assert e.seconds("SECONDS", default=3) == 3
    assert "which is no number of seconds" in complaint(e)


def test_a_stand_in_for_a_registry_must_be_loopback_too() -> None:
    """Digests from a host without TLS are anybody's."""
    e = Environment({"R": '{"gcr.io":"http://gcr.io:80"}'})

    assert e.registry_endpoints("R") == {}
    assert "gcr.io is 'http://gcr.io:80'; only a loopback host may stand in for a registry" in complaint(e)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80", "http://localhost:8085/x", "http://[::1]:1", "HTTP://LOCALHOST:1"]
)
def test_this_machine_is_loopback(url: str) -> None:
    """The stand-in cloud listens here."""
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.com:80",
        "http://127.0.0.1@evil.com",
        "http://127.0.0.1@evil.com:80",
        "http://localhost:1@evil",
        "http://localhost:1@evil:1",
        "http://evil.com:80\\@127.0.0.1:80",
        "http://evil.com@127.0.0.1:80",
        "http://127.0.0.1:80\t.evil.com",
        "http://127.0.0.1\n:80",
        "http://127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://127.0.0.2:80",
        "http://0.0.0.0:80",
        "http://2130706433:80",
        "http://localhost.:80",
        "http://[::ffff:127.0.0.1]:80",
        "http://[::1",
        "http://169.254.169.254:80",
        "https://127.0.0.1:443",
        "ftp://127.0.0.1:21",
        "//127.0.0.1:80",
        "",
    ],
)
def test_what_only_resembles_this_machine_is_not_loopback(url: str) -> None:
    """Tokens would go there in clear text."""
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (PROJECT, "mdo-prod", "Prod"),
        (FOLDER, "envs/prod", "/envs"),
        (FOLDER, "apps", "apps/"),
        (REGISTRY_PREFIX, "eu-docker.pkg.dev/mdo/apps", "https://eu-docker.pkg.dev"),
        (KIND, "argoproj.io/v1alpha1 Application", "Application"),
    ],
)
def test_a_form_takes_what_people_write_and_not_what_they_mistype(
    pattern: re.Pattern[str], good: str, bad: str
) -> None:
    """A slash too many would make a folder that no path is in, so that nothing is ever checked."""
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(bad)


def test_one_of_two_variables_must_be_set_and_not_both() -> None:
    """Two credentials are one too many: nobody could say which one counts."""
    e = Environment({"A": "1", "B": "2"})

    assert Environment({"A": "1"}).either("A", "B") == "A"
    assert Environment({"B": "1"}).either("A", "B") == "B"
    assert (e.either("A", "B"), e.either("C", "D")) == (None, None)
    assert complaint(e) == "prodgate cannot start:\n- A and B are both set; one must be\n- C and D are not set"


def test_a_record_is_one_object_read_to_its_last_field() -> None:
    """A field that nobody reads is a slip of the pen."""
    e = Environment({"GOOD": '{"key":"k"}', "MORE": '{"key":"k","kye":1}', "LIST": "[]"})

    assert e.record("GOOD", key, default="") == "k"
    assert e.record("MORE", key, default="") == e.record("LIST", key, default="") == e.record("NONE", key, default="")
    assert complaint(e).splitlines()[1:] == [
        "- MORE MORE: value: the field 'kye' is unknown",
        "- LIST LIST: value must be an object, it is a list",
        "- NONE is not set",
    ]


def test_a_complete_table_has_a_row_for_each_name_and_no_other() -> None:
    """A suite without its row would be believed without a look."""
    e = Environment({"GOOD": '{"b":{"key":"k"},"a":{"key":"k"}}', "LESS": '{"a":{"key":"k"}}', "NONE": "{}"})

    assert e.complete_table("GOOD", key, names=("a", "b")) == {"a": "k", "b": "k"}
    e.complete_table("LESS", key, names=("a", "b"))
    e.complete_table("GOOD", key, names=("a",))
    e.complete_table("NONE", key, names=("a",))
    assert complaint(e).splitlines()[1:] == [
        "- LESS has rows for a; it must have one for each of a, b, and no other",
        "- GOOD has rows for a, b; it must have one for each of a, and no other",
        "- NONE NONE: value is empty; empty means no",
    ]


@pytest.mark.parametrize("row", ["apps/v1 Deployment spec.image", "v1 List items:podSpec"])
def test_a_path_that_would_be_ignored_stops_the_start(row: str) -> None:
    """Whoever wrote it believes that it says where the images are."""
    environment = Environment({"PRODGATE_IMAGE_PATHS": json.dumps([row, "acme.io/v1 Shop spec.image"])})

    read_environment_settings(environment)

    kind = row.rpartition(" ")[0]
    why = f"PRODGATE_IMAGE_PATHS has a path that would be ignored: {kind} is built in, and read as Kubernetes runs it"
    assert why in complaint(environment)


def test_exempt_paths_are_read_and_may_not_cover_a_folder_whole() -> None:
    """Nothing of that folder would be judged; whoever means that takes it out of the folders."""
    folders = {"PRODGATE_MANIFEST_FOLDERS": '["apps","platform"]'}
    some = read_environment_settings(Environment({**folders, "PRODGATE_EXEMPT_PATHS": '["apps/shop/values.yaml"]'}))
    wide = Environment({**folders, "PRODGATE_EXEMPT_PATHS": '["apps/shop","plat*"]'})
    odd = Environment({**folders, "PRODGATE_EXEMPT_PATHS": '["apps/**"]'})

    read_environment_settings(wide)
    read_environment_settings(odd)

    assert some.exempt_paths.hold("apps/shop/values.yaml")
    assert "PRODGATE_EXEMPT_PATHS exempts too much: the folder platform would be exempt whole" in complaint(wide)
    assert "holds 'apps/**', which is not of the form" in complaint(odd)
