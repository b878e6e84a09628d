"""How long a hostile file may occupy a core."""

from __future__ import annotations

from typing import Final

# A third of a function's deadline (45 s, shared/runtime/wiring/surroundings.py). Each takes some 2 s of a core that is
# alone, and was seen to take 6 on one that shares its host; what grows with the square of the file takes minutes.
HOSTILE_S: Final = 15.0
