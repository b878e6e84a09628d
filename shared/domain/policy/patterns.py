"""Allowlist patterns: they match the literal string of the pod spec, and nothing is normalised before.

A wildcard stands at the end only, after the registry: `*` does not cross a slash, `**` does (policy-yaml-reference,
"namePattern"; AdmissionWhitelistPattern.name_pattern).
"""

from __future__ import annotations


def matches(pattern: str, written: str) -> bool:
    """Whether an allowlist pattern matches the literal image string.

    A wildcard inside of it, or before the registry is named (`**` alone would admit everything), matches nothing.
    """
    stem = pattern.rstrip("*")
    stars = len(pattern) - len(stem)
    if "*" in stem or stars > len("**"):
        return False
    if not stars:
        return written == pattern
    if "/" not in stem:
        return False
    rest = written.removeprefix(stem)
    return written.startswith(stem) and (stars == len("**") or "/" not in rest)
