"""Whole passes for lists of gaps and of new releases, over fakes."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from brainarr.domain.care import Remembered
from brainarr.domain.lists import ListKind
from brainarr.domain.music import CatalogArtist, Library, Mbid, OwnedAlbum, ReleaseGroup
from brainarr.domain.recommendation import (
    Blocks,
    Memory,
    Outcome,
    Progress,
    RunOptions,
    RunResult,
    Verdict,
)
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.care.asking import AWAY_AFTER, DISCOGRAPHIES, QUESTIONS
from brainarr.pipeline.care.judge import MOST_OF_AN_ARTIST
from brainarr.pipeline.care.run import CareInstruments, run_care
from tests.conftest import NOW
from tests.fakes import FakeCalendar, FakeCatalog, FakeCharts
from tests.pipeline.builders import library, mbid, owned

TODAY = NOW.date()
AWAY = ProviderUnavailable("musicbrainz", "it is away.")


def group(artist: str, title: str, year: int | None = 2001, **facts: object) -> ReleaseGroup:
    return ReleaseGroup(mbid(title), title, mbid(artist), year, **facts)  # type: ignore[arg-type]


class Lookup:
    """Lidarr's own lookup: knows everything but `unknown`, by its canonical identifier."""

    def __init__(self) -> None:
        self.unknown: set[Mbid] = set()
        self.merged: dict[Mbid, Mbid] = {}
        self.failure: ProviderError | None = None
        self.asked: list[Mbid] = []

    async def artist(self, mbid: Mbid) -> Mbid | None:
        raise AssertionError("an owned artist is known")

    async def album(self, mbid: Mbid) -> Mbid | None:
        self.asked.append(mbid)
        if self.failure is not None:
            raise self.failure
        return None if mbid in self.unknown else self.merged.get(mbid, mbid)


async def nothing_remembered(artists: Sequence[Mbid]) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
    return {}


async def no_release_remembered(artists: Sequence[Mbid]) -> Mapping[Mbid, Remembered]:
    return {}


async def read_as_empty(found: Library, first: Sequence[int]) -> Library:
    """Lidarr lists nothing of whom it was not asked about yet."""
    return msgspec.structs.replace(found, albums={**dict.fromkeys(first, ()), **found.albums})


def tools(**others: object) -> CareInstruments:
    usual = CareInstruments(
        catalog=FakeCatalog(),
        calendar=FakeCalendar(),
        recall_albums=nothing_remembered,
        recall_releases=no_release_remembered,
        charts=(),
        preflight=Lookup(),
        read_albums=read_as_empty,
        labels={"deezer": "Deezer"},
        clock=lambda: NOW,
    )
    return msgspec.structs.replace(usual, **others)


async def run(
    kind: ListKind,
    found: Library,
    instruments: CareInstruments,
    memory: Memory | None = None,
    watch: list[Progress] | None = None,
    **options: object,
) -> RunResult:
    wanted = RunOptions(**{"minimum_confidence": 0.0, **options})  # type: ignore[arg-type]
    steps = watch if watch is not None else []
    return await run_care(kind, found, wanted, memory or Memory(), instruments, steps.append)


def titles(result: RunResult) -> list[str | None]:
    return [item.album for item in result.recommendations]


def verdicts(result: RunResult) -> dict[str | None, Verdict]:
    return {one.album: one.verdict for one in result.judged}


PLAID = owned(1, "Plaid", "idm", plays=900)
SLINT = owned(2, "Slint", "post-rock", plays=40)


async def test_gaps_of_loved_artists_are_recommended_with_reason_and_evidence():
    catalog = FakeCatalog(
        albums=[group("Plaid", "Double Figure"), group("Plaid", "Spokes"), group("Slint", "Tweez")]
    )
    held = {1: [OwnedAlbum(10, "Spokes", mbid("Spokes"), track_files=11)]}
    charts = FakeCharts({mbid("Plaid"): ["Double Figure", "Spokes"]}, name="deezer")
    found = await run(
        ListKind.GAPS, library(PLAID, SLINT, albums=held), tools(catalog=catalog, charts=(charts,))
    )
    first = found.recommendations[0]
    assert titles(found) == ["Double Figure", "Tweez"]
    assert (first.artist_mbid, first.release_group_mbid) == (mbid("Plaid"), mbid("Double Figure"))
    assert first.reason == (
        "You have Plaid (900 plays and 20 files), and 1 of 2 studio albums; this one is missing. "
        "Of them it is the first on Deezer."
    )
    care = first.evidence.care
    assert care is not None and (care.held, care.studio, care.place) == (1, 2, 1)
    assert first.evidence.seeds == ("Plaid",)
    assert 0.0 < first.score <= 1.0 and first.confidence > found.recommendations[1].confidence
    assert {report.name: report.outcome for report in found.providers} == {
        "musicbrainz": Outcome.OK,
        "deezer": Outcome.OK,
    }


async def test_a_complete_artist_has_a_verdict_that_says_so():
    catalog = FakeCatalog(
        albums=[group("Plaid", "Spokes"), group("Slint", "Live", secondary_kinds=("live",))]
    )
    held = {1: [OwnedAlbum(10, "Spokes", mbid("Spokes"), monitored=True)]}
    found = await run(ListKind.GAPS, library(PLAID, SLINT, albums=held), tools(catalog=catalog))
    told = {one.artist: (one.verdict, one.detail) for one in found.judged}
    assert told["Plaid"] == (
        Verdict.OWNED,
        "the one studio album is in the library, waited for or not out yet",
    )
    assert told["Slint"] == (Verdict.NO_ALBUM, "MusicBrainz knows no studio album")
    assert found.notes == ("Nothing was kept: 1 owned, 1 no album.",)


async def test_everything_that_is_left_out_has_a_verdict():
    albums = [group("Plaid", title) for title in ("Kept", "Excluded", "Rejected", "Waiting", "Unknown")]
    lookup = Lookup()
    lookup.unknown.add(mbid("Unknown"))
    blocked = owned(3, "Blocked", plays=900)
    banned = owned(4, "Banned", plays=900)
    theirs = [group("Blocked", "Of somebody blocked"), group("Banned", "Of somebody excluded")]
    catalog = FakeCatalog(albums=[*albums, *theirs])
    memory = Memory(
        rejected=frozenset({mbid("Rejected")}),
        waiting=frozenset({mbid("Waiting")}),
        blocks=Blocks({mbid("Blocked"): "Blocked"}),
    )
    known = library(PLAID, blocked, banned, exclusions=[mbid("Excluded"), mbid("Banned")])
    found = await run(ListKind.GAPS, known, tools(catalog=catalog, preflight=lookup), memory)
    assert verdicts(found) == {
        "Kept": Verdict.KEPT,
        "Excluded": Verdict.EXCLUDED,
        "Rejected": Verdict.REJECTED_BEFORE,
        "Waiting": Verdict.RECOMMENDED_BEFORE,
        "Unknown": Verdict.UNKNOWN,
        "Of somebody blocked": Verdict.BLOCKED,
        "Of somebody excluded": Verdict.EXCLUDED,
    }


async def test_a_no_to_one_album_is_no_no_to_the_others_of_its_artist():
    catalog = FakeCatalog(albums=[group("Plaid", "Rejected"), group("Plaid", "Other")])
    memory = Memory(rejected=frozenset({mbid("Rejected"), mbid("Plaid")}))
    assert titles(await run(ListKind.GAPS, library(PLAID), tools(catalog=catalog), memory)) == ["Other"]


async def test_no_artist_fills_a_list_alone():
    catalog = FakeCatalog(albums=[*(group("Plaid", f"LP {n}") for n in range(9)), group("Slint", "Tweez")])
    found = await run(ListKind.GAPS, library(PLAID, SLINT), tools(catalog=catalog))
    assert [item.artist for item in found.recommendations].count("Plaid") == MOST_OF_AN_ARTIST
    assert "Tweez" in titles(found)


async def test_blocked_and_avoided_styles_and_a_low_confidence_keep_albums_out():
    catalog = FakeCatalog(
        albums=[
            group("Plaid", "Blocked style", genres=(("doom metal", 3.0),)),
            group("Plaid", "Avoided style", genres=(("ska", 3.0),)),
            group("Slint", "Hardly wanted"),
        ]
    )
    found = await run(
        ListKind.GAPS,
        library(PLAID, SLINT),
        tools(catalog=catalog),
        Memory(blocks=Blocks(styles=("metal",))),
        styles_avoid=("ska",),
        minimum_confidence=0.5,
    )
    assert verdicts(found) == {
        "Blocked style": Verdict.BLOCKED,
        "Avoided style": Verdict.AVOIDED_STYLE,
        "Hardly wanted": Verdict.BELOW_CONFIDENCE,
    }


async def test_what_lidarr_calls_by_another_identifier_goes_out_by_that_one():
    lookup = Lookup()
    lookup.merged = {mbid("Tweez"): mbid("canonical"), mbid("Spiderland"): mbid("rejected")}
    catalog = FakeCatalog(albums=[group("Slint", "Tweez"), group("Slint", "Spiderland")])
    memory = Memory(rejected=frozenset({mbid("rejected")}))
    found = await run(ListKind.GAPS, library(SLINT), tools(catalog=catalog, preflight=lookup), memory)
    assert [item.release_group_mbid for item in found.recommendations] == [mbid("canonical")]
    assert verdicts(found)["Spiderland"] is Verdict.REJECTED_BEFORE


async def test_an_album_that_lidarr_lists_needs_no_lookup():
    lookup = Lookup()
    catalog = FakeCatalog(albums=[group("Plaid", "Listed")])
    held = {1: [OwnedAlbum(10, "Listed", mbid("Listed"))]}
    found = await run(ListKind.GAPS, library(PLAID, albums=held), tools(catalog=catalog, preflight=lookup))
    assert titles(found) == ["Listed"] and lookup.asked == []


async def test_only_so_many_discographies_are_asked_for_and_the_next_run_goes_on():
    names = [f"Artist {n:03}" for n in range(400)]
    artists = [owned(n, name, plays=1000 - n) for n, name in enumerate(names)]
    catalog = FakeCatalog(albums=[group(name, f"{name} LP") for name in names])
    remembered: dict[Mbid, tuple[ReleaseGroup, ...]] = {}

    async def recall(wanted: Sequence[Mbid]) -> Mapping[Mbid, tuple[ReleaseGroup, ...]]:
        return remembered

    first = await run(ListKind.GAPS, library(*artists), tools(catalog=catalog, recall_albums=recall))
    asked = [Mbid(question.removeprefix("albums ")) for question in catalog.asked]
    assert asked == [mbid(name) for name in names[:DISCOGRAPHIES]]
    assert "40 artists were not asked about this time: the next runs go on with them." in first.notes
    remembered |= {one: await catalog.albums(one) for one in asked}
    catalog.asked.clear()
    await run(ListKind.GAPS, library(*artists), tools(catalog=catalog, recall_albums=recall))
    assert catalog.asked == [f"albums {mbid(name)}" for name in names[DISCOGRAPHIES:100]]


async def test_a_catalogue_that_is_away_is_asked_no_more_and_everybody_is_held():
    catalog = FakeCatalog()
    catalog.failure = AWAY
    artists = [owned(n, f"Artist {n}", plays=100) for n in range(12)]
    found = await run(ListKind.GAPS, library(*artists), tools(catalog=catalog))
    assert len(catalog.asked) == AWAY_AFTER
    assert [one.verdict for one in found.judged] == [Verdict.HELD] * 12
    (report,) = found.providers
    assert report.outcome is Outcome.UNAVAILABLE and "it is away" in report.detail
    assert "The metadata was away: 12 artists or albums are held for the next run." in found.notes


async def test_a_chart_that_is_away_leaves_the_choice_to_ratings_and_says_so():
    charts = FakeCharts(name="deezer")
    charts.failure = ProviderUnavailable("deezer", "it is away.")
    catalog = FakeCatalog(albums=[group("Plaid", "Unrated"), group("Plaid", "Rated", rating=9.0, votes=10)])
    found = await run(ListKind.GAPS, library(PLAID), tools(catalog=catalog, charts=(charts,)))
    assert titles(found)[0] == "Rated"
    assert found.providers[1].outcome is Outcome.UNAVAILABLE


async def test_albums_of_whom_lidarr_told_none_are_held():
    async def unreadable(found: Library, first: Sequence[int]) -> Library:
        return found

    catalog = FakeCatalog(albums=[group("Plaid", "LP")])
    found = await run(ListKind.GAPS, library(PLAID), tools(catalog=catalog, read_albums=unreadable))
    assert [(one.artist, one.verdict) for one in found.judged] == [("Plaid", Verdict.HELD)]


async def test_lidarrs_metadata_away_holds_the_rest():
    lookup = Lookup()
    lookup.failure = ProviderUnavailable("lidarr", "its metadata server is away.")
    catalog = FakeCatalog(albums=[group(f"A{n}", f"LP {n}") for n in range(8)])
    artists = [owned(n, f"A{n}", plays=100) for n in range(8)]
    found = await run(ListKind.GAPS, library(*artists), tools(catalog=catalog, preflight=lookup))
    assert set(verdicts(found).values()) == {Verdict.HELD} and len(lookup.asked) == 3


async def test_new_releases_of_any_owned_artist_are_recommended():
    calendar = FakeCalendar(
        [
            group("Plaid", "Just out", 2026, released=f"{TODAY:%Y-%m-%d}"),
            group("Slint", "Live somewhere", 2026, secondary_kinds=("live",), released=f"{TODAY:%Y-%m-%d}"),
            group("Slint", "Wanted already", 2026, released=f"{TODAY:%Y-%m-%d}"),
        ]
    )
    held = {2: [OwnedAlbum(20, "Wanted already", mbid("Wanted already"), monitored=True)]}
    found = await run(ListKind.RELEASES, library(PLAID, SLINT, albums=held), tools(calendar=calendar))
    assert titles(found) == ["Just out"]
    care = found.recommendations[0].evidence.care
    assert care is not None and care.new
    assert verdicts(found) == {"Just out": Verdict.KEPT, "Live somewhere": Verdict.NO_ALBUM}


async def test_what_lidarr_lists_as_new_needs_no_catalogue():
    calendar = FakeCalendar()
    calendar.failure = AWAY
    listed = OwnedAlbum(10, "New", mbid("New"), 2026, released=f"{TODAY:%Y-%m-%d}")
    found = await run(ListKind.RELEASES, library(PLAID, albums={1: [listed]}), tools(calendar=calendar))
    assert titles(found) == ["New"]
    assert found.providers[0].outcome is Outcome.UNAVAILABLE


async def test_many_artists_are_asked_about_in_one_question_and_only_so_many_in_one_run():
    artists = [owned(n, f"Artist {n}", plays=3) for n in range(QUESTIONS * 2 + 7)]
    calendar = FakeCalendar(most=2)
    found = await run(ListKind.RELEASES, library(*artists), tools(calendar=calendar))
    assert calendar.questions == QUESTIONS
    assert "7 artists were not asked about this time: the next runs go on with them." in found.notes


async def test_loved_artists_are_asked_about_first_then_those_nobody_asked_about():
    loved = [owned(n, f"Loved {n}", plays=900) for n in range(30)]
    others = [owned(100 + n, f"Other {n}", track_files=1) for n in range(90)]
    calendar = FakeCalendar(most=60)

    async def recall(wanted: Sequence[Mbid]) -> Mapping[Mbid, Remembered]:
        """Of every second one something is remembered, all of it old; of the first loved one it is fresh."""
        return {mbid: Remembered((), fresh=place == 0) for place, mbid in enumerate(wanted) if place % 2 == 0}

    await run(ListKind.RELEASES, library(*loved, *others), tools(calendar=calendar, recall_releases=recall))
    names = {artist.mbid: artist.name for artist in (*loved, *others)}
    asked = [names[one] for one in calendar.asked]
    assert all(name.startswith("Loved") for name in asked[:29]) and len(asked) == 119
    assert len(set(asked)) == 119


async def test_an_empty_library_says_that_there_is_nobody():
    for kind in (ListKind.GAPS, ListKind.RELEASES):
        found = await run(kind, library(), tools())
        assert found.recommendations == () and "The library is empty" in found.notes[0]


async def test_a_run_that_is_stopped_hands_over_what_it_has():
    catalog = FakeCatalog(albums=[group(f"A{n}", f"LP {n}") for n in range(6)])
    artists = [owned(n, f"A{n}", plays=100) for n in range(6)]

    class Slow(Lookup):
        async def album(self, mbid: Mbid) -> Mbid | None:
            if len(self.asked) == 2:
                await asyncio.sleep(3600)
            return await super().album(mbid)

    task = asyncio.create_task(
        run(ListKind.GAPS, library(*artists), tools(catalog=catalog, preflight=Slow()))
    )
    await asyncio.sleep(0.3)
    task.cancel()
    found = await task
    assert found.stopped and len(found.recommendations) == 2
    assert "The run was stopped" in " ".join(found.notes)


async def test_what_was_monitored_since_its_artist_was_read_is_not_proposed():
    asked: list[Sequence[int]] = []

    async def read_now(found: Library, wanted: Sequence[int]) -> Library:
        asked.append(wanted)
        monitored = OwnedAlbum(10, "Since", mbid("Since"), monitored=True)
        return msgspec.structs.replace(found, albums={**found.albums, 1: (monitored,)})

    catalog = FakeCatalog(albums=[group("Plaid", "Since"), group("Plaid", "Still")])
    before = {1: [OwnedAlbum(10, "Since", mbid("Since"))]}
    found = await run(
        ListKind.GAPS, library(PLAID, albums=before), tools(catalog=catalog, read_albums=read_now)
    )
    assert verdicts(found) == {"Since": Verdict.OWNED, "Still": Verdict.KEPT} and asked == [[1]]


async def test_what_was_asked_for_comes_first_and_progress_is_told():
    catalog = FakeCatalog(
        albums=[
            group("Plaid", "IDM", genres=(("idm", 5.0),)),
            group("Slint", "Post", genres=(("post-rock", 5.0),)),
        ]
    )
    watch: list[Progress] = []
    found = await run(
        ListKind.GAPS,
        library(PLAID, SLINT),
        tools(catalog=catalog),
        watch=watch,
        styles_include=("post-rock",),
        max_recommendations=1,
    )
    assert titles(found) == ["Post"]
    assert {step.stage for step in watch} >= {"profile", "candidates", "albums", "verify", "done"}


@pytest.mark.parametrize("kind", [ListKind.GAPS, ListKind.RELEASES])
async def test_an_artist_without_identifier_is_asked_about_by_nobody(kind):
    catalog, calendar = FakeCatalog([CatalogArtist(mbid("x"), "Nameless")]), FakeCalendar()
    nameless = owned(1, "Nameless", mbid=None, plays=900)
    await run(kind, library(nameless), tools(catalog=catalog, calendar=calendar))
    assert catalog.asked == [] and calendar.asked == []
