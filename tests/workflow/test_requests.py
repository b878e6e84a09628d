"""How little open_prod_pr asks: each event reads what it decides by, once, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from local.world.world import World
from tests.company import release_posts
from tests.workflow.test_promotion import complete_again

NOT_ASKED_BY_US = ("pubsub", "secrets")


def asked(world: World, what: Callable[[], object]) -> Counter[str]:
    """Count the calls that something makes, without those of Pub/Sub itself."""
    before = Counter(world.faults.calls())
    what()
    world.settle()
    made = Counter(world.faults.calls()) - before
    return Counter({name: count for name, count in made.items() if not name.startswith(NOT_ASKED_BY_US)})


def test_what_prod_has_is_seen_before_anything_else_is_read(world: World) -> None:
    """Two tree ids are enough; no file, no policy and no attestation can change the answer."""
    tested = release_posts(world)
    world.merge_release(tested)

    made = asked(world, lambda: complete_again(world, tested))

    assert not [name for name in made if name.startswith(("binauthz", "grafeas", "github.git/get-tree"))]
