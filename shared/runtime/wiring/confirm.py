"""confirm_prod, wired: it may read the environments repository, set statuses, and comment on pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from shared.domain.events import ProdTestsFinished
from shared.domain.permissions import CONFIRM_PROD
from shared.runtime.config import BRANCH, LOGIN, Environment
from shared.runtime.handler import Connected, Function, Occasion
from shared.runtime.wiring.github import open_github, open_vault, read_github
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.confirm import ConfirmingCloud, ConfirmSettings, confirm_release
from shared.workflow.done import Done


def confirm_function(variables: Mapping[str, str]) -> Function[ProdTestsFinished]:
    """Configure confirm_prod; its clients are connected on the first event.

    Raises:
        SystemExit: the configuration is incomplete.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    github = read_github(environment)
    prod = environment.text("PRODGATE_PROD_BRANCH", BRANCH, default="prod")
    attester = environment.text("PRODGATE_ATTESTER_LOGIN", LOGIN)
    environment.finish()
    redactor = surroundings.start_logging("confirm_prod")

    async def connect(opened: AsyncExitStack) -> Connected[ProdTestsFinished]:
        channels = surroundings.channels(opened)
        cloud = ConfirmingCloud(
            ConfirmSettings(github.repository, prod, surroundings.project, attester),
            open_github(
                github,
                opened,
                permissions=CONFIRM_PROD,
                vault=open_vault(open_secrets(channels, redactor), redactor),
            ),
        )

        async def work(finished: ProdTestsFinished, occasion: Occasion) -> Done:
            return await confirm_release(finished, cloud, settling=occasion.settling)

        return Connected(work, surroundings.publisher(channels))

    return Function(
        "confirm_prod", ProdTestsFinished.topic, ProdTestsFinished.parse, connect=connect, within=surroundings.limits
    )
