"""The stand-in for Cloud Build: `projects.locations.builds.get` over REST/JSON, on a port of its own.

Its client library is not installed here, from which the table of the other services is made; so this one is written by
hand (cloud.google.com/build/docs/api/reference/rest/v1/projects.locations.builds/get). It authenticates nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from grpc import StatusCode

from local.faults import Fault, Faults
from local.google.refusal import Refusal
from local.google.rest_codec import write_refusal

_METHOD: Final = "cloudbuild.GetBuild"
_ROUTE: Final = "/v1/projects/{project}/locations/{location}/builds/{id}"


class CloudBuildStandIn:
    """Cloud Build on the loopback interface; builds are made by `add`, as a trigger would."""

    def __init__(self, faults: Faults) -> None:
        self.target = ""
        self._faults = faults
        self._builds: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        application = web.Application()
        application.router.add_get(_ROUTE, self._get)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.target = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def add(self, project: str, location: str, build: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a build, with an id and a log of its own; answer it."""
        name = str(uuid.uuid4())
        region = "" if location == "global" else f";region={location}"
        log = f"https://console.cloud.google.com/cloud-build/builds{region}/{name}?project=123456789012"
        made = {"id": name, "projectId": project, "status": "SUCCESS", "logUrl": log, **build}
        self._builds[project, location, name] = made
        return made

    async def _get(self, request: web.Request) -> web.Response:
        try:
            refuse(await self._faults.meet(_METHOD))
            return web.json_response(self._build(request.match_info))
        except Refusal as refusal:
            status, text = write_refusal(refusal)
            return web.json_response(text=text, status=status)

    def _build(self, path: Mapping[str, str]) -> dict[str, Any]:
        build = self._builds.get((path["project"], path["location"], path["id"]))
        if build is None:
            raise Refusal(StatusCode.NOT_FOUND, "Requested entity was not found.")
        return build


def refuse(fault: Fault | None) -> None:
    """Refuse a call that is to go wrong."""
    if fault is not None:
        raise Refusal(StatusCode[fault.code], f"{_METHOD} was told to answer {fault.code}")
