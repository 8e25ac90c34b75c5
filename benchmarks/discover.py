"""What the first page of Discover costs the server, against a page that shows nothing, in the same process.

    python -m benchmarks.discover [RECOMMENDATIONS] [ROUNDS]        (default: 2000 and 60)

Prints one JSON object: milliseconds from the request's arrival to the last byte of its answer, without a
socket; how many statements each asks the database; and `ratio`, the median of the rounds' ratios to the bare
page ("More": the same frame, the same sign-in). The two take turns, so that whatever else the machine does
slows down both.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx2

from brainarr import log
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Status, Voice
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.runs import request_run
from brainarr.store import lists, recommendations
from brainarr.wiring.build import House, open_house
from brainarr.wiring.serve import web_app
from tests.web.statements import statements

KEY = "benchmark-of-discover-0123456789"
PAGES = {
    "first_page": "/discover",
    "list_view": "/discover?view=list&sort=artist",
    "filtered": "/discover?genre=genre+3&era=1990&q=album",
    "counts_alone": "/discover",
    "bare": "/more",
}
BLOCKS = {"counts_alone": "tabs"}
GENRES, SOURCES = 120, ("listenbrainz", "deezer", "lastfm", "similarity", "home")


def recommended(number: int, dice: random.Random) -> Recommendation:
    mbid = Mbid(f"{number:08x}-0000-4000-8000-{number:012x}")
    sources = dice.sample(SOURCES, 3)
    parts = Parts(*(dice.random() for _ in range(4)))
    seeds = tuple(f"Owned {dice.randrange(900)}" for _ in range(5))
    return Recommendation(
        artist=f"Artist {number}",
        artist_mbid=mbid,
        album=f"Album {number}",
        release_group_mbid=mbid,
        year=dice.randrange(1960, 2026),
        genres=tuple({f"genre {dice.randrange(GENRES)}" for _ in range(5)}),
        score=dice.random(),
        parts=parts,
        confidence=dice.random(),
        evidence=Evidence(seeds=seeds, sources=tuple(sources), shared_genres=("genre 1", "genre 2")),
        voices=tuple(Voice(one, 1.0, 0.5, seeds=tuple((seed, 0.2) for seed in seeds)) for one in sources),
        reason="Found from five of your artists, and shares two genres with much of the library.",
    )


async def fill(house: House, count: int) -> None:
    dice = random.Random(0)
    asked = await request_run(house.db, DEFAULT_LIST, clock=house.clock)
    found = [recommended(number, dice) for number in range(1, count + 1)]
    async with house.db.transaction() as connection:
        stored = await lists.list_named(connection, DEFAULT_LIST)
        assert stored is not None
        await recommendations.insert_recommendations(
            connection, asked.id, stored.id, found, Status.PENDING, house.clock()
        )


class Asked(NamedTuple):
    seconds: float
    cpu: float
    """Seconds of the processor, which a busy machine disturbs less."""
    size: int


async def ask(client: httpx2.AsyncClient, name: str) -> Asked:
    began, used = time.perf_counter(), time.process_time()
    answer = await client.get(PAGES[name], headers={"X-Block": BLOCKS[name]} if name in BLOCKS else {})
    taken, spent = time.perf_counter() - began, time.process_time() - used
    assert answer.status_code == 200, answer.text
    return Asked(taken, spent, len(answer.content))


async def measure(count: int, rounds: int, folder: Path) -> dict[str, object]:
    async with open_house(folder, {"BRAINARR__SERVER__API_KEY": KEY}) as house:
        await fill(house, count)
        transport = httpx2.ASGITransport(app=web_app(house))
        headers = {"X-Api-Key": KEY, "Accept": "text/html"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost:8690", headers=headers
        ) as client:
            asked: dict[str, int] = {}
            sizes: dict[str, int] = {}
            for name in PAGES:
                await ask(client, name)
                with statements(house.db) as said:
                    sizes[name] = (await ask(client, name)).size
                asked[name] = len(said)
            taken: dict[str, list[Asked]] = {name: [] for name in PAGES}
            for _ in range(rounds):
                for name in PAGES:
                    taken[name].append(await ask(client, name))
    return {
        "benchmark": "discover",
        "recommendations": count,
        "rounds": rounds,
        "pages": {
            name: {**figures(taken[name], taken["bare"]), "statements": asked[name], "bytes": sizes[name]}
            for name in PAGES
        },
    }


def figures(taken: list[Asked], bare: list[Asked]) -> dict[str, float]:
    seconds = [one.seconds for one in taken]
    return {
        "median_ms": round(statistics.median(seconds) * 1_000, 2),
        "p95_ms": round(statistics.quantiles(seconds, n=20)[18] * 1_000, 2),
        "cpu_ms": round(statistics.median(one.cpu for one in taken) * 1_000, 2),
        "ratio": round(statistics.median(a.seconds / b.seconds for a, b in zip(taken, bare, strict=True)), 2),
    }


def main(arguments: list[str]) -> None:
    count, rounds = (int(one) for one in (*arguments, *("2000", "60")[len(arguments) :]))
    log.configure("warning")
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(count, rounds, Path(folder))), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
