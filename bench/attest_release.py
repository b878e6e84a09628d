"""attest_release: how long attest_images takes for a release, and how many calls, against the chain of calls."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.figure import Effort, Figure
from bench.rig import Replay
from bench.server import Server
from local.world.names import ATTEST, Endpoints, variables_of

_LATENCY_S: Final = 0.04
# The App's key and token; commit, tree, files; registry beside look; sign, validate, store, read back; status; publish.
_CHAIN: Final = 12
_ONE_EXISTS_CHAIN: Final = _CHAIN + 2  # one is created by itself, and looked for
_REPLAY_CHAIN: Final = 6  # the key and the token; dev's comparison, the status (beside the policies); look; publish
_MOST_TIMES_CHAIN: Final = 1.5
_MOST_CALLS_PER_IMAGE: Final = 3
_CONSTANT_CALLS: Final = 12  # of Google's, of a release, whatever its size
_MOST_REPLAY_CALLS: Final = 10
_AIMED: Final = 100  # images; the aims are for so many at most
_GOOGLE: Final = frozenset({"kms", "binauthz", "grafeas", "pubsub", "secrets"})
_ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Way:
    """How Container Analysis behaves where nothing is documented."""

    takes_or: bool = True
    batches: str = "REFUSE_ALL"
    one_exists: bool = False

    @property
    def chain(self) -> int:
        """The longest chain of calls that depend on each other, the first time."""
        return _ONE_EXISTS_CHAIN if self.one_exists else _CHAIN


WAYS: Final[Mapping[str, Way]] = {
    "together": Way(),
    "or_only": Way(batches="UNIMPLEMENTED"),
    "batch_only": Way(takes_or=False),
    "apart": Way(takes_or=False, batches="UNIMPLEMENTED"),
    "one_exists_refuse_all": Way(one_exists=True),
    "one_exists_make_others": Way(batches="MAKE_OTHERS", one_exists=True),
}
_AIM: Final = (
    f"up to {_AIMED} images, whatever the service takes: first <= {_MOST_TIMES_CHAIN} times the chain, Google's calls "
    f"<= {_MOST_CALLS_PER_IMAGE} an image and {_CONSTANT_CALLS} more, replay <= {_MOST_REPLAY_CALLS} calls in all"
)
_HOW: Final = (
    "attest_images as it is deployed, under functions-framework, from the push to its answer; the stand-in cloud in "
    f"another process, {_LATENCY_S * 1000:g} ms before every call to Google, GitHub and the registry; medians, after "
    "one release of two images; first: nothing is attested, replay: the same event again; times_chain is the time "
    f"over {_LATENCY_S * 1000:g} ms x {_CHAIN} calls that wait for each other ({_ONE_EXISTS_CHAIN} where one exists, "
    f"replay {_REPLAY_CHAIN}); calls are all, google_calls without GitHub's and the registry's (one HEAD an image). "
    "or_only, batch_only, apart: the service refuses batches, filters joined by OR, or both, and that was found out "
    "before; one_exists: somebody attests one image after the look, and the batch is refused whole, or makes the others"
)


class Cloud:
    """The process that serves the stand-in cloud, and what is asked of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.endpoints = Endpoints(**self._read())

    def ask(self, do: str, **details: Any) -> Any:
        """Ask for one thing, see `bench.attesting_world`."""
        assert self._process.stdin is not None  # noqa: S101 - it is piped, which mypy cannot see
        self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - as above
        return json.loads(self._process.stdout.readline())


def attest_release(dist: Path, effort: Effort) -> Figure:
    """Measure every way of the service, for releases of every size."""
    figures = {name: _measure(dist, name, effort) for name in effort.attest_ways or tuple(WAYS)}
    return Figure(
        name="attest_release",
        figures=figures,
        unit="ms, calls, and ratios",
        aim=_AIM,
        met=all(_met(int(size), row) for rows in figures.values() for size, row in rows.items()),
        how=_HOW,
        runs=effort.attest_runs,
    )


def _met(images: int, row: Mapping[str, float]) -> bool:
    return images > _AIMED or (
        row["first_times_chain"] <= _MOST_TIMES_CHAIN
        and row["first_google_calls"] <= _MOST_CALLS_PER_IMAGE * images + _CONSTANT_CALLS
        and row["replay_calls"] <= _MOST_REPLAY_CALLS
    )


def _measure(dist: Path, name: str, effort: Effort) -> dict[str, dict[str, float]]:
    """Measure one way on a cloud of its own: a note that is listed whole grows with each release."""
    way = WAYS[name]
    with _cloud() as cloud:
        cloud.ask("behave", takes_or=way.takes_or, batches=way.batches)
        warm = cloud.ask("release", images=2, seed=f"{name} first", one_exists=False)
        variables = variables_of(ATTEST, cloud.endpoints, settling_s=0)
        with Server(Replay(dist / ATTEST.function, ATTEST.function, variables, _push_body(warm))) as server:
            server.first_answer_s()
            return {str(size): _row(_runs(cloud, server, name, size, effort), way) for size in effort.attest_sizes}


def _runs(cloud: Cloud, server: Server, name: str, size: int, effort: Effort) -> list[dict[str, float]]:
    return [_run(cloud, server, f"{name} {size} {run}", size) for run in range(effort.attest_runs)]


def _run(cloud: Cloud, server: Server, seed: str, size: int) -> dict[str, float]:
    commit = cloud.ask("release", images=size, seed=seed, one_exists=WAYS[seed.partition(" ")[0]].one_exists)
    first = _deliver(cloud, server, commit)
    return {"images": size} | _named("first", first) | _named("replay", _deliver(cloud, server, commit))


def _deliver(cloud: Cloud, server: Server, commit: str) -> tuple[float, int, int]:
    """Deliver the event; answer the seconds, all calls, and Google's."""
    before, body = cloud.ask("calls"), _push_body(commit)
    seconds = server.deliver_all(body, 1, connections=1)
    made = {service: count - before.get(service, 0) for service, count in cloud.ask("calls").items()}
    if not cloud.ask("accepted", commit=commit):
        raise RuntimeError("what was measured did not accept the suite")
    return seconds, sum(made.values()), sum(count for service, count in made.items() if service in _GOOGLE)


def _named(which: str, measured: tuple[float, int, int]) -> dict[str, float]:
    return dict(zip((f"{which}_s", f"{which}_calls", f"{which}_google_calls"), measured, strict=True))


def _row(runs: Sequence[Mapping[str, float]], way: Way) -> dict[str, float]:
    found = {name: median(run[name] for run in runs) for name in runs[0]}
    return {
        "first_ms": round(found["first_s"] * 1000),
        "first_times_chain": round(found["first_s"] / (_LATENCY_S * way.chain), 2),
        "first_calls": found["first_calls"],
        "first_google_calls": found["first_google_calls"],
        "first_google_calls_per_image": round(found["first_google_calls"] / found["images"], 2),
        "replay_ms": round(found["replay_s"] * 1000),
        "replay_times_chain": round(found["replay_s"] / (_LATENCY_S * _REPLAY_CHAIN), 2),
        "replay_calls": found["replay_calls"],
    }


@contextmanager
def _cloud() -> Iterator[Cloud]:
    command = (sys.executable, "-m", "bench.attesting_world", str(_LATENCY_S))
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Cloud(process)
    finally:
        process.communicate()


def _push_body(commit: str) -> bytes:
    """Write test-passed for a commit as Pub/Sub pushes it, published just now."""
    event = {
        "suite": "qa",
        "outcome": "success",
        "repository": "mdo/mdo-environments",
        "commit": commit,
        "run": "https://ci.mdo.example/runs/1",
    }
    message = {
        "data": base64.b64encode(json.dumps(event).encode()).decode(),
        "attributes": {},
        "messageId": "1",
        "publishTime": datetime.now(UTC).isoformat(),
    }
    return json.dumps({"message": message, "subscription": ATTEST.subscription, "deliveryAttempt": 1}).encode()
