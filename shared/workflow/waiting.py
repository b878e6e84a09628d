"""Looking once more for the suites that a release waits for: GitHub may show a status some seconds after it was set.

Two suites that finish together wake open_prod_pr twice. Were a first look that lags the last word, both events could
end as "waits for the other", and nobody would be left to open the pull request before the next `release-check`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from shared.workflow.promotion import Looking
from shared.workflow.scene import Scene

LOOK_AGAIN_S: Final = (1.0, 2.0, 4.0)  # together far below the function's deadline of 45 s


async def look_again(scene: Scene, looking: Looking) -> Scene:
    """Answer the scene with the tested commit's statuses as they are now; everything else is as old as it was.

    Raises:
        Unavailable: they cannot be read.
    """
    return replace(scene, statuses=await looking.repository.statuses.on(scene.tested.sha))
