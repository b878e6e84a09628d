"""The one error of staging."""

from __future__ import annotations


class StagingError(Exception):
    """The source cannot be staged; the message names the file and what a person has to change."""
