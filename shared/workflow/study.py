"""What a release is judged by: both trees, prod's policy, the attestors that it needs; all read at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from shared.clients.gathering import gather_all, together
from shared.clients.github import Repository
from shared.domain.attestors import Attestor
from shared.domain.release import manifest_entries
from shared.workflow.environment import CommitContents, ProdPolicy, contents_of, prod_policy
from shared.workflow.promotion import Looking, PromotingCloud
from shared.workflow.scene import Scene
from shared.workflow.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """Prod's policy, and every required attestor: the suites' own, and those that the policy names."""

    prod: ProdPolicy
    attestors: tuple[Attestor, ...]


class Study(NamedTuple):
    """What the tested commit and prod's head hold, and by which rules that is judged."""

    tested: CommitContents
    prod: CommitContents
    rules: Rules


async def study(scene: Scene, looking: Looking) -> Study:
    """Read it all.

    Raises:
        Rejected: a tree or the policy cannot be judged.
        Unavailable: something cannot be read.
    """
    repository, environment = looking.repository, looking.cloud.settings.environment
    reader = looking.cloud.manifests
    async with together() as group:
        rules = group.create_task(_rules(looking.cloud))
        await _read_files((scene.tested.tree, scene.prod.tree), repository, environment)
        tested = await contents_of(scene.tested.tree, repository, environment, reader)
        prod = await contents_of(scene.prod.tree, repository, environment, reader)
    return Study(tested, prod, rules.result())


async def _read_files(trees: Sequence[str], repository: Repository, environment: EnvironmentSettings) -> None:
    """Read the files of several trees in one request; they are kept, and found again when each tree is read."""
    listed = await gather_all(map(repository.git.tree, trees))
    folders, exempt = environment.folders, environment.exempt_paths
    chosen = [entry for entries in listed for entry in manifest_entries(entries, folders, exempt)]
    await repository.git.blobs(chosen)


async def _rules(cloud: PromotingCloud) -> Rules:
    """Read prod's policy and the required attestors."""
    own = set(cloud.settings.suites.values())
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        attestors: Sequence[Attestor] = await gather_all(map(cloud.binauthz.attestor, own))
    prod = reading.result()
    others = await gather_all(map(cloud.binauthz.attestor, set(prod.attestors) - own))
    return Rules(prod, tuple(sorted((*attestors, *others), key=attrgetter("name"))))
