"""Asking registries what tags name, many at once, with a progress bar where there is something to wait for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.progress import Progress

from shared.clients.gathering import gather_all
from shared.clients.registry import Beyond, CredentialSource, Registries, registry_session
from shared.domain.addresses import require_host, require_public_host
from shared.domain.errors import Rejected, Unavailable
from shared.domain.image import Digest, ImageName, require_known_registry

Tag = tuple[ImageName, str]
_WORTH_A_BAR: Final = 5  # images
_PATIENCE_S: Final = 120.0  # for a registry's rate limit: nobody asks again on a person's behalf, as Pub/Sub does


@dataclass(frozen=True, slots=True)
class Answers:
    """What the tags name now, and for the others the sentence that says why not, and of which image."""

    digests: dict[Tag, Digest]
    failures: dict[Tag, str]


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """Where registries are asked that are not at their own host, and as whom.

    `known` are the only `host/path` prefixes that are asked; where there are none, any registry at a public address is:
    a manifest may come from a stranger's pull request, and must not make this machine call on its own network.
    """

    endpoints: dict[str, str]
    credentials: CredentialSource
    beyond: Beyond
    known: tuple[str, ...] = ()

    def require_asked(self, image: ImageName) -> None:
        """Hold an image against what may be asked, before anything connects anywhere.

        Raises:
            Rejected: it is in no registry that may be asked, or in none that there can be.
        """
        require_host(image)
        if self.known:
            require_known_registry(image, self.known)
        elif image.host not in self.endpoints:
            require_public_host(image)


async def ask(tags: Sequence[Tag], options: RegistryOptions, console: Console) -> Answers:
    """Ask for every tag at once; one that fails harms no other."""
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(
            registry_session(options.beyond.named(options.known, options.endpoints))
        )
        registries = Registries(
            session, options.endpoints, options.credentials, beyond=options.beyond, patience_s=_PATIENCE_S
        )
        bar = opened.enter_context(Progress(console=console, transient=True, disable=len(tags) < _WORTH_A_BAR))
        task = bar.add_task("asking registries", total=len(tags))

        async def one(tag: Tag) -> Digest | str:
            answer = await _digest(tag, registries, options)
            bar.advance(task)
            return answer

        # How much at once is decided for each registry apart: one that limits its rate must not hold up the others.
        answers = dict(zip(tags, await gather_all(map(one, tags), at_once=max(1, len(tags))), strict=True))
    return Answers(
        {tag: answer for tag, answer in answers.items() if isinstance(answer, Digest)},
        {tag: answer for tag, answer in answers.items() if not isinstance(answer, Digest)},
    )


async def _digest(tag: Tag, registries: Registries, options: RegistryOptions) -> Digest | str:
    image, name = tag
    written = f"{image}@{name}" if name.startswith("sha256:") else f"{image}:{name}"
    try:
        options.require_asked(image)
        found = await registries.find(image, name)
    except (Rejected, Unavailable) as error:
        return f"{written}: {error.detail}"
    return f"{written} does not exist" if found is None else found.digest
