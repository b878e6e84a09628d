"""Loading a function without work for the garbage collector, then and later."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import what a deployed function needs: nothing is collected meanwhile, and nothing of it is looked at afterwards.

    To import attest_images some 160,000 objects are made, of which 50,000 are garbage and nearly all others stay for
    good. Looking for that garbage is a seventh of the time that it takes. And later a full collection, which comes with
    every few events, would look at all that stay: 110 to 160 ms amid an event, against 8 ms (docs/adr/0030).
    For a process of its own only: whatever else is in it by then would stay as well.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
