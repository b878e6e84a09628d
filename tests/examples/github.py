"""What a workflow of GitHub Actions talks to: GitHub's tokens, Google's exchange, and Argo CD, on loopback.

The exchange lets in whom infra/modules/federation lets in: its own condition, as written there, is what decides here.
Source of the shapes: docs.github.com/en/actions/concepts/security/openid-connect,
cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token and …/credentials/rest/v1/projects.serviceAccounts.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from tests.operations.declared import ROOT

PROVIDER: Final = "projects/123456789/locations/global/workloadIdentityPools/prodgate-github-qa/providers/tests"
ACCOUNT: Final = "prodgate-tester-qa@mdo-gate.iam.gserviceaccount.com"
GIVEN: Final = {
    "repository_id": "1234567890",
    "ref": "refs/heads/dev",
    "job_workflow_ref": "mdo/release-ci/.github/workflows/qa.yml@refs/heads/main",
}
CLAIMS: Final = {**GIVEN, "event_name": "push", "sub": "repo:mdo/mdo-environments:ref:refs/heads/dev"}


def condition() -> str:
    """The condition of the federation module, with the example's variables filled in."""
    text = (ROOT / "infra/modules/federation/main.tf").read_text()
    parts = re.findall(r'^    "(assertion\.[^\n]*)",$', text, re.MULTILINE)
    filled = [re.sub(r"\$\{var\.(\w+)\}", lambda name: GIVEN[name[1]], part) for part in parts]
    return " && ".join(part.replace('\\"', '"') for part in filled)


def lets_in(claims: Mapping[str, str]) -> bool:
    """Evaluate the condition, which must be nothing but equalities that all hold."""
    for part in condition().split(" && "):
        found = re.fullmatch(r'assertion\.(\w+) == "([^"]*)"', part)
        assert found, part
        if claims.get(found[1]) != found[2]:
            return False
    return True


@dataclass
class Surroundings:
    """The servers; `claims` is who GitHub says is asking, `applications` what Argo CD answers, one after another."""

    claims: dict[str, str] = field(default_factory=lambda: dict(CLAIMS))
    applications: list[dict[str, Any]] = field(default_factory=list)
    given_out: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        surroundings = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, body: Any) -> None:
                bearer = (self.headers["authorization"] or "").removeprefix("Bearer ")
                status, answer = surroundings.answer(self.path, bearer, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where all of them listen."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, bearer: str, body: Any) -> tuple[int, Any]:
        """Answer one request: status and JSON."""
        parts = urlsplit(path)
        if parts.path == "/github" and bearer == "token-of-the-job":
            asked = parse_qs(parts.query)
            return 200, {"value": self._token({**self.claims, "aud": asked["audience"][0]})}
        if parts.path == "/v1/token":
            return self._exchange(body)
        if parts.path == f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken" and bearer == "federated":
            known = body == {"scope": ["https://www.googleapis.com/auth/pubsub"], "lifetime": "300s"}
            return (200, {"accessToken": "access"}) if known else (400, {})
        if parts.path.startswith("/api/v1/applications/") and bearer == "token-of-argocd" and self.applications:
            seen = self.applications[0] if len(self.applications) == 1 else self.applications.pop(0)
            return 200, {"status": seen}
        return 403, {"error": f"nothing here for {parts.path}"}

    def _exchange(self, body: Any) -> tuple[int, Any]:
        claims = json.loads(base64.urlsafe_b64decode(body["subjectToken"].split(".")[1]))
        asked = body["audience"] == f"//iam.googleapis.com/{PROVIDER}"
        meant = claims["aud"] == f"https://iam.googleapis.com/{PROVIDER}"
        exchange = body["grantType"] == "urn:ietf:params:oauth:grant-type:token-exchange"
        if not (asked and meant and exchange and lets_in(claims)):
            return 400, {"error": "unauthorized_client"}
        return 200, {"access_token": "federated", "token_type": "Bearer", "expires_in": 3600}

    def _token(self, claims: Mapping[str, str]) -> str:
        token = "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode() + ".signed"
        self.given_out.append(token)
        return token
