"""Works without end on the folder it is given and says what it has finished; test_killed kills it."""

import asyncio
import itertools
import sys
from pathlib import Path

from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import recover_runs
from brainarr.store.runs import Process
from tests.service.given import HERE, ran
from tests.store.given import ScriptedLidarr, installed, owned, recommended


async def work(folder: Path) -> None:
    async with installed(folder) as house:
        await recover_runs(house.db, Process(HERE.host, HERE.pid, "anew"), clock=house.clock)
        for round_ in itertools.count():
            # Every artist has changed each time, so that the sync takes a while and can be hit.
            lidarr = ScriptedLidarr([owned(number, track_files=round_) for number in range(900, 2_000)])
            detail = await ran(house, [recommended(number) for number in range(1, 6)], library=lidarr)
            for row in detail.recommendations:
                await decide(house.db, row.id, Decision.APPROVE, clock=house.clock)
                print(f"approved {row.id}", flush=True)


asyncio.run(work(Path(sys.argv[1])))
