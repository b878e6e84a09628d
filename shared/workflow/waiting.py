"""Looking once more for the suites that a release waits for: GitHub may show a status some seconds after it was set.

Two suites that finish together wake open_prod_pr twice. Were a first look that lags the last word, both events could
end as "waits for the other", and nobody would be left to open the pull request before the next `release-check`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from shared.workflow.judge import waited_for
from shared.workflow.promotion import Looking
from shared.workflow.scene import Scene

_LOOK_AGAIN_S: Final = (1.0, 2.0, 4.0)  # together far below the function's deadline of 45 s


async def look_longer(scene: Scene, looking: Looking) -> Scene:
    """Read the statuses again while a required one is missing and the event is young; answer the scene as it is then.

    Raises:
        Unavailable: they cannot be read.
    """
    for pause_s in _LOOK_AGAIN_S if looking.settling else ():
        if not waited_for(scene, looking):
            break
        await asyncio.sleep(pause_s)
        scene = replace(scene, statuses=await looking.repository.statuses.on(scene.tested.sha))
    return scene
