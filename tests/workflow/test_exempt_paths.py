"""Exempt paths: what nobody can judge does not block the release where configuration says so, and is told each time."""

from __future__ import annotations

from typing import Final

from local.world.world import World
from tests.company import pin_posts, release_posts, small_world, workload
from tests.conftest import Logs
from tests.workflow.test_promotion import pull_of

CHART: Final = {
    "apps/shop/Chart.yaml": b"name: shop\n",
    "apps/shop/values.yaml": b"image: {repository: shop, tag: v1}\n",
    "apps/shop/templates/shop.yaml": workload("shop", "docker.io/library/nginx:1"),
}
EXEMPT: Final = {"PRODGATE_EXEMPT_PATHS": '["apps/shop"]'}
SENTENCE: Final = (
    "by PRODGATE_EXEMPT_PATHS nobody judges 'apps/shop/Chart.yaml', 'apps/shop/templates/shop.yaml', "
    "'apps/shop/values.yaml'; what they run is not attested here"
)
CAUTION: Final = (
    "By `PRODGATE_EXEMPT_PATHS` nobody judges `apps/shop/Chart.yaml`, `apps/shop/templates/shop.yaml`, "
    "`apps/shop/values.yaml`: what they run is not attested here."
)


def told(logs: Logs) -> list[str]:
    """The warnings about exempt paths since the last look."""
    labels = "logging.googleapis.com/labels"
    return [entry["message"] for entry in logs() if entry[labels].get("event") == "release.exempt-paths"]


def test_a_chart_blocks_the_release(world: World) -> None:
    """Which images its templates make is not seen here."""
    world.commit_to_dev(CHART)
    pin_posts(world)

    world.pass_tests()
    world.settle()

    (message,) = world.rejected
    assert message.reason == "not-understood"
    assert "apps/shop/Chart.yaml: a program; the images it makes cannot be seen here" in message.detail
    assert world.attestations == []


def test_where_its_path_is_exempt_the_rest_is_released_and_the_log_says_so(quiet_logging: None, logs: Logs) -> None:
    """Neither its tag nor its values are in the way, and nothing of it is attested."""
    with small_world(variables=EXEMPT) as world:
        world.commit_to_dev(CHART)
        logs()

        tested = release_posts(world)

        assert world.rejected == []
        assert len(world.attestations) == 1
        assert f"> {CAUTION}\n" in pull_of(world, tested).body
        assert told(logs) == [SENTENCE, SENTENCE]  # by attest_images, and by open_prod_pr


def test_what_lies_beside_an_exempt_path_is_judged(quiet_logging: None) -> None:
    """One folder is exempt, not its neighbour of the longer name."""
    with small_world(variables=EXEMPT) as world:
        world.commit_to_dev({"apps/shop-2/Chart.yaml": b"name: shop\n"})
        pin_posts(world)

        world.pass_tests()
        world.settle()

        assert [message.reason for message in world.rejected] == ["not-understood"]


def test_many_exempt_files_are_counted(quiet_logging: None, logs: Logs) -> None:
    """A log line is read by people."""
    with small_world(variables=EXEMPT) as world:
        world.commit_to_dev({f"apps/shop/{number}.yaml": b"x: 1\n" for number in range(12)})
        logs()

        release_posts(world)

        assert told(logs)[0].endswith("'apps/shop/7.yaml' and 2 more; what they run is not attested here")


def test_without_exempt_files_nothing_is_said(world: World, logs: Logs) -> None:
    """A warning that is always there is read by nobody."""
    release_posts(world)

    assert told(logs) == []
