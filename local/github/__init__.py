"""A stand-in for GitHub: its REST API and git over HTTP, on real bare Git repositories."""

from local.github.server import GitHubStandIn

__all__ = ["GitHubStandIn"]
