"""Everybody who uses Brainarr at once: runs, decisions, Lidarr's polls, pages; promises are booked."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx2

from tests.chaos.book import APPROVE, REJECT, Book, Item
from tests.chaos.world import World

PATIENCE_S = 40.0
_PAGES = (
    "system/status",
    "health",
    "runs",
    "recommendations?page_size=20",
    "recommendations?status=delivered",
    "usage",
    "history?page_size=20",
    "lists",
    "providers",
    "providers/league",
    "learning",
)

_TARGETS = ("artists", "albums", "mixed")


class Callers:
    """Loops without end, each of one kind of caller; a broken line is waited out."""

    def __init__(
        self, address: str, api_key: str, feed_key: str, world: World, book: Book, rng: Random
    ) -> None:
        self._address = address
        self._api_key = api_key
        self._feed_key = feed_key
        self._world = world
        self._book = book
        self._rng = rng
        self.latencies: list[float] = []
        """Seconds of every answered request."""

    def loops(self) -> list[Callable[[httpx2.AsyncClient], Awaitable[None]]]:
        return [self._run, self._run, self._decide, self._decide, self._poll, self._sync, self._read]

    async def call(self) -> None:
        """Until cancelled."""
        limits = httpx2.Limits(max_connections=40)
        async with httpx2.AsyncClient(
            base_url=self._address,
            headers={"X-Api-Key": self._api_key},
            trust_env=False,
            timeout=PATIENCE_S,
            limits=limits,
        ) as client:
            tasks = [asyncio.create_task(self._again_and_again(loop, client)) for loop in self.loops()]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _again_and_again(
        self, loop: Callable[[httpx2.AsyncClient], Awaitable[None]], client: httpx2.AsyncClient
    ) -> None:
        while True:
            try:
                await loop(client)
            except httpx2.HTTPError:
                self._book.counts["broken lines"] += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(self._rng.uniform(0.02, 0.2))

    async def _ask(self, client: httpx2.AsyncClient, method: str, path: str, **more: Any) -> httpx2.Response:
        began = time.monotonic()
        answer = await client.request(method, path, **more)
        self.latencies.append(time.monotonic() - began)
        self._book.answered(f"{method} {path.partition('?')[0]}", answer.status_code, answer.text)
        return answer

    async def _run(self, client: httpx2.AsyncClient) -> None:
        asked = await self._ask(client, "POST", "/api/v1/runs", json={"target": self._rng.choice(_TARGETS)})
        if asked.status_code != 202:
            return
        self._book.counts["runs asked for"] += asked.json()["created"]
        path = f"/api/v1/runs/{asked.json()['id']}"
        for _ in range(200):
            seen = await self._ask(client, "GET", path)
            if seen.status_code == 200 and seen.json()["status"] not in ("queued", "running"):
                self._book.counts[f"runs {seen.json()['status']}"] += 1
                return
            await asyncio.sleep(0.15)

    async def _decide(self, client: httpx2.AsyncClient) -> None:
        status = "approved" if self._rng.random() < 0.15 else "pending"
        page = await self._ask(client, "GET", f"/api/v1/recommendations?status={status}&page_size=30")
        if page.status_code != 200 or not page.json():
            return
        row = page.json()[self._rng.randrange(len(page.json()))]
        self._book.learn(row)
        number, made = row["id"], self._book.decisions.get(row["id"], [])
        if any(decision.promised is None for decision in made) or len(made) > 1:
            return
        if made:
            # A change of mind, which holds only as long as nobody has received it.
            await self._promise(client, number, REJECT)
        elif status == "pending":
            await self._promise(client, number, APPROVE if self._rng.random() < 0.7 else REJECT)

    async def _promise(self, client: httpx2.AsyncClient, number: int, verb: str) -> None:
        asked = time.monotonic()
        claimed = self._book.decisions[number]
        # Booked before it is asked for: the callers are several, and a kill may come between.
        self._book.decide(number, verb, asked, None)
        mine = claimed[-1]
        answer = await self._ask(client, "POST", f"/api/v1/recommendations/{number}/{verb}")
        claimed.remove(mine)
        if answer.is_success:
            self._book.decide(number, verb, asked, time.monotonic())
            self._book.counts[f"{verb} promised"] += 1
        elif answer.status_code >= 500:
            # "Not stored", says a 503; but a lost connection at the commit may have stored it.
            claimed.append(mine)

    async def _poll(self, client: httpx2.AsyncClient) -> None:
        asked = time.monotonic()
        key = {"X-Api-Key": self._feed_key}
        artists = await self._ask(client, "GET", "/lists/default/artists", headers=key)
        items: list[Item] = []
        if artists.status_code == 200:
            items += [("artist", row["MusicBrainzId"]) for row in artists.json()]
        albums = await self._ask(client, "GET", "/lists/default/api/v1/album", headers=key)
        if albums.status_code == 200:
            items += [("album", row["foreignAlbumId"]) for row in albums.json()]
        self._book.carried(asked, tuple(items))

    async def _sync(self, client: httpx2.AsyncClient) -> None:
        self._book.synced(await asyncio.to_thread(self._world.sync))
        await asyncio.sleep(0.3)

    async def _read(self, client: httpx2.AsyncClient) -> None:
        await self._ask(client, "GET", f"/api/v1/{_PAGES[self._rng.randrange(len(_PAGES))]}")
