"""Serve the plugin protocol, version 5 over gRPC, to every Terraform that attaches.

How it attaches is `TF_REATTACH_PROVIDERS` (https://developer.hashicorp.com/terraform/plugin/debugging). Nothing is
remembered but what Terraform itself keeps in its state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

import grpc

from tests.infra.provider.schema import arguments, provider_schema
from tests.infra.provider.values import IMPORTED, applied, planned
from tests.infra.provider.wire import fields_of, message, pack, unpack

_SERVICE: Final = "tfplugin5.Provider"
_ERROR: Final = 1
_KNOWN: Final = arguments()

_Fields = dict[int, list[Any]]


def _dynamic(value: Any) -> bytes:
    return message({1: pack(value)})


def _value(fields: _Fields, number: int) -> Any:
    inner = fields_of(fields[number][0])
    return unpack(inner[1][0]) if inner[1] else json.loads(inner[2][0])


def _text(fields: _Fields, number: int) -> str:
    text: str = fields[number][0].decode()
    return text


def _prepare(fields: _Fields) -> bytes:
    return message({1: fields[1][0]})


def _nothing(_fields: _Fields) -> bytes:
    return b""


def _upgrade(fields: _Fields) -> bytes:
    state = json.loads(fields_of(fields[3][0])[1][0])
    return message({1: _dynamic(state)})


def _read(fields: _Fields) -> bytes:
    return message({1: fields[2][0]})


def _plan(fields: _Fields) -> bytes:
    kind = _text(fields, 1)
    prior, proposed = _value(fields, 2), _value(fields, 3)
    state = None if proposed is None else planned(_KNOWN["resource"][kind], proposed, prior)
    return message({1: _dynamic(state), 4: 1})


def _apply(fields: _Fields) -> bytes:
    kind = _text(fields, 1)
    state = _value(fields, 3)
    return message({1: _dynamic(None if state is None else applied(kind, _KNOWN["resource"][kind], state))})


def _import(fields: _Fields) -> bytes:
    kind, name = _text(fields, 1), _text(fields, 2)
    known = IMPORTED.fullmatch(name)
    if known is None:
        return message({2: message({1: _ERROR, 2: f"{name} cannot be imported as {kind}"})})
    entry = _KNOWN["resource"][kind]
    empty = dict.fromkeys(entry["attributes"]) | {block: [] for block in entry["blocks"]}
    state = applied(kind, entry, {**empty, **known.groupdict()})
    return message({1: message({1: kind, 2: _dynamic(state)})})


def _look(fields: _Fields) -> bytes:
    kind = _text(fields, 1)
    entry = _KNOWN["data"][kind]
    return message({1: _dynamic(applied(kind, entry, _value(fields, 2)))})


_METHODS: Final[dict[str, Callable[[_Fields], bytes]]] = {
    "GetSchema": lambda _: provider_schema(),
    "PrepareProviderConfig": _prepare,
    "ValidateResourceTypeConfig": _nothing,
    "ValidateDataSourceConfig": _nothing,
    "UpgradeResourceState": _upgrade,
    "Configure": _nothing,
    "ReadResource": _read,
    "PlanResourceChange": _plan,
    "ApplyResourceChange": _apply,
    "ImportResourceState": _import,
    "ReadDataSource": _look,
    "Stop": _nothing,
}


def _handler(method: Callable[[_Fields], bytes]) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(lambda request, _: method(fields_of(request)))


class Provider:
    """The provider while a test runs: Terraform attaches to it, instead of starting it, by what `address` says."""

    def __init__(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        handlers = {name: _handler(method) for name, method in _METHODS.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        at = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        # Told that it is a test, Terraform does not stop the process that it attached to.
        plugin = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": at}
        self.address = json.dumps({"registry.terraform.io/hashicorp/google": plugin})

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=None).wait()
