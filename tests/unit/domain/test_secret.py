"""A secret cannot be printed by accident."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from shared.domain.secret import SecretText

SECRET = SecretText("hunter2")


@pytest.mark.parametrize(
    "printed", [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>3}", "".join(map(str, [SECRET])), str([SECRET])]
)
def test_a_secret_prints_as_stars(printed: str) -> None:
    """Logs and error messages print whatever they are given."""
    assert printed in {"***", "[***]"}


def test_only_reveal_gives_the_text() -> None:
    """The one call that needs it says so, and can be searched for."""
    assert SECRET.reveal() == "hunter2"
    assert not hasattr(SECRET, "__dict__")


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_neither_pickled_copied_nor_serialised(write: object) -> None:
    """A cache or a message would keep it somewhere on disk."""
    assert callable(write)
    with pytest.raises(TypeError):
        write(SECRET)
