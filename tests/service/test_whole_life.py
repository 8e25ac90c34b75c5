"""Whatever is done, in whatever order: history and state tell the same story."""

import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainarr.domain.life import ENDS, STEPS, Event, replay
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderError, ProviderRejected, ProviderUnavailable
from brainarr.service.blocks import block_style, list_blocks, revoke_block
from brainarr.service.feeds import artists_feed
from brainarr.service.history import read_life
from brainarr.service.keeping import settle_recommendations
from brainarr.service.learning import note_plays
from brainarr.service.library import sync_library
from brainarr.service.push import push
from brainarr.service.recommendations import Decision, decide
from brainarr.service.retention import Retention, clean_up
from brainarr.store.recommendations import RecommendationRow
from tests.conftest import Place, examples
from tests.service.given import ran
from tests.service.test_history import TakesIn
from tests.store.given import House, ScriptedLidarr, installed, mbid, owned, recommended

numbers = itertools.count(1_000)

# Taken back, a stronger no, or what Lidarr shows.
LEAVING = {
    *(Event.UNDONE, Event.UNBLOCKED, Event.BLOCKED),
    *(Event.IMPORTED, Event.REMOVED, Event.EXCLUDED),
}

REFUSED = ProviderRejected("lidarr", "it refuses.", status=400)
AWAY = ProviderUnavailable("lidarr", "it is away.")


class World:
    """Two recommendations of one run, a Lidarr, and everything that can happen to them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lidarr = ScriptedLidarr([owned(900_000)])
        self.artists = [next(numbers), next(numbers)]
        self.style = f"style {self.artists[0]}"
        self.ids: list[int] = []

    async def begin(self, *, automatic: bool) -> None:
        found = [recommended(number, genres=(self.style,)) for number in self.artists]
        detail = await ran(self.house, found, auto_approve=automatic, library=self.lidarr)
        self.ids = [row.id for row in detail.recommendations]

    async def do(self, action: str, which: int) -> None:
        db, clock, number = self.house.db, self.house.clock, self.ids[which]
        artist = self.artists[which]
        with suppress(Conflict, NotFound, ProviderError):
            if action in set(Decision):
                await decide(db, number, Decision(action), clock=clock)
            else:
                await self._others()[action](artist, number)

    def _others(self) -> dict[str, Callable[[int, int], Awaitable[object]]]:
        db, clock, lidarr = self.house.db, self.house.clock, self.lidarr

        async def wait_an_hour(artist: int, number: int) -> None:
            clock.advance(hours=1)

        async def wait_a_month(artist: int, number: int) -> None:
            clock.advance(days=31)

        async def arrive(artist: int, number: int) -> None:
            lidarr.artists.append(owned(artist))
            await sync_library(db, lidarr, clock, lambda _: None)

        async def vanish(artist: int, number: int) -> None:
            lidarr.artists = [found for found in lidarr.artists if found.id != artist]
            await settle_recommendations(db, lidarr, clock)

        async def exclude(artist: int, number: int) -> None:
            lidarr.exclusions |= {mbid(artist)}
            await settle_recommendations(db, lidarr, clock)

        async def play(artist: int, number: int) -> None:
            lidarr.artists = [
                owned(artist, plays=5) if found.id == artist else found for found in lidarr.artists
            ]
            library = await sync_library(db, lidarr, clock, lambda _: None)
            await note_plays(db, library, clock=clock)

        async def unblock(artist: int, number: int) -> None:
            for block in await list_blocks(db):
                await revoke_block(db, block.id, clock=clock)

        return {
            "poll": lambda artist, number: artists_feed(db, "default", clock=clock),
            "push": lambda artist, number: push(db, number, {"default": TakesIn()}, clock=clock),
            "refuse": lambda artist, number: push(db, number, {"default": TakesIn(REFUSED)}, clock=clock),
            "away": lambda artist, number: push(db, number, {"default": TakesIn(AWAY)}, clock=clock),
            "arrive": arrive,
            "vanish": vanish,
            "exclude": exclude,
            "settle": lambda artist, number: settle_recommendations(db, lidarr, clock),
            "play": play,
            "block style": lambda artist, number: block_style(db, self.style, clock=clock),
            "unblock": unblock,
            "wait an hour": wait_an_hour,
            "wait a month": wait_a_month,
            "clean up": lambda artist, number: clean_up(db, Retention(history_days=None), clock=clock),
        }

    async def check(self) -> None:
        for number in self.ids:
            life = await read_life(self.house.db, number)
            row, events = life.recommendation, [each.event for each in life.events]
            states = replay(entry.event for entry in events)
            assert [each.status for each in life.events] == list(states)
            assert states[-1] == row.status, (row, events)
            before: Status | None = None
            for entry, after in zip(events, states, strict=True):
                if before is None:
                    assert entry.event is Event.PROPOSED
                else:
                    assert before in STEPS[entry.event].begins, (before, entry.event)
                if before in ENDS and after != before:
                    assert entry.event in LEAVING
                before = after
            moments = [entry.at for entry in events]
            assert moments == sorted(moments)
            assert moments[-1] <= self.house.clock()
            self._check_row(row, [entry.event for entry in events])

    def _check_row(self, row: RecommendationRow, events: list[Event]) -> None:
        status = row.status
        if status is Status.DELIVERED:
            assert row.deliveries >= 1
            assert row.first_delivered_at is not None and row.delivered_at is not None
            assert row.first_delivered_at <= row.delivered_at
        if status in (Status.IMPORTED, Status.KEPT):
            assert row.imported_at is not None
        assert (row.given_up_at is not None) == (
            status is Status.FAILED and [e for e in events if STEPS[e].to][-1] is Event.GIVEN_UP
        )


ACTIONS = (
    *Decision,
    *("poll", "push", "refuse", "away", "arrive", "vanish", "exclude", "settle", "play"),
    *("block style", "unblock", "wait an hour", "wait a month", "clean up"),
    # More often than the rest: ways on, so that late states are reached too.
    *("approve", "poll", "arrive", "wait a month", "settle") * 3,
)


lives = st.lists(
    st.tuples(st.sampled_from([str(action) for action in ACTIONS]), st.integers(0, 1)),
    min_size=10,
    max_size=30,
)
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


async def live(place: Place, automatic: bool, actions: list[tuple[str, int]]) -> None:
    async with installed(*place) as house:
        world = World(house)
        await world.begin(automatic=automatic)
        await world.check()
        for action, which in actions:
            await world.do(action, which)
            await world.check()


@settings(max_examples=examples(20), deadline=None, suppress_health_check=UNHURRIED)
@given(st.booleans(), lives)
async def test_any_sequence_of_actions_leaves_history_consistent_with_the_state(
    on_sqlite: Place, automatic: bool, actions: list[tuple[str, int]]
) -> None:
    await live(on_sqlite, automatic, actions)


@settings(max_examples=examples(3), deadline=None, suppress_health_check=UNHURRIED)
@given(st.booleans(), lives)
async def test_so_it_does_on_postgresql(
    on_postgres: Place, automatic: bool, actions: list[tuple[str, int]]
) -> None:
    await live(on_postgres, automatic, actions)
