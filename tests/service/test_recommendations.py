"""Deciding and pushing: one state machine, and nothing said to Lidarr that cannot be taken back."""

import msgspec
import pytest

from brainarr.domain.life import Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderError, ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import ImportOptions, Taken
from brainarr.service.feeds import artists_feed
from brainarr.service.history import read_history
from brainarr.service.library import sync_library
from brainarr.service.lists import sync_now
from brainarr.service.push import Monitor, push
from brainarr.service.recommendations import (
    Decided,
    Decision,
    count_recommendations,
    decide,
    decide_many,
    list_recommendations,
    read_recommendation,
)
from brainarr.store.history import Sought
from brainarr.store.page import PageOf
from tests.fakes import Offers
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


class TakesIn(Offers):
    """An Importer that notes what it is given, and fails when told to."""

    def __init__(self, failure: ProviderError | None = None) -> None:
        self.failure = failure
        self.added: list[tuple[str, ...]] = []
        self.options: list[ImportOptions] = []
        self.taken = Taken.ADDED
        self.synced: list[str] = []

    async def add_artist(self, mbid: Mbid, name: str, options: ImportOptions) -> Taken:
        if self.failure:
            raise self.failure
        self.added.append(("artist", mbid, name))
        self.options.append(options)
        return self.taken

    async def add_album(self, album: Mbid, artist: Mbid, name: str, options: ImportOptions) -> Taken:
        if self.failure:
            raise self.failure
        self.added.append(("album", album, artist, name))
        self.options.append(options)
        return self.taken

    async def sync_lists(self, url_part: str) -> int:
        self.synced.append(url_part)
        return 2


async def in_status(house: House, status: Status) -> int:
    """A recommendation that came into `status` the way it does in life."""
    await ran(house, [recommended(1)])
    number = (await list_recommendations(house.db)).items[0].id
    if status in (Status.REJECTED, Status.BLOCKED):
        decision = Decision.REJECT if status is Status.REJECTED else Decision.BLOCK
        await decide(house.db, number, decision, clock=house.clock)
    elif status is not Status.PENDING:
        await decide(house.db, number, Decision.APPROVE, clock=house.clock)
    if status in (Status.DELIVERED, Status.IMPORTED):
        await artists_feed(house.db, "default", clock=house.clock)
    if status is Status.IMPORTED:
        await sync_library(house.db, ScriptedLidarr([owned(1)]), house.clock, lambda _: None)
    if status is Status.FAILED:
        with pytest.raises(ProviderRejected):
            await push(
                house.db,
                number,
                {"default": TakesIn(ProviderRejected("lidarr", "no root folder", status=400))},
                clock=house.clock,
            )
    assert (await read_recommendation(house.db, number)).status is status
    return number


APPROVE, REJECT, BLOCK = Decision.APPROVE, Decision.REJECT, Decision.BLOCK
IMPOSSIBLE = None


@pytest.mark.parametrize(
    ("before", "decision", "after"),
    [
        (Status.PENDING, APPROVE, Status.APPROVED),
        (Status.PENDING, REJECT, Status.REJECTED),
        (Status.PENDING, BLOCK, Status.BLOCKED),
        (Status.APPROVED, APPROVE, Status.APPROVED),
        (Status.APPROVED, REJECT, Status.REJECTED),
        (Status.DELIVERED, APPROVE, Status.DELIVERED),
        (Status.DELIVERED, REJECT, IMPOSSIBLE),
        (Status.DELIVERED, BLOCK, Status.BLOCKED),
        (Status.IMPORTED, APPROVE, Status.IMPORTED),
        (Status.IMPORTED, REJECT, IMPOSSIBLE),
        (Status.IMPORTED, BLOCK, IMPOSSIBLE),
        (Status.REJECTED, APPROVE, Status.APPROVED),
        (Status.REJECTED, REJECT, Status.REJECTED),
        (Status.BLOCKED, APPROVE, IMPOSSIBLE),
        (Status.BLOCKED, REJECT, Status.BLOCKED),
        (Status.FAILED, APPROVE, Status.APPROVED),
        (Status.FAILED, REJECT, Status.REJECTED),
    ],
)
async def test_a_decision_leads_where_the_state_machine_says(
    house: House, before: Status, decision: Decision, after: Status | None
) -> None:
    number = await in_status(house, before)
    if after is IMPOSSIBLE:
        with pytest.raises(Conflict, match=f"is {before} and cannot be"):
            await decide(house.db, number, decision, clock=house.clock)
        after = before
    else:
        assert (await decide(house.db, number, decision, clock=house.clock)).status is after
    assert (await read_recommendation(house.db, number)).status is after


async def test_deciding_the_same_twice_is_one_event(house: House) -> None:
    number = await in_status(house, Status.PENDING)
    await decide(house.db, number, REJECT, clock=house.clock, note="too slow")
    house.clock.advance(days=1)
    again = await decide(house.db, number, REJECT, clock=house.clock, note="again")
    assert again.note == "too slow"
    entries = (await read_history(house.db)).items
    assert [(entry.event, entry.note, entry.artist_mbid) for entry in entries] == [
        ("rejected", "too slow", mbid(1)),
        ("proposed", "", mbid(1)),
    ]


async def test_a_bulk_decision_does_what_it_can_and_says_what_it_cannot(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2), recommended(3)])
    first, second, third = (row.id for row in detail.recommendations)
    await decide(house.db, second, BLOCK, clock=house.clock)
    outcomes = await decide_many(house.db, [first, second, 999, third, first], APPROVE, clock=house.clock)
    assert outcomes == (
        Decided(first, Status.APPROVED, changed=True),
        Decided(second, None, "New 2 is blocked and cannot be approved any more."),
        Decided(999, None, "There is no recommendation 999."),
        Decided(third, Status.APPROVED, changed=True),
    )
    assert await count_recommendations(house.db) == {Status.APPROVED: 2, Status.BLOCKED: 1}


async def test_what_does_not_exist_is_said_so(house: House) -> None:
    with pytest.raises(NotFound, match="no recommendation 7"):
        await decide(house.db, 7, APPROVE, clock=house.clock)


async def test_recommendations_come_page_by_page_newest_run_first(house: House) -> None:
    await ran(house, [recommended(1), recommended(2)])
    await ran(house, [recommended(3), recommended(4), recommended(5)])
    pages = [await list_recommendations(house.db, PageOf(number, 2)) for number in (1, 2, 3)]
    names = [row.recommendation.artist for page in pages for row in page.items]
    assert names == ["New 3", "New 4", "New 5", "New 1", "New 2"]
    assert {page.total for page in pages} == {5}
    assert (await list_recommendations(house.db, status=Status.APPROVED)).total == 0
    assert (await list_recommendations(house.db, list_slug="other")).total == 0


async def test_a_push_hands_lidarr_the_artist_or_the_album(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2, album=3)], auto_approve=True)
    lidarr = TakesIn()
    for row in detail.recommendations:
        pushed = await push(house.db, row.id, {"default": lidarr}, clock=house.clock)
        assert (pushed.status, pushed.deliveries) == (Status.DELIVERED, 1)
    assert lidarr.added == [("artist", mbid(1), "New 1"), ("album", mbid(3), mbid(2), "New 2")]
    newest = (await read_history(house.db, sought=Sought(event=Event.PUSHED))).items
    assert [(entry.channel, entry.actor) for entry in newest] == [("push", "person")] * 2


@pytest.mark.parametrize(
    ("monitor", "calls", "new_releases"),
    [
        (None, ["album"], False),
        (Monitor.CHOSEN, ["album"], False),
        (Monitor.FUTURE, ["album"], True),
        (Monitor.ALL, ["artist", "album"], True),
    ],
)
async def test_of_a_pushed_album_as_much_is_monitored_as_was_asked_for(
    house: House, monitor: Monitor | None, calls: list[str], new_releases: bool
) -> None:
    detail = await ran(house, [recommended(2, album=3)], auto_approve=True)
    lidarr = TakesIn()
    chosen = ImportOptions(tags=("brainarr", "live"), search=True, root_folder="/more", quality_profile=2)
    (row,) = detail.recommendations
    await push(house.db, row.id, {"default": lidarr}, clock=house.clock, options=chosen, monitor=monitor)
    assert [call[0] for call in lidarr.added] == calls
    assert lidarr.options[-1] == msgspec.structs.replace(chosen, new_releases=new_releases)


@pytest.mark.parametrize(
    ("monitor", "asked"),
    [(None, "all"), (Monitor.ALL, "all"), (Monitor.FUTURE, "future"), (Monitor.NONE, "none")],
)
async def test_of_a_pushed_artist_as_much_is_monitored_as_was_asked_for(
    house: House, monitor: Monitor | None, asked: str
) -> None:
    (row,) = (await ran(house, [recommended(1)], auto_approve=True)).recommendations
    lidarr = TakesIn()
    await push(house.db, row.id, {"default": lidarr}, clock=house.clock, monitor=monitor)
    assert lidarr.options[-1].monitor == asked


@pytest.mark.parametrize(
    ("album", "monitor", "why"),
    [(None, Monitor.CHOSEN, "no album of theirs"), (3, Monitor.NONE, "nothing is to be monitored")],
)
async def test_what_makes_no_sense_is_not_pushed_and_changes_nothing(
    house: House, album: int | None, monitor: Monitor, why: str
) -> None:
    (row,) = (await ran(house, [recommended(1, album=album)], auto_approve=True)).recommendations
    lidarr = TakesIn()
    with pytest.raises(Conflict, match=why):
        await push(house.db, row.id, {"default": lidarr}, clock=house.clock, monitor=monitor)
    assert lidarr.added == []
    assert (await read_recommendation(house.db, row.id)).status is Status.APPROVED


@pytest.mark.parametrize(
    ("taken", "note"),
    [
        (Taken.ADDED, ""),
        (Taken.KNOWN, "Lidarr had it already, and keeps it as it was"),
        (Taken.MONITORED, "Lidarr listed it already, and monitors it now"),
    ],
)
async def test_what_lidarr_had_already_its_history_says(house: House, taken: Taken, note: str) -> None:
    (row,) = (await ran(house, [recommended(2, album=3)], auto_approve=True)).recommendations
    lidarr = TakesIn()
    lidarr.taken = taken
    await push(house.db, row.id, {"default": lidarr}, clock=house.clock)
    (told,) = (await read_history(house.db, sought=Sought(event=Event.PUSHED))).items
    assert told.note == note


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED, Status.BLOCKED, Status.IMPORTED])
async def test_only_what_is_approved_can_be_pushed(house: House, status: Status) -> None:
    number, lidarr = await in_status(house, status), TakesIn()
    with pytest.raises(Conflict, match="not approved"):
        await push(house.db, number, {"default": lidarr}, clock=house.clock)
    assert lidarr.added == []


async def test_what_lidarr_refuses_becomes_failed_and_says_why(house: House) -> None:
    number = await in_status(house, Status.FAILED)
    row = await read_recommendation(house.db, number)
    assert row.failure == "lidarr: no root folder"
    again = await decide(house.db, number, APPROVE, clock=house.clock)
    assert (again.status, again.failure) == (Status.APPROVED, None)


async def test_while_lidarr_is_away_an_approval_stays_one(house: House) -> None:
    number = await in_status(house, Status.APPROVED)
    with pytest.raises(ProviderUnavailable):
        await push(
            house.db, number, {"default": TakesIn(ProviderUnavailable("lidarr", "away"))}, clock=house.clock
        )
    assert (await read_recommendation(house.db, number)).status is Status.APPROVED


async def test_a_wrong_key_says_nothing_about_the_item(house: House) -> None:
    number = await in_status(house, Status.APPROVED)
    with pytest.raises(ProviderRejected):
        refused = TakesIn(ProviderRejected("lidarr", "wrong key", status=401))
        await push(house.db, number, {"default": refused}, clock=house.clock)
    assert (await read_recommendation(house.db, number)).status is Status.APPROVED


async def test_lidarr_is_asked_to_fetch_one_list_at_once(house: House) -> None:
    lidarr = TakesIn()
    assert await sync_now(house.db, {"default": lidarr}, "default") == 2
    assert lidarr.synced == ["/lists/default"]
    with pytest.raises(NotFound):
        await sync_now(house.db, {"default": lidarr}, "other")
