"""A recommendation's whole life: told in order, sought, exported, and consistent whatever is done."""

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from brainarr.domain.learning import DEFAULT_WEIGHTS
from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import ImportOptions, Taken
from brainarr.service.exports import as_csv, as_json_lines
from brainarr.service.feeds import artists_feed
from brainarr.service.history import SLICE, every_event, read_history, read_life
from brainarr.service.keeping import settle_recommendations
from brainarr.service.learning import note_plays, read_taste
from brainarr.service.library import sync_library
from brainarr.service.push import push
from brainarr.service.recommendations import Decision, decide, decide_many, read_recommendation
from brainarr.service.troubles import STUCK_AFTER, STUCK_ANYHOW, STUCK_POLLS, count_troubles, list_troubles
from brainarr.store.history import HistoryRow, Sought
from brainarr.store.page import PageOf
from tests.conftest import NOW
from tests.fakes import Offers
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


class TakesIn(Offers):
    """An Importer that fails when told to."""

    def __init__(self, failure: ProviderRejected | ProviderUnavailable | None = None) -> None:
        self.failure = failure

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        if self.failure:
            raise self.failure
        return Taken.ADDED

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        if self.failure:
            raise self.failure
        return Taken.ADDED

    async def sync_lists(self, url_part: str) -> int:
        return 1


REFUSED = ProviderRejected("lidarr", "it refuses (Path: none).", remedy="Set lidarr.root_folder.", status=400)
AWAY = ProviderUnavailable("lidarr", "it is away.", remedy="Wait.")


async def one(house: House) -> int:
    (row,) = (await ran(house, [recommended(1)])).recommendations
    return row.id


async def told(house: House, number: int) -> list[tuple[Event, Actor, Status | None]]:
    life = await read_life(house.db, number)
    return [(each.event.event, each.event.actor, each.status) for each in life.events]


async def test_a_life_is_told_from_its_proposal_to_its_end_with_who_caused_what(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    number = await one(house)
    house.clock.advance(hours=1)
    await decide(house.db, number, Decision.APPROVE, clock=house.clock, note="yes", actor=Actor.API)
    for _ in range(3):
        house.clock.advance(hours=6)
        await artists_feed(house.db, "default", clock=house.clock)
    last = house.clock()
    lidarr.artists.append(owned(1, plays=7))
    house.clock.advance(hours=1)
    library = await sync_library(house.db, lidarr, house.clock, lambda _: None)
    await note_plays(house.db, library, clock=house.clock)
    house.clock.advance(days=31)
    await settle_recommendations(house.db, lidarr, house.clock)
    assert await told(house, number) == [
        (Event.PROPOSED, Actor.PERSON, Status.PENDING),
        (Event.APPROVED, Actor.API, Status.APPROVED),
        (Event.DELIVERED, Actor.LIDARR, Status.DELIVERED),
        (Event.IMPORTED, Actor.LIDARR, Status.IMPORTED),
        (Event.PLAYED, Actor.PERSON, Status.IMPORTED),
        (Event.KEPT, Actor.LIDARR, Status.KEPT),
    ]
    life = await read_life(house.db, number)
    delivered = life.events[2]
    assert (delivered.event.channel, delivered.event.list) == ("artists", "default")
    assert (delivered.event.at, delivered.last_at, delivered.times) == (last - timedelta(hours=12), last, 3)
    proposed = life.events[0].event
    assert (proposed.run_id, proposed.sources, proposed.score, proposed.place) == (
        1,
        ("listenbrainz",),
        0.75,
        1,
    )
    assert life.events[3].event.channel == "library"
    with pytest.raises(NotFound, match="no recommendation 99"):
        await read_life(house.db, 99)


async def test_a_rejection_that_is_thought_over_is_taken_back_first_and_holds_again_after_an_undo(
    house: House,
) -> None:
    number = await one(house)
    for decision in (Decision.REJECT, Decision.APPROVE, Decision.UNDO, Decision.UNDO):
        house.clock.advance(hours=1)
        row = await decide(house.db, number, decision, clock=house.clock)
    assert (row.status, row.decided_at) == (Status.PENDING, None)
    assert [event for event, _, _ in await told(house, number)] == [
        Event.PROPOSED,
        Event.REJECTED,
        Event.UNDONE,
        Event.APPROVED,
        Event.UNDONE,
        Event.REJECTED,
        Event.UNDONE,
    ]


async def test_a_push_that_fails_leaves_its_reason_its_remedy_and_how_often_it_was_tried(
    house: House,
) -> None:
    number = await one(house)
    await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    for failure in (AWAY, REFUSED):
        house.clock.advance(minutes=5)
        with pytest.raises(type(failure)):
            await push(house.db, number, {"default": TakesIn(failure)}, clock=house.clock)
    row = await read_recommendation(house.db, number)
    assert (row.status, row.attempts, row.tried_at) == (Status.FAILED, 2, house.clock())
    assert (row.failure, row.remedy) == ("lidarr: it refuses (Path: none).", "Set lidarr.root_folder.")
    events = [each.event for each in (await read_life(house.db, number)).events[2:]]
    assert [(entry.event, entry.cause, entry.remedy) for entry in events] == [
        (Event.ATTEMPTED, Failure.AWAY, "Wait."),
        (Event.FAILED, Failure.REFUSED, "Set lidarr.root_folder."),
    ]
    (trouble,) = (await list_troubles(house.db, clock=house.clock)).items
    assert trouble.why == row.failure
    assert trouble.remedy.startswith("Set lidarr.root_folder.")

    again = await decide(house.db, number, Decision.RETRY, clock=house.clock)
    assert (again.status, again.failure, again.attempts) == (Status.APPROVED, None, 0)
    assert (await list_troubles(house.db, clock=house.clock)).total == 0
    assert (await read_life(house.db, number)).events[-1].event.note == "after 0 deliveries and 2 pushes"
    await push(house.db, number, {"default": TakesIn()}, clock=house.clock)
    assert (await told(house, number))[-1] == (Event.PUSHED, Actor.PERSON, Status.DELIVERED)


async def test_what_lidarr_never_takes_in_is_stuck_and_can_be_tried_again_or_given_up(house: House) -> None:
    number = await one(house)
    await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    await artists_feed(house.db, "default", clock=house.clock)
    with pytest.raises(Conflict, match="may still take it in"):
        await decide(house.db, number, Decision.GIVE_UP, clock=house.clock)
    house.clock.advance(seconds=STUCK_AFTER.total_seconds())
    for _ in range(STUCK_POLLS - 2):
        await artists_feed(house.db, "default", clock=house.clock)
    assert (await count_troubles(house.db, clock=house.clock)).stuck == 0
    await artists_feed(house.db, "default", clock=house.clock)
    assert (await count_troubles(house.db, clock=house.clock)).stuck == 1
    (trouble,) = (await list_troubles(house.db, clock=house.clock)).items
    assert trouble.why == "Lidarr has not taken it in after 12 deliveries in 3 days."
    await decide(house.db, number, Decision.RETRY, clock=house.clock)
    await artists_feed(house.db, "default", clock=house.clock)
    row = await read_recommendation(house.db, number)
    assert (row.deliveries, row.first_delivered_at) == (1, house.clock())

    house.clock.advance(seconds=STUCK_ANYHOW.total_seconds())
    before = await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock)
    given_up = await decide(house.db, number, Decision.GIVE_UP, clock=house.clock)
    assert (given_up.status, given_up.failure) == (
        Status.FAILED,
        "Lidarr has not taken it in after 1 delivery in 14 days.",
    )
    again = await decide(house.db, number, Decision.GIVE_UP, clock=house.clock)
    assert again.given_up_at == given_up.given_up_at
    troubles = await count_troubles(house.db, clock=house.clock)
    assert (troubles.failed, troubles.stuck) == (0, 0)
    assert (await artists_feed(house.db, "default", clock=house.clock)).items == ()
    # It was wanted, and still is: giving up says nothing of the taste.
    assert await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock) == before
    lidarr = ScriptedLidarr([owned(1)])
    await sync_library(house.db, lidarr, house.clock, lambda _: None)
    assert (await read_recommendation(house.db, number)).status is Status.IMPORTED


async def test_history_is_sought_by_all_that_is_known_of_it(house: House) -> None:
    first = await ran(house, [recommended(1), recommended(2)])
    house.clock.advance(days=1)
    second = await ran(house, [recommended(3)])
    one, two = (row.id for row in first.recommendations)
    await decide_many(house.db, [one, two], Decision.REJECT, clock=house.clock, actor=Actor.API)

    async def found(**sought: object) -> set[tuple[str, str]]:
        page = await read_history(house.db, sought=Sought(**sought))  # type: ignore[arg-type]
        assert page.total == len(page.items)
        return {(entry.artist, entry.event) for entry in page.items}

    everything = {(f"New {n}", "proposed") for n in (1, 2, 3)} | {(f"New {n}", "rejected") for n in (1, 2)}
    assert await found() == everything
    assert await found(event=Event.REJECTED) == {("New 1", "rejected"), ("New 2", "rejected")}
    assert await found(actor=Actor.API) == {("New 1", "rejected"), ("New 2", "rejected")}
    assert await found(run=second.run.id) == {("New 3", "proposed")}
    assert await found(list="default") == everything
    assert await found(list="other") == set()
    assert await found(source="listenbrainz") == everything
    assert await found(source="listen") == set()
    assert await found(artist="new 1") == {("New 1", "proposed"), ("New 1", "rejected")}
    assert await found(artist="%") == set()
    assert await found(recommendation=two, event=Event.PROPOSED) == {("New 2", "proposed")}
    assert await found(status=Status.PENDING) == {("New 3", "proposed")}
    assert await found(until=house.clock()) == {("New 1", "proposed"), ("New 2", "proposed")}
    assert await found(since=house.clock(), event=Event.PROPOSED) == {("New 3", "proposed")}
    oldest = await read_history(house.db, PageOf(2, 2), oldest_first=True)
    assert [entry.artist for entry in oldest.items] == ["New 3", "New 1"]
    assert (oldest.total, oldest.page) == (5, 2)


async def rows_of(lines: AsyncIterator[str]) -> str:
    return "".join([line async for line in lines])


async def test_an_export_has_every_event_once_and_in_order_over_many_slices(house: House) -> None:
    count = SLICE // 100 + 1
    for _ in range(count):
        await ran(house, [recommended(n) for n in range(1, 101)])
    text = await rows_of(as_csv(HistoryRow, every_event(house.db)))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == HistoryRow.__struct_fields__
    numbers = [int(row["id"]) for row in rows]
    assert numbers == sorted(set(numbers)) and len(numbers) == count * 100
    lines = (await rows_of(as_json_lines(every_event(house.db, Sought(artist="New 100"))))).splitlines()
    assert len(lines) == count
    assert msgspec.json.decode(lines[0], type=HistoryRow).artist == "New 100"


async def test_a_long_export_needs_no_memory() -> None:
    row = HistoryRow(
        1, NOW, Event.PROPOSED, 1, "A" * 200, mbid(1), None, None, "", Actor.API, None, None, None
    )

    async def many(count: int) -> AsyncIterator[HistoryRow]:
        for _ in range(count):
            yield row

    async def peak(count: int) -> int:
        tracemalloc.start()
        async for _ in as_csv(HistoryRow, many(count)):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert await peak(4_000) < 2 * await peak(400)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("a=b", "a=b"),
        ("!!!", "!!!"),
    ],
)
async def test_a_spreadsheet_computes_nothing_of_an_export(house: House, name: str, written: str) -> None:
    await ran(house, [msgspec.structs.replace(recommended(1), artist=name)])
    text = await rows_of(as_csv(HistoryRow, every_event(house.db)))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["artist"] == written
