"""Works without end on the folder it is given and says what it has finished; test_killed kills it."""

import asyncio
import sys
from pathlib import Path

from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import recover_runs
from brainarr.store.runs import Process
from tests.service.given import HERE, ran
from tests.store.given import installed, recommended


async def work(folder: Path) -> None:
    async with installed(folder) as house:
        await recover_runs(house.db, Process(HERE.host, HERE.pid, "anew"), clock=house.clock)
        while True:
            detail = await ran(house, [recommended(number) for number in range(1, 6)])
            for row in detail.recommendations:
                await decide(house.db, row.id, Decision.APPROVE, clock=house.clock)
                print(f"approved {row.id}", flush=True)


asyncio.run(work(Path(sys.argv[1])))
