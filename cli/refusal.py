"""What a person is told when a command cannot begin."""

from __future__ import annotations


def sentence(error: Exception) -> str:
    """Say what is wrong without the marks of a program: of a file, its name and what the system says."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
