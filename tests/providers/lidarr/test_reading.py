"""What the owned library makes of Lidarr's rows."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from brainarr.domain.music import OwnedAlbum, OwnedArtist
from brainarr.errors import UnreadableAnswer
from brainarr.providers.lidarr import reading
from brainarr.providers.lidarr.reading import read_albums, read_artist_batches
from tests.providers.lidarr.payloads import album_row, artist_row
from tests.providers.payloads import HOSTILE, mbid

FINGERPRINT = 3907129051599465236


async def in_chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def artists(rows: Any, size: int = 1000) -> list[OwnedArtist]:
    content = rows if isinstance(rows, bytes) else json.dumps(rows, indent=2).encode()
    return [artist async for batch in read_artist_batches(in_chunks(content, size)) for artist in batch]


async def artist(**members: Any) -> OwnedArtist:
    (only,) = await artists([artist_row(1, **members)])
    return only


async def test_an_artist_is_read_in_our_words() -> None:
    only = await artist()
    assert only == OwnedArtist(
        id=1,
        name="Slowdive",
        mbid=mbid(1),
        genres=("shoegaze", "dream pop"),
        rating=8.4,
        added=datetime(2024, 2, 29, 23, 59, 59, 123457, tzinfo=UTC),
        monitored=True,
        tags=(3,),
        album_count=6,
        track_files=51,
        last_release_year=2023,
        fingerprint=only.fingerprint,
        folder="/music/Slowdive",
    )


async def test_who_was_deleted_from_musicbrainz_is_gone_and_folders_are_bounded() -> None:
    only = await artist(status="deleted", path="/" + "x" * 5_000)
    assert only.gone and len(only.folder) == 1_000
    assert not (await artist(status="ended")).gone


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "", None, "soon", "2026-1-1", "٢٠٢٦-01-01"])
async def test_a_date_that_is_none_is_none(date: str | None) -> None:
    (album,) = await read_albums(in_chunks(json.dumps([album_row(5, releaseDate=date)]).encode()))
    assert album.released is None


async def test_an_artist_of_whom_little_is_known_is_still_owned() -> None:
    assert await artists([{"id": 7}, {"id": 8, "artistName": None, "genres": None, "statistics": None}]) == [
        OwnedArtist(id=7, name="", fingerprint=(await artists([{"id": 7}]))[0].fingerprint),
        OwnedArtist(id=8, name="", fingerprint=(await artists([{"id": 8}]))[0].fingerprint),
    ]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("genres", "rock"),
        ("genres", [None]),
        ("added", "yesterday"),
        ("ratings", []),
        ("statistics", {"albumCount": 10**30}),
        ("tags", ["x"]),
        ("lastAlbum", 7),
        ("monitored", "yes"),
    ],
)
async def test_an_odd_member_does_not_make_an_owned_artist_unknown(member: str, value: Any) -> None:
    odd, fine = await artists([artist_row(1, **{member: value}), artist_row(2, "Ride")])
    assert (odd.id, odd.name, odd.mbid) == (1, "Slowdive", mbid(1))
    assert fine.genres == ("shoegaze", "dream pop")


@pytest.mark.parametrize("given", [None, "", "not-an-mbid", "0" * 36])
async def test_what_is_no_identifier_is_none(given: str | None) -> None:
    assert (await artist(foreignArtistId=given)).mbid is None


async def test_identifiers_are_lower_cased() -> None:
    assert (await artist(foreignArtistId=mbid(0xABCDEF).upper())).mbid == mbid(0xABCDEF)


async def test_a_rating_that_nobody_gave_is_none_and_an_odd_one_bounded() -> None:
    assert (await artist(ratings={"votes": 0, "value": 5.0})).rating is None
    assert (await artist(ratings={"value": 5.0})).rating is None
    assert (await artist(ratings={"votes": 3, "value": 1e300})).rating == 10.0


@pytest.mark.parametrize("given", ["0001-01-01T00:00:00Z", None])
async def test_nets_first_moment_stands_for_unknown(given: str | None) -> None:
    read = await artist(added=given, lastAlbum=album_row(1, releaseDate=given))
    assert read.added is None
    assert read.last_release_year is None


async def test_an_artist_added_at_the_end_of_the_calendar_was_added_nobody_knows_when() -> None:
    assert (await artist(added="9999-12-31T23:59:59-12:00")).added is None


async def test_a_moment_without_or_with_another_zone_becomes_utc() -> None:
    noon = datetime(2024, 6, 1, 12, tzinfo=UTC)
    assert (await artist(added="2024-06-01T12:00:00")).added == noon
    assert (await artist(added="2024-06-01T14:00:00+02:00")).added == noon


async def test_hostile_texts_and_lists_are_bounded() -> None:
    read = await artist(artistName=HOSTILE, genres=[HOSTILE] * 100, tags=list(range(1000)))
    assert len(read.name) <= 300
    assert read.name.isprintable() or "\u202e" in read.name
    assert all(len(genre) <= 64 for genre in read.genres)
    assert len(read.genres) <= 32
    assert len(read.tags) <= 64


async def test_an_artist_that_comes_twice_counts_once() -> None:
    read = await artists([artist_row(1, "First"), artist_row(2), artist_row(1, "Second")])
    assert [(one.id, one.name) for one in read] == [(1, "First"), (2, "Slowdive")]


@pytest.mark.parametrize("size", [1, 7, 4096, 10**9])
async def test_batches_have_at_most_a_hundred_artists_however_the_bytes_arrive(size: int) -> None:
    content = json.dumps([artist_row(number) for number in range(250)]).encode()[: 10**7]
    batches = [batch async for batch in read_artist_batches(in_chunks(content, size))]
    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert [one.id for batch in batches for one in batch] == list(range(250))


async def test_an_empty_library_and_a_library_of_one_are_read() -> None:
    assert await artists([]) == []
    assert [one.id for one in await artists([artist_row(1)])] == [1]


async def test_batches_come_before_the_answer_has_ended() -> None:
    row = json.dumps(artist_row(1))
    gate = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield ("[" + ",".join(row.replace('"id": 1}', f'"id": {n}}}') for n in range(1000))).encode()
        await gate.wait()
        yield b"]"

    batches = read_artist_batches(stalls())
    async with asyncio.timeout(10):
        assert len(await anext(batches)) == 100
        gate.set()
        assert sum([len(batch) async for batch in batches]) == 900


async def test_others_have_their_turn_while_a_library_is_read() -> None:
    content = json.dumps([artist_row(number) for number in range(2000)]).encode()
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await artists(content, size=len(content))
    counting.cancel()
    assert turns >= 20


@pytest.mark.parametrize(
    "content",
    [
        b"<html><title>Sign in</title></html>",
        b"",
        b'{"message": "nope"}',
        json.dumps([artist_row(1), artist_row(2)]).encode()[:-300],
        b'[{"name": "no number"}, 5]',
    ],
    ids=["web page", "nothing", "object", "cut off", "rows of another thing"],
)
async def test_an_answer_that_is_no_library_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        await artists(content)


async def test_rows_that_cannot_be_read_are_mentioned_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert len(await artists([artist_row(1), "odd", {"id": "odd"}])) == 1
    assert "2 elements of its list could not be read" in caplog.text


async def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"["
        for number in range(10**9):
            yield b'{"id": %d, "overview": "%s"},' % (number, b"x" * 1000)

    monkeypatch.setattr(reading, "MAX_ANSWER_BYTES", 3_000_000)
    given = 0
    with pytest.raises(UnreadableAnswer, match="does not end"):
        async for batch in read_artist_batches(endless()):
            given += len(batch)
    assert given < 3100
    monkeypatch.setattr(reading, "MAX_ROWS", 1000)
    with pytest.raises(UnreadableAnswer, match="does not end"):
        async for _ in read_artist_batches(endless()):
            pass


@pytest.mark.parametrize(
    "change",
    [
        {"statistics": artist_row(1)["statistics"] | {"trackFileCount": 50}},
        {"statistics": artist_row(1)["statistics"] | {"albumCount": 7}},
        {"lastAlbum": album_row(99)},
        {"lastAlbum": None},
    ],
)
async def test_the_fingerprint_changes_with_statistics_and_last_album(change: dict[str, Any]) -> None:
    assert (await artist(**change)).fingerprint != (await artist()).fingerprint


async def test_the_fingerprint_ignores_what_albums_do_not_depend_on() -> None:
    other = await artist(overview="New words", genres=["Jazz"], artistName="SLOWDIVE", images=[])
    assert other.fingerprint == (await artist()).fingerprint


async def test_the_fingerprint_is_the_same_in_every_process_and_fits_a_signed_column() -> None:
    # Written down once: were it to change, every artist's albums would be read again.
    assert (await artist()).fingerprint == FINGERPRINT
    read = await artists([artist_row(number) for number in range(200)])
    assert all(0 <= one.fingerprint < 2**63 for one in read)


async def test_an_album_is_read_in_our_words() -> None:
    rows = [
        album_row(5),
        album_row(
            6,
            title="Live",
            albumType="EP",
            secondaryTypes=["Live", "Studio"],
            monitored=False,
            releaseDate=None,
            foreignAlbumId="?",
            statistics=None,
        ),
        album_row(5, title="again"),
        {"id": 7, "title": "Odd", "secondaryTypes": "Live"},
    ]
    assert await read_albums(in_chunks(json.dumps(rows).encode())) == (
        OwnedAlbum(5, "Souvlaki", mbid(10_005), 1993, "album", (), True, 10, "1993-05-17"),
        OwnedAlbum(6, "Live", None, None, "ep", ("live",), False, 0),
        OwnedAlbum(7, "Odd", None, None, "other", (), False, 0),
    )
