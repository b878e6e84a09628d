"""The REST/JSON side of the stand-in: what `gcloud` and the REST clients speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from local.google.refusal import Refusal
from local.google.rest_codec import read_request, write_refusal, write_response
from local.google.surface import Route, Rpc, message_type
from local.google.uri_template import UriTemplate

if TYPE_CHECKING:
    from local.google.dispatch import Dispatcher

# Of Pub/Sub's 10 MB, base64 makes 13.4.
MAX_BODY_BYTES = 16 * 1024 * 1024

# What Google's front end answers to a path that no service has is a page, not JSON: seen in
# https://github.com/hashicorp/terraform-provider-google/issues/24627
NOT_FOUND_PAGE = """<!DOCTYPE html>
<html lang=en><title>Error 404 (Not Found)!!1</title>
<p><b>404.</b> That's an error.<p>The requested URL was not found on this server. That's all we know.
"""


@dataclass(frozen=True, slots=True)
class _Binding:
    rpc: Rpc
    route: Route
    template: UriTemplate


class RestServer:
    """Serves the dispatcher's RPCs by their HTTP routes on a loopback port."""

    def __init__(self, dispatcher: Dispatcher, port: int) -> None:
        self._dispatcher = dispatcher
        self._port = port
        self._bindings = _bindings(dispatcher)
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Begin to answer; return the port that was bound."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._respond)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop at once; calls that are being answered are cancelled."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _respond(self, request: web.Request) -> web.Response:
        for binding in self._bindings.get(request.method, ()):
            if (path := binding.template.match(request.rel_url.raw_path)) is not None:
                return await self._answer(binding, path, request)
        return web.Response(status=404, text=NOT_FOUND_PAGE, content_type="text/html")

    async def _answer(self, binding: _Binding, path: dict[str, str], request: web.Request) -> web.Response:
        try:
            message = read_request(
                message_type(binding.rpc.request),
                body_field=binding.route.body,
                body=await request.read(),
                query=request.query.items(),
                path=path,
            )
            response = await self._dispatcher.answer(binding.rpc, message)
        except Refusal as refusal:
            status, text = write_refusal(refusal)
            return web.json_response(text=text, status=status)
        integer_enums = "enum-encoding=int" in request.query.get("$alt", "")
        return web.json_response(text=write_response(response, integer_enums=integer_enums))


def _bindings(dispatcher: Dispatcher) -> dict[str, list[_Binding]]:
    bindings = [
        _Binding(rpc, route, UriTemplate(route.uri)) for rpc in dispatcher.surface.values() for route in rpc.routes
    ]
    bindings.sort(key=lambda binding: not binding.template.has_verb)
    by_verb: dict[str, list[_Binding]] = {}
    for binding in bindings:
        by_verb.setdefault(binding.route.verb, []).append(binding)
    return by_verb
