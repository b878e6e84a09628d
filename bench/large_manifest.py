"""Pin a generated manifest: `python -m bench.large_manifest WAY DOCUMENTS MOVED RUNS [small]`; prints JSON.

WAY is `time`, `memory`, or `ruamel` for the time of ruamel.yaml.

A process of its own, so that nothing else has used memory before.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

import yaml
from ruamel.yaml import YAML

from shared.domain.image import Digest, ImageReference, parse_name
from shared.domain.manifests import read_manifest
from shared.domain.pinning import PinnedFile, TagDigests, pin

_NAME: Final = "us-docker.pkg.dev/mdo/apps/service-{nth}"
_DIGEST: Final = Digest("sha256:" + "a" * 64)
_UNBROKEN: Final = 1_000_000  # characters of a line; ruamel.yaml would fold long ones
_KIB: Final = 1024  # bytes
_ANNOTATION_CHARACTERS: Final = 1460  # makes 1,000 documents 2.2 MB
_LARGE: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{nth}
  labels:
    app.kubernetes.io/name: service-{nth}
    app.kubernetes.io/part-of: blog
  annotations:
    mdo.example/description: "{filler}"
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: service-{nth}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: service-{nth}
    spec:
      containers:
        - name: app
          image: {image}
          ports:
            - containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
          env:
            - name: LOG_LEVEL
              value: "info"
"""
_SMALL: Final = """\
apiVersion: v1
kind: Pod
spec:
  containers:
    - image: {image}
"""


def generate(documents: int, moved: int, *, small: bool) -> bytes:
    """Write Deployments of which so many follow the tag that is pushed."""
    text = _SMALL if small else _LARGE
    filler = "words " * (_ANNOTATION_CHARACTERS // 6)
    images = [f"{_NAME.format(nth=nth)}:{'v1' if nth < moved else 'v2'}" for nth in range(documents)]
    return "---\n".join(text.format(nth=nth, image=image, filler=filler) for nth, image in enumerate(images)).encode()


def measure(way: str, data: bytes, documents: int, runs: int) -> dict[str, Any]:
    """Pin it, and tell how long that took beside the events alone, or how much memory it took once."""
    digests = {(parse_name(_NAME.format(nth=nth)), "v1"): _DIGEST for nth in range(documents)}
    if way == "memory":
        before = _memory("VmRSS")
        _pinned(data, digests)
        return {"bytes": len(data), "rise_bytes": _memory("VmHWM") - before}
    if way == "ruamel":
        return {"bytes": len(data), "ruamel_s": [_seconds_of_ruamel(data.decode(), digests) for _ in range(runs)]}
    ours, events = [], []
    for _ in range(runs):
        events.append(_seconds_of_events(data.decode()))
        began = time.perf_counter()
        pinned = _pinned(data, digests)
        ours.append(time.perf_counter() - began)
    changed = sum(a != b for a, b in zip(data.decode().split("\n"), pinned.text.split("\n"), strict=True))
    return {"bytes": len(data), "ours_s": ours, "events_s": events, "changed_lines": changed}


def _pinned(data: bytes, digests: TagDigests) -> PinnedFile:
    return pin(read_manifest("large.yaml", data), digests)


def _memory(field: str) -> int:
    """Read what the kernel counts for this program; ru_maxrss would count what its parent held at the fork, too."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * _KIB if found else 0


def _seconds_of_events(text: str) -> float:
    began = time.perf_counter()
    loader = yaml.CSafeLoader(text)
    for _ in iter(loader.get_event, None):
        pass
    return time.perf_counter() - began


def _seconds_of_ruamel(text: str, digests: TagDigests) -> float:
    """Do the same with ruamel.yaml: load, replace the images, write; comments and quotes kept as well as it can."""
    began = time.perf_counter()
    parser = YAML()
    parser.preserve_quotes = True
    parser.width = _UNBROKEN
    documents = list(parser.load_all(text))
    for document in documents:
        for container in document["spec"]["template"]["spec"]["containers"]:
            reference = ImageReference.parse(container["image"])
            digest = digests.get((reference.name, reference.tag or ""))
            if digest is not None:
                container["image"] = f"{reference.name}@{digest}"
                container.yaml_add_eol_comment(f"tag: {reference.tag}", "image")
    parser.dump_all(documents, io.StringIO())
    return time.perf_counter() - began


def main(arguments: list[str]) -> None:
    """Generate, measure, and print."""
    way, documents, moved, runs, *rest = arguments
    data = generate(int(documents), int(moved), small=rest == ["small"])
    print(json.dumps(measure(way, data, int(documents), int(runs))))


if __name__ == "__main__":
    main(sys.argv[1:])
