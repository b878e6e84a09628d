"""Configurations that people choose, each as what differs from the example's variables."""

from __future__ import annotations

from typing import Any, Final

TRIGGER: Final = "7d3f1a52-0000-4000-8000-000000000001"
_QA: Final = {"attestor": "quality-assurance-attestor", "github": {"workflow": ".github/workflows/qa.yml"}}
_BUILT: Final = {"cloud_build": {"project": "mdo-ci", "location": "global", "trigger": TRIGGER}}
_APPS: Final = {
    name: {"login": f"{name.replace('_', '-')}[bot]", "app": {"client_id": f"Iv{id_}", "installation": id_, "id": id_}}
    for id_, name in enumerate(("pin_manifests", "attest_images", "open_prod_pr", "confirm_prod"), start=100_001)
}
_CONFIRMING: Final = _APPS["confirm_prod"]
_WEB: Final = {
    "PRODGATE_GITHUB_API_URL": "https://ghe.mdo.example/api/v3",
    "PRODGATE_GITHUB_WEB_URL": "https://ghe.mdo.example",
}
_ALL: Final = {"PRODGATE_DEADLINE_S": "49", "PRODGATE_SETTLING_S": "600", "PRODGATE_LOG_LEVEL": "DEBUG"}

EVERYTHING: Final[dict[str, Any]] = {
    "key_location": "us",
    "registry_token_origins": {"ghcr.io": ["https://auth.mdo.example:5001"]},
    "registry_redirects": {"ghcr.io": ["mirror.mdo.example/team"]},
    "prod_cluster": "us-central1.prod",
    "dry_run_clusters": ["us-central1.staging"],
    "environment": {
        "repository": "mdo/mdo-environments",
        "dev_branch": "development",
        "prod_branch": "production",
        "folders": ["apps", "platform"],
        "exempt_kinds": ["external-secrets.io/v1 ExternalSecret"],
        "exempt_paths": ["apps/shop/values.yaml"],
        "image_paths": ["argoproj.io/v1alpha1 Rollout spec.template.spec:podSpec"],
    },
    "github": _APPS | {"confirm_prod": _CONFIRMING | {"app": {**_CONFIRMING["app"], "tokens": "kept"}}},
    "webhooks": ["docker-hub", "github", "distribution"],
    "suites": {
        "qa": {
            **_QA,
            "trusted_versions": [1, 2],
            "signing_version": 2,
            "vulnerabilities": {
                "mode": "enforce",
                "allow": [{"cve": "CVE-2026-1234", "until": "2026-12-31", "owner": "team-posts"}],
                "block": ["CVE-2021-44228"],
            },
        },
        "security": {**_BUILT, "vulnerabilities": {"mode": "warn", "unscanned": "allow"}},
    },
    "build_triggers": {TRIGGER: "security"},
    "attestations": {"payload": "pae", "children": "runnable", "replace": "delete-and-create"},
    "releases": {
        "strategy": "branch",
        "protection": "enforce",
        "show_vulnerabilities": True,
        "pull_request": {
            "labels": ["release"],
            "reviewers": ["dana"],
            "team_reviewers": ["sre"],
            "assignees": ["dana"],
            "draft": True,
            "title": "$verb $commit: $images",
            "body": "$summary\n$promise",
            "runbook": "https://mdo.example/release",
        },
    },
    "settings": {
        "resolve_image": _ALL,
        "pin_manifests": {**_ALL, **_WEB},
        "attest_images": {**_ALL, **_WEB, "PRODGATE_ATTESTORS_KEPT_S": "30"},
        "open_prod_pr": {**_ALL, **_WEB, "PRODGATE_ATTESTORS_KEPT_S": "30"},
        "confirm_prod": {**_ALL, **_WEB},
        "receive_push": _ALL,
    },
}

CHOICES: Final[dict[str, dict[str, Any]]] = {
    "everything": EVERYTHING,
    "one project for all": {"prod_project": "mdo-gate", "dev_project": None},
    "dev and images in the gate's project": {
        "dev_project": "mdo-gate",
        "registries": ["us-docker.pkg.dev/mdo-gate/apps"],
        "registry_logins": {},
    },
    "images in prod's project, two suites, warm instances": {
        "registries": ["us-docker.pkg.dev/mdo-prod/apps", "us-docker.pkg.dev/mdo-prod/more", "ghcr.io/mdo"],
        "suites": {"qa": _QA, "security": {"github": {"workflow": ".github/workflows/security.yml"}}},
        "min_instances": 2,
    },
    "suites in Cloud Build": {"suites": {"qa": _BUILT}, "build_triggers": {TRIGGER: "qa"}},
    "tokens instead of Apps, and whoever may publish is believed": {
        "github": {name: {"login": app["login"]} for name, app in _APPS.items()},
        "evidence": "trust-publisher",
        "suites": {"qa": {}},
    },
    "nothing that can be left out, in a project without topics": {
        "dev_project": None,
        "webhooks": [],
        "registry_logins": {},
        "prod_testers": [],
        "operators": [],
        "github_tests": {},
        "probe": None,
        "adopt_topics": False,
    },
}
