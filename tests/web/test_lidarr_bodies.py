"""What Lidarr's webhook sends, as recorded and as anybody may make it up."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.lidarr_events import LidarrEvent, Told
from brainarr.domain.names import NAME_LIMIT
from brainarr.web.lidarr_bodies import LONGEST_NOTE, MOST_ALBUMS, MOST_TAGS, events_of
from tests.store.given import mbid
from tests.web.lidarr_payloads import BODIES, RECORD, artist, body


def read(sent: Any) -> tuple[LidarrEvent, ...]:
    return events_of(json.dumps(sent).encode())


def test_every_event_of_the_contract_is_read_and_only_those_that_matter_matter():
    told = {name: read(sent)[0].told for name, sent in BODIES.items()}
    assert told == {
        "Test": Told.TEST,
        "Grab": Told.GRABBED,
        "Download": Told.DOWNLOADED,
        "DownloadFailure": Told.DOWNLOAD_FAILED,
        "ImportFailure": Told.IMPORT_FAILED,
        "ArtistAdd": Told.ARTIST_ADDED,
        "ArtistDelete": Told.ARTIST_DELETED,
        "AlbumDelete": Told.ALBUM_DELETED,
        **dict.fromkeys(
            ("Rename", "Retag", "Health", "HealthRestored", "ApplicationUpdate"), Told.NOTHING_FOR_US
        ),
    }
    assert all(read(sent)[0].word == name for name, sent in BODIES.items())


def test_a_grab_names_artist_album_and_release_and_is_one_event_for_each_album():
    (event,) = read(BODIES["Grab"])
    assert (event.artist, event.artist_name, event.album, event.album_title) == (
        mbid(2),
        "Slowdive",
        mbid(22),
        "Souvlaki",
    )
    assert (event.note, event.tags, event.by_hand) == ("Slowdive-Souvlaki-FLAC-GRP", ("brainarr",), False)
    twice = BODIES["Grab"] | {"albums": [RECORD, RECORD | {"mbId": mbid(23)}, RECORD]}
    assert [event.album for event in read(twice)] == [mbid(22), mbid(23)]


def test_the_same_delivery_has_the_same_key_and_a_download_has_one_whatever_else_is_in_the_body():
    for sent in BODIES.values():
        assert [event.key for event in read(sent)] == [event.key for event in read(sent)]
    grab, again = BODIES["Grab"], BODIES["Grab"] | {"downloadId": "OTHER"}
    assert read(grab)[0].key != read(again)[0].key
    assert read(grab)[0].key == read(grab | {"instanceName": "Renamed"})[0].key
    assert read(grab)[0].key != read(BODIES["Download"])[0].key


def test_files_without_a_download_were_imported_by_hand():
    sent = {key: value for key, value in BODIES["Download"].items() if not key.startswith("download")}
    assert read(sent)[0].by_hand
    assert not read(BODIES["Download"])[0].by_hand


def test_what_this_version_does_not_know_is_told_by_its_name():
    (event,) = read({"eventType": "ManualInteractionRequired", "new": {"deep": [1]}})
    assert (event.told, event.word) == (Told.NOTHING_FOR_US, "ManualInteractionRequired")


def test_members_that_are_not_what_they_should_be_leave_the_event():
    (event,) = read({"eventType": "ArtistDelete", "artist": ["odd"], "album": 7})
    assert (event.told, event.artist) == (Told.ARTIST_DELETED, None)
    (event,) = read(body("ArtistDelete", artist=artist(mbId="aaaaa-aaa-aaaa-aaaaaa")))
    assert event.artist is None


@pytest.mark.parametrize(
    "sent",
    [
        *(b"", b"[]", b"7", b"null", b"{}", b"\xff\xfe", b"<html>", b'{"eventType": null}'),
        *(b'{"eventType": 3}', b'{"eventType": ""}', b'{"eventType": "  "}', b'{"eventType": "Grab"'),
        b'{"a":' * 100_000,
        b'{"eventType":"Grab","artist":' + b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(sent: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        events_of(sent)


def test_names_lists_and_notes_are_bounded():
    huge = body(
        "Grab",
        artist=artist(name="n" * 9_999, tags=["t" * 999] * 999),
        albums=[RECORD | {"mbId": mbid(number), "title": "t" * 9_999} for number in range(999)],
        release={"releaseTitle": "r" * 9_999},
        downloadId="d" * 9_999,
    )
    events = read(huge)
    assert len(events) == MOST_ALBUMS
    for event in events:
        assert max(len(event.artist_name), len(event.album_title)) <= NAME_LIMIT
        assert len(event.note) <= LONGEST_NOTE
        assert len(event.tags) <= MOST_TAGS and max(map(len, event.tags)) <= 100


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
albums = st.fixed_dictionaries(
    {}, optional={"mbId": values | st.just(mbid(22)), "title": values, "id": values}
)
bodies = st.fixed_dictionaries(
    {"eventType": st.sampled_from([*BODIES, "Other"]) | values},
    optional={
        "artist": values
        | st.fixed_dictionaries({}, optional={"mbId": values, "name": values, "tags": values}),
        "album": values | albums,
        "albums": values | st.lists(albums, max_size=4),
        "release": values | st.fixed_dictionaries({}, optional={"releaseTitle": values}),
        "downloadId": values,
    },
)


@given(bodies | values)
def test_whatever_json_comes_is_read_or_refused(sent: Any):
    try:
        events = read(sent)
    except ValueError:
        return
    assert events
    assert len({event.key for event in events}) == len(events)
    for event in events:
        assert event.word and len(event.word) <= 40 and len(event.key) == 32


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_refused(sent: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        events_of(sent)
