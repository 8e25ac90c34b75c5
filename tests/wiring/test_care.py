"""A list of gaps and one of new releases, for real: sandbox Lidarr and catalogue over HTTP, a database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brainarr.domain.lists import ListKind
from brainarr.domain.recommendation import Outcome, Status, Verdict
from brainarr.sandbox import listsync
from brainarr.sandbox.world import Owned, World, WorldAlbum, WorldArtist, sandbox_mbid
from brainarr.service.execution import execute_run
from brainarr.service.feeds import albums_feed
from brainarr.service.library import refresh_library
from brainarr.service.lists import create_list, read_list
from brainarr.service.recommendations import Decision, decide, read_recommendation
from brainarr.service.runs import RunDetail, request_run
from brainarr.wiring.sandboxed import Sandboxed, open_sandboxed
from tests.store.given import StandingClock

pytestmark = pytest.mark.loopback

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SETTINGS = {"BRAINARR__RECOMMEND__MINIMUM_CONFIDENCE_SCORE": "0"}


def artist(name: str, number: int) -> WorldArtist:
    return WorldArtist(
        sandbox_mbid("artist", name), name, number, genres=(("idm", 9),), begin=1990, listeners=40_000
    )


def album(of: WorldArtist, title: str, year: int, **facts: object) -> WorldAlbum:
    return WorldAlbum(sandbox_mbid(of.name, title), title, of.mbid, year, **facts)  # type: ignore[arg-type]


PLAID, SLINT, LOW = artist("Plaid", 1), artist("Slint", 2), artist("Low", 3)
ALBUMS = {
    one.title: one
    for one in (
        album(PLAID, "Spokes", 2003, fans=100),
        album(PLAID, "Double Figure", 2001, fans=900),
        album(PLAID, "Rest Proof Clockwork", 1999, fans=300),
        album(PLAID, "Live in Town", 2005, secondary_kinds=("Live",)),
        album(SLINT, "Tweez", 1989),
        album(LOW, "Just out", 2026, released="2026-11-01"),
        album(LOW, "An EP", 2026, kind="EP", released="2026-03-01"),
        album(LOW, "Announced", 2027, released="2027-02-12"),
        album(LOW, "Old", 2001),
    )
}


def library() -> list[Owned]:
    then = NOW - timedelta(days=400)
    return [
        Owned(PLAID.mbid, then, frozenset({ALBUMS["Spokes"].mbid})),
        Owned(SLINT.mbid, then, frozenset({ALBUMS["Tweez"].mbid})),
        Owned(LOW.mbid, then, frozenset({ALBUMS["Old"].mbid})),
    ]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Sandboxed]:
    """Lidarr monitors what has files and nothing else."""
    world = World([PLAID, SLINT, LOW], ALBUMS.values(), {})
    async with open_sandboxed(
        tmp_path, world, library(), settings=SETTINGS, clock=StandingClock(NOW)
    ) as sandboxed:
        for held in sandboxed.lidarr.albums.values():
            held.monitored = held.track_files > 0
        yield sandboxed


async def run_of(place: Sandboxed, kind: ListKind) -> RunDetail:
    house = place.house
    made = await create_list(house.db, house.installation.secrets, f"My {kind}", kind=kind, clock=house.clock)
    asked = await request_run(house.db, made.slug, clock=house.clock)
    return await execute_run(house.runs, asked.id)


def titles(detail: RunDetail) -> list[str | None]:
    return [row.recommendation.album for row in detail.recommendations]


async def test_gaps_are_found_approved_delivered_and_arrive(place: Sandboxed):
    house, db = place.house, place.house.db
    detail = await run_of(place, ListKind.GAPS)
    assert titles(detail)[0] == "Double Figure"
    assert set(titles(detail)) == {"Double Figure", "Rest Proof Clockwork", "Just out"}
    first = detail.recommendations[0]
    assert first.recommendation.reason == (
        "You have Plaid (10 files), and 1 of 3 studio albums; this one is missing. "
        "Of them it is the first on Deezer. Lidarr lists it, unmonitored."
    )
    assert {one.artist: one.verdict for one in detail.judged if one.album is None} == {
        "Slint": Verdict.OWNED,
    }
    assert {report.name: report.outcome for report in detail.providers} == {
        "musicbrainz": Outcome.OK,
        "deezer": Outcome.OK,
    }
    await decide(db, first.id, Decision.APPROVE, clock=house.clock)
    feed = await albums_feed(db, first.list, clock=house.clock)
    assert [item.mbid for item in feed.items] == [ALBUMS["Double Figure"].mbid]
    held = place.lidarr.find_album(ALBUMS["Double Figure"].mbid)
    assert held is not None and house.outside.lidarr is not None
    held.monitored = True
    await refresh_library(db, house.outside.lidarr, house.clock)
    assert (await read_recommendation(db, first.id)).status is Status.IMPORTED


async def test_the_next_run_proposes_none_of_them_again_and_asks_the_catalogue_nothing(place: Sandboxed):
    first = await run_of(place, ListKind.GAPS)
    asked = await request_run(place.house.db, first.run.list, clock=place.house.clock)
    again = await execute_run(place.house.runs, asked.id)
    assert again.recommendations == ()
    assert again.verdicts[Verdict.RECOMMENDED_BEFORE] == 3
    assert "0 artists asked about, 3 known from before" in again.providers[0].detail


async def test_new_releases_of_owned_artists_are_found_with_their_dates(place: Sandboxed):
    detail = await run_of(place, ListKind.RELEASES)
    assert set(titles(detail)) == {"Announced", "Just out"}
    reasons = {row.recommendation.album: row.recommendation.reason for row in detail.recommendations}
    assert reasons["Just out"] == (
        "You have Low (10 files). This came out on 1 November 2026. Lidarr lists it, unmonitored."
    )
    assert "announced for 12 February 2027" in reasons["Announced"]
    assert {one.album: one.verdict for one in detail.judged}["An EP"] is Verdict.NOT_CHOSEN


async def test_without_lidarr_listing_it_a_new_release_is_known_from_the_catalogue(place: Sandboxed):
    held = place.lidarr.find_album(ALBUMS["Just out"].mbid)
    assert held is not None
    place.lidarr.delete_album(held, exclude=False)
    found = {
        row.recommendation.album: row.recommendation
        for row in (await run_of(place, ListKind.RELEASES)).recommendations
    }
    care = found["Just out"].evidence.care
    assert care is not None and not care.listed and care.released == "2026-11-01"


async def test_an_approved_gap_that_lidarr_lists_is_monitored_by_the_list_sync_of_an_untouched_lidarr(
    place: Sandboxed,
):
    house, db = place.house, place.house.db
    first = (await run_of(place, ListKind.GAPS)).recommendations[0]
    await decide(db, first.id, Decision.APPROVE, clock=house.clock)
    row = await read_list(db, house.installation.secrets, first.list)
    default = place.albums_list
    address = default.fields["baseUrl"].replace("/lists/default", f"/lists/{row.slug}")
    held = place.lidarr.find_album(ALBUMS["Double Figure"].mbid)
    assert held is not None and house.outside.lidarr is not None
    for monitors_existing in (False, True):
        definition = replace(
            default,
            id=place.lidarr.next_id(),
            fields={"baseUrl": address, "apiKey": row.key},
            should_monitor_existing=monitors_existing,
            last_sync=None,
        )
        place.lidarr.lists = {definition.id: definition}
        assert (await listsync.sync(place.lidarr)).failure is None
        assert held.monitored is monitors_existing
    await refresh_library(db, house.outside.lidarr, house.clock)
    assert (await read_recommendation(db, first.id)).status is Status.IMPORTED
