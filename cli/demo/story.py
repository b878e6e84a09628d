"""The story in five acts: push, test, admission, replay, and a tag that is refused."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Final

from cli.demo.ledger import Ledger
from cli.demo.timeline import Timeline
from cli.demo.verdicts import admission_of
from local.world.looking import PulledMessage, SeenAttestation, SeenPullRequest, differences
from local.world.names import APPS, MONGO, SERVICES
from local.world.world import World
from shared.domain.manifests import read_manifest
from shared.domain.policy import Verdict

_NGINX: Final = "docker.io/library/nginx"
_TAGGED: Final = f"{_NGINX}:1.27"
_UNATTESTED: Final = f"{_NGINX}@sha256:{hashlib.sha256(b'an image that nobody tested').hexdigest()}"
_TAGGED_MANIFEST: Final = f"""\
# Added in a hurry: a banner for the weekend.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: weekend-banner
  namespace: blog
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: weekend-banner
  template:
    metadata:
      labels:
        app.kubernetes.io/name: weekend-banner
    spec:
      containers:
        - name: nginx
          image: {_TAGGED}
"""


@dataclass(slots=True)
class Outcome:
    """What the story came to."""

    commit: str = ""
    pull_requests: list[SeenPullRequest] = field(default_factory=list)
    attestations: list[SeenAttestation] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    rejected: list[PulledMessage] = field(default_factory=list)
    replayed: int = 0
    changed_by_replay: list[str] = field(default_factory=list)
    push_to_pr_s: float = 0.0


class Story:
    """Tells the story on a world, to a timeline."""

    def __init__(self, world: World, ledger: Ledger, timeline: Timeline) -> None:
        self._world = world
        self._ledger = ledger
        self._timeline = timeline
        self.outcome = Outcome()

    def tell(self) -> Outcome:
        """Go through all five acts."""
        began = time.monotonic()
        self._push()
        self._test()
        self.outcome.push_to_pr_s = time.monotonic() - began
        self._admit()
        self._replay()
        self._refuse_a_tag()
        for pull in self.outcome.pull_requests:
            self._timeline.pull_request(f"#{pull.number} {pull.title}", pull.body, pull.url)
        return self.outcome

    def _push(self) -> None:
        self._timeline.act(
            "1  Images are pushed",
            "The registry tells `gcr`. Each digest is confirmed, and one commit on dev pins them all.",
        )
        for service in SERVICES:
            self._world.push_image(f"{APPS}/{service}", "v1", index=service == "mdo-frontend")
        self._world.push_image(MONGO, "7", index=True)
        self._world.announce(f"{MONGO}:7")
        self._world.settle()

    def _test(self) -> None:
        self._timeline.act(
            "2  CI says that the tests passed for that commit",
            "Every image that prod's policy does not exempt is signed, stored, read back and proven. "
            "Then the pull request.",
        )
        self.outcome.commit = str(self._world.pass_tests()["commit"])
        self._world.settle()
        self.outcome.attestations = self._world.attestations
        self.outcome.pull_requests = self._world.pull_requests

    def _admit(self) -> None:
        self._timeline.act(
            "3  What prod would admit now",
            "The policy, the attestors and the attestations as they are, judged as GKE does.",
        )
        images = [*self._released_images(), _TAGGED, _UNATTESTED]
        self.outcome.verdicts = self._world.do(admission_of(images, self._world.endpoints))
        self._timeline.verdicts(self.outcome.verdicts)

    def _replay(self) -> None:
        self._timeline.act(
            "4  Every event is published again",
            "As an operator would with `gcloud pubsub topics publish`. Nothing may change.",
        )
        self._timeline.tells_unchanged = True
        before, delivered = self._world.lasting_state(), list(self._ledger.deliveries)
        for message in delivered:
            self._world.publish(message.topic, message.data)
        self._world.settle()
        self._timeline.tells_unchanged = False
        self.outcome.replayed = len(delivered)
        self.outcome.changed_by_replay = differences(before, self._world.lasting_state())
        what = ", ".join(self.outcome.changed_by_replay) or "nothing"
        self._timeline.say(f"{len(delivered)} events replayed; changed: {what}", style="bold")

    def _refuse_a_tag(self) -> None:
        self._timeline.act(
            "5  Somebody deploys a tag",
            "It can move between test and deploy, so the release is refused whole and lands in `rejected`, untouched.",
        )
        commit = self._world.commit_to_dev(
            {"apps/weekend-banner.yaml": _TAGGED_MANIFEST.encode()}, "Add a banner for the weekend"
        )
        self._world.pass_tests(commit, run="https://ci.mdo.example/runs/2")
        self._world.settle()
        self.outcome.rejected = list(self._world.rejected)

    def _released_images(self) -> list[str]:
        """The image strings of the release branch, as its manifests write them."""
        head = self.outcome.pull_requests[0].head
        tree = self._world.repository.get_git_tree(self._world.head(head), recursive=True).tree
        paths = [entry.path for entry in tree if entry.path.endswith(".yaml")]
        fields = [field for path in paths for field in read_manifest(path, self._world.file(path, head)).images]
        return sorted({field.reference.written for field in fields})
