"""The stand-in OCI registry: one instance is one registry host, on its own loopback port.

It keeps everything in memory and answers as CNCF Distribution 2.8 does, which tests hold it against. It is not a
product: no garbage collection, no range requests for blobs, no referrers API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from local.faults import Faults, Mischief
from local.registry.handlers import Handlers
from local.registry.refusal import RegistryRefusal
from local.registry.store import Store
from local.registry.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler

    from local.registry.events import Pushed
    from local.registry.lies import Lie

_LARGEST_BODY: Final = 64 * 1024 * 1024  # bytes; images here are toys
_SHUTDOWN_S: Final = 0.1  # an endless body would otherwise hold up `stop`
_REFUSALS: Final = {
    "UNAVAILABLE": "UNAVAILABLE",
    "RESOURCE_EXHAUSTED": "TOOMANYREQUESTS",
    "NOT_FOUND": "MANIFEST_UNKNOWN",
    "PERMISSION_DENIED": "DENIED",
    "UNAUTHENTICATED": "UNAUTHORIZED",
}


async def _tell_nobody(_: Pushed) -> None:
    return


class RegistryStandIn:
    """A registry for development and tests; `host` is the name that its images carry, such as `us-docker.pkg.dev`.

    `on_push` is awaited after a manifest or index is stored and before the push is answered. Faults are asked once for
    each request, before anything else, under `registry.<verb>-<noun>`: the nouns are root, token, manifest, blob,
    uploads (where an upload starts), upload (one under way) and tags; `registry.head-manifest`, for example.
    A lost reply is a 502, because HTTP clients quietly repeat a request whose connection was closed.
    """

    def __init__(
        self,
        host: str,
        faults: Faults,
        *,
        on_push: Callable[[Pushed], Awaitable[None]] | None = None,
        token_auth: bool = False,
        password: str | None = None,
    ) -> None:
        self.host = host
        self.tokens = Tokens(host, password) if token_auth else None
        self._faults = faults
        self._lies: dict[tuple[str, str], Lie] = {}
        self._handlers = Handlers(host, Store(), lies=self._lies, on_push=on_push or _tell_nobody)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash; only meaningful once started."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listen on the loopback interface; port 0 picks a free one."""
        app = web.Application(middlewares=[self._middleware], client_max_size=_LARGEST_BODY)
        app.add_routes(self._handlers.routes())
        app.router.add_get("/token", self._token, name="token")
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; what was pushed stays, and `start` serves it again."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def lie(self, repository: str, reference: str, lie: Lie) -> None:
        """Answer this very reference (the tag or the digest that a client asks for) with a lie until told otherwise."""
        self._lies[repository, reference] = lie

    def tell_the_truth(self) -> None:
        """Forget every lie."""
        self._lies.clear()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = await self._serve(request, handler)
        except RegistryRefusal as refusal:
            answer = web.Response(
                status=refusal.status, body=refusal.body, content_type="application/json", headers=refusal.headers
            )
        if not answer.prepared:
            answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return answer

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        noun = _noun(request)
        if noun is None:
            return await handler(request)
        fault = await self._faults.meet(f"registry.{request.method.lower()}-{noun}")
        if fault is not None and fault.mischief is Mischief.REFUSE:
            headers = {"Retry-After": "1"} if fault.code == "RESOURCE_EXHAUSTED" else {}
            raise RegistryRefusal(_REFUSALS.get(fault.code, "UNAVAILABLE"), headers=headers)
        if self.tokens is not None and noun != "token":
            self.tokens.check(request, name=request.match_info.get("name"))
        answer = await handler(request)
        return answer if fault is None else web.Response(status=502)

    async def _token(self, request: web.Request) -> web.Response:
        if self.tokens is None:
            raise web.HTTPNotFound
        return web.json_response(self.tokens.issue(request))


def _noun(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return resource.name if resource is not None else None
