"""The checked-in table of RPCs against the installed clients, and URI templates against paths."""

from __future__ import annotations

import pytest

from local.google.generate_surface import SURFACE, generate
from local.google.messages import protobuf_of
from local.google.surface import HAND_ADDED, SHORT_NAMES, load_surface, message_type
from local.google.uri_template import UriTemplate


def test_the_table_is_what_the_installed_clients_say() -> None:
    """A new release of a client is seen here; then run `python -m local.google.generate_surface`, and read the diff."""
    assert SURFACE.read_text(encoding="utf-8") == generate()


def test_every_rpc_has_a_short_name_a_route_and_message_types() -> None:
    """Nothing in the table is half there."""
    for rpc in load_surface().values():
        assert rpc.name.partition("/")[0] in SHORT_NAMES
        assert rpc.routes
        assert protobuf_of(message_type(rpc.request)()) is not None
        assert protobuf_of(message_type(rpc.response)()) is not None


def test_no_two_rpcs_share_a_route() -> None:
    """One HTTP port can serve all services, since no verb and template occurs twice."""
    routes = [(route.verb, route.uri) for rpc in load_surface().values() for route in rpc.routes]
    assert len(routes) == len(set(routes))


def test_hand_added_routes_are_not_in_the_generated_table() -> None:
    """What no client knows stays visibly apart, and goes when a client comes to know it."""
    generated = SURFACE.read_text(encoding="utf-8")
    assert all(route.uri not in generated for route in HAND_ADDED.values())


@pytest.mark.parametrize(
    ("template", "path", "variables"),
    [
        (
            "/v1/{name=projects/*/secrets/*/versions/*}:access",
            "/v1/projects/p/secrets/s/versions/latest:access",
            {"name": "projects/p/secrets/s/versions/latest"},
        ),
        ("/v1/{policy.name=projects/*/policy}", "/v1/projects/p/policy", {"policy.name": "projects/p/policy"}),
        ("/v1/{name=keys/**}:encrypt", "/v1/keys/k/versions/1:encrypt", {"name": "keys/k/versions/1"}),
        ("/v1/{topic=projects/*/topics/*}", "/v1/projects/a%3Ab/topics/t", {"topic": "projects/a:b/topics/t"}),
        ("/v1/{topic=projects/*/topics/*}", "/v1/projects/p/topics/t/subscriptions", None),
        ("/v1/{topic=projects/*/topics/*}", "/v1/projects//topics/t", None),
        ("/v1/{parent=projects/*}/notes", "/v1/projects/p/notes", {"parent": "projects/p"}),
    ],
)
def test_a_template_reads_its_variables(template: str, path: str, variables: dict[str, str] | None) -> None:
    """Wildcards of one and of many segments, verbs, nested fields and percent-encoding."""
    assert UriTemplate(template).match(path) == variables
