"""Lidarr's history and exclusions: read as events, written and lifted by identifier."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from brainarr.domain.lidarr_events import LidarrEvent, Told, download_key
from brainarr.errors import ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.providers.lidarr import Lidarr
from brainarr.providers.lidarr.history import LONGEST_NOTE, read_history
from tests.providers.lidarr.conftest import received
from tests.providers.lidarr.payloads import album_row, artist_row
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback

SINCE = datetime(2026, 11, 22, 12, tzinfo=UTC)
ARTIST, ALBUM = mbid(1), mbid(10_005)


def row(number: int, event: str, **other: Any) -> dict[str, Any]:
    """A row with its artist and album, as `includeArtist` and `includeAlbum` ask for."""
    return {
        "id": number,
        "albumId": 5,
        "artistId": 1,
        "trackId": number,
        "sourceTitle": "Slowdive-Souvlaki-FLAC-GRP",
        "quality": {"quality": {"id": 6, "name": "FLAC"}, "revision": {"version": 1, "real": 0}},
        "customFormats": [],
        "qualityCutoffNotMet": False,
        "date": f"2026-11-22T12:00:{number % 60:02}Z",
        "downloadId": "SABnzbd_nzo_k3p2",
        "eventType": event,
        "data": {"indexer": "Some indexer", "downloadUrl": "https://x/?apikey=secret"},
        "album": album_row(5),
        "artist": artist_row(1),
    } | other


async def asked(lidarr: Lidarr, httpserver: HTTPServer, *rows: Any) -> tuple[LidarrEvent, ...]:
    httpserver.expect_oneshot_request("/api/v1/history/since").respond_with_json(list(rows))
    return await lidarr.events_since(SINCE)


async def test_what_matters_of_the_history_is_read_oldest_first(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    events = await asked(
        lidarr,
        httpserver,
        row(4, "downloadFailed", data={"message": "Aborted, cannot be completed"}),
        row(1, "grabbed"),
        *(row(number, "trackFileRenamed") for number in (2, 3)),
        row(5, "albumImportIncomplete"),
        row(6, "downloadIgnored"),
        row(7, "trackFileDeleted", data={"reason": "Manual"}, downloadId=None),
        row(8, "trackFileDeleted", data={"Reason": "Upgrade"}, downloadId=None),
    )
    assert [event.told for event in events] == [
        Told.GRABBED,
        Told.DOWNLOAD_FAILED,
        Told.IMPORT_FAILED,
        Told.FILES_DELETED,
    ]
    first = events[0]
    assert (first.artist, first.artist_name, first.album, first.album_title) == (
        ARTIST,
        "Slowdive",
        ALBUM,
        "Souvlaki",
    )
    assert (first.note, first.at) == ("Slowdive-Souvlaki-FLAC-GRP", SINCE.replace(second=1))
    assert events[1].note == "Slowdive-Souvlaki-FLAC-GRP: Aborted, cannot be completed"
    (request, _) = httpserver.log[0]
    assert request.args.to_dict() == {
        "date": "2026-11-22T12:00:00Z",
        "includeArtist": "true",
        "includeAlbum": "true",
    }
    assert "secret" not in repr(events)


async def test_each_track_of_a_download_is_one_event_which_a_webhook_tells_under_the_same_key(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    tracks = [row(number, "trackFileImported", data={"downloadClient": "x"}) for number in range(1, 13)]
    (event,) = await asked(lidarr, httpserver, *tracks, row(13, "downloadImported"))
    assert event.key == download_key(Told.DOWNLOADED, ALBUM, "sabNZBD_nzo_K3P2")
    assert (event.note, event.by_hand) == ("", False)


async def test_files_that_no_client_brought_were_imported_by_hand(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    tracks = [
        row(number, "trackFileImported", downloadId=None, data={"importedPath": "/music/a.flac"})
        for number in range(1, 13)
    ]
    (event,) = await asked(lidarr, httpserver, *tracks)
    assert (event.told, event.by_hand, event.note) == (Told.DOWNLOADED, True, "")


async def test_a_row_that_cannot_be_read_leaves_the_others(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    odd = [row(1, "grabbed", date="yesterday"), row(2, "grabbed", eventType=None), {"id": "x"}, 7]
    events = await asked(lidarr, httpserver, *odd, row(3, "grabbed", eventType=1), row(4, "grabbed"))
    assert [event.at for event in events] == [SINCE.replace(second=4)]


async def test_what_is_no_history_is_an_error(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/history/since").respond_with_data("<html>", content_type="text/html")
    with pytest.raises(UnreadableAnswer, match="web page"):
        await lidarr.events_since(SINCE)


async def test_an_artist_is_excluded_once_and_the_second_time_it_was_somebody_elses(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    path = "/api/v1/importlistexclusion"
    httpserver.expect_oneshot_request(path, "POST").respond_with_json({"id": 3}, status=201)
    assert await lidarr.exclude(ARTIST, "Slowdive")
    assert received(httpserver, "POST") == [
        ("/importlistexclusion", {"foreignId": ARTIST, "artistName": "Slowdive"})
    ]
    taken = [{"propertyName": "ForeignId", "errorMessage": "This exclusion has already been added."}]
    httpserver.expect_request(path, "POST").respond_with_json(taken, status=400)
    there = [{"id": 3, "foreignId": ARTIST, "artistName": "Slowdive"}]
    httpserver.expect_oneshot_request(path, "GET").respond_with_json(there)
    assert not await lidarr.exclude(ARTIST, "Slowdive")
    httpserver.expect_request(path, "GET").respond_with_json([])
    with pytest.raises(ProviderRejected, match="already been added"):
        await lidarr.exclude(ARTIST, "Slowdive")


async def test_only_the_exclusion_of_that_identifier_is_lifted(
    lidarr: Lidarr, httpserver: HTTPServer
) -> None:
    rows = [{"id": 3, "foreignId": ARTIST.upper()}, {"id": 4, "foreignId": ALBUM}, {"foreignId": ARTIST}]
    httpserver.expect_request("/api/v1/importlistexclusion", "GET").respond_with_json(rows)
    httpserver.expect_request("/api/v1/importlistexclusion/3", "DELETE").respond_with_json({})
    await lidarr.lift_exclusion(ARTIST)
    await lidarr.lift_exclusion(mbid(77))
    assert [request.path for request, _ in httpserver.log if request.method == "DELETE"] == [
        "/api/v1/importlistexclusion/3"
    ]


async def test_a_lidarr_that_is_away_is_told_so(lidarr: Lidarr, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/v1/importlistexclusion").respond_with_response(Response(status=503))
    with pytest.raises(ProviderUnavailable):
        await lidarr.lift_exclusion(ARTIST)


values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=400) | st.lists(st.integers(), max_size=2)
)
rows = st.fixed_dictionaries(
    {"id": st.integers(0, 9) | values},
    optional={
        "eventType": st.sampled_from(["grabbed", "trackFileImported", "trackFileDeleted"]) | values,
        "date": st.just("2026-11-22T12:00:00Z") | values,
        "sourceTitle": values,
        "downloadId": values,
        "data": values | st.dictionaries(st.sampled_from(["reason", "Message", "downloadClient"]), values),
        "album": values | st.fixed_dictionaries({"id": st.just(5)}, optional={"foreignAlbumId": values}),
        "artist": values | st.fixed_dictionaries({"id": st.just(1)}, optional={"artistName": values}),
    },
)


@given(st.lists(rows | values, max_size=6) | values)
async def test_whatever_a_history_holds_is_read_or_refused(sent: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(sent).encode()

    try:
        events = await read_history(chunks())
    except UnreadableAnswer:
        return
    assert len({event.key for event in events}) == len(events)
    for event in events:
        assert event.at is not None and event.at.tzinfo is not None
        assert len(event.note) <= LONGEST_NOTE and len(event.key) == 32


@pytest.mark.parametrize(
    "date", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00Z"]
)
async def test_a_date_at_the_end_of_the_calendar_is_none(
    lidarr: Lidarr, httpserver: HTTPServer, date: str
) -> None:
    (event,) = await asked(lidarr, httpserver, row(1, "grabbed", date=date), row(2, "grabbed"))
    assert event.at == datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC)
