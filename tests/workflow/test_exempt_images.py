"""Images that prod's policy exempts are not attested; each release says which they were."""

from __future__ import annotations

from local.world.world import World
from tests.company import REDIS, pin_posts, workload
from tests.conftest import Logs


def exempted(logs: Logs) -> list[str]:
    """What the log says about exempt images."""
    entries = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "attest.exempt"]
    return [entry["message"] for entry in entries]


def test_exempt_images_are_named_in_the_log(world: World, logs: Logs) -> None:
    """They run unattested, by tag maybe; a number alone would leave open which."""
    pin_posts(world)
    logs()

    world.pass_tests()
    world.settle()

    assert exempted(logs) == [f"exempt by prod's policy: {REDIS}"]


def test_a_release_without_exempt_images_says_nothing_of_them(world: World, logs: Logs) -> None:
    """There is nothing to look up later."""
    pin_posts(world)
    world.commit_to_dev({"platform/redis.yaml": None})
    logs()

    world.pass_tests()
    world.settle()

    assert exempted(logs) == []
    assert len(world.attestations) == 1


def test_of_many_exempt_images_the_first_are_named(world: World, logs: Logs) -> None:
    """A log entry has a bound; the rest is a number."""
    pin_posts(world)
    many = [f"docker.io/library/redis:7.{minor}" for minor in range(14)]
    world.commit_to_dev({f"platform/r{i}.yaml": workload(f"r{i}", image) for i, image in enumerate(many)})
    logs()

    world.pass_tests()
    world.settle()

    (said,) = exempted(logs)
    assert said.count("docker.io/library/redis") == 10
    assert said.endswith("; and 4 more")
