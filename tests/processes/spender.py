"""One process that asks a paid model as often and as fast as it can, within one budget for all."""

import asyncio
import sys
from pathlib import Path

from brainarr.domain.money import Limits
from brainarr.llm.chain import Chain
from brainarr.llm.models import open_links
from brainarr.store.session import open_database
from brainarr.store.usage import StoredLedger
from brainarr.wiring.build import utc_now
from tests.llm.given import ask, entry, guarded

TIMES = 12


async def main(folder: str, url: str, address: str, budget: int) -> None:
    links = open_links(
        [
            entry(
                name="paid",
                base_url=address,
                model="gold",
                api_key="not-a-real-key",
                location="cloud",
                context_window=16_000,
                prices={"input": 0, "output": 1000},
                concurrency=TIMES,
            )
        ]
    )
    db = open_database(url, Path(folder))

    guards = guarded(links)

    async def once() -> None:
        chain = Chain(links, StoredLedger(db, utc_now), guards, limits=Limits(month=budget))
        for report in (await ask(chain)).reports:
            print(report.outcome, flush=True)

    try:
        # All of them stand ready before the first one spends.
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(once() for _ in range(TIMES)))
    finally:
        for link in links:
            if link.model is not None:
                await link.model.aclose()
        await db.dispose()


if __name__ == "__main__":
    _, place, database, server, limit = sys.argv
    asyncio.run(main(place, database, server, int(limit)))
