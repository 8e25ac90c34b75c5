"""Somebody with the webhook key of one Lidarr, and a Lidarr that lies: what they can do and what not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from brainarr.domain.lidarr_events import LidarrEvent, Told, key_of
from brainarr.domain.life import Event
from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import Status
from brainarr.service.following import OVERLAP, follow_lidarr
from brainarr.service.history import read_life
from brainarr.service.lidarr_events import (
    MOST_NOTED,
    latest_events,
    read_watch,
    take_in,
    tell_recommendations,
)
from brainarr.service.recommendations import list_recommendations
from brainarr.service.webhook_keys import webhook_key
from brainarr.store.lidarr_events import Way
from brainarr.store.tables import lidarr_events
from tests.service.given import ToldLidarr
from tests.store.given import mbid, owned, recommended
from tests.web.conftest import House
from tests.web.lidarr_payloads import BODIES

PATH = "/webhooks/lidarr/default"
IMAGE = "<img src=x onerror=alert(1)>"
DEEP = 100_000
BODIES_OF_NO_LIDARR = {
    "arrays in arrays": b'{"eventType":"Grab","x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "arrays that never end": b"[" * DEEP,
    "an artist in an artist": b'{"eventType":"Grab","artist":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "no artist, and deep": b'{"eventType":"Grab","artist":7,"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a number of 900,000 digits": b'{"eventType":"Grab","artist":7,"id":' + b"9" * 900_000 + b"}",
    "a number beyond all numbers": b'{"eventType":"Grab","artist":7,"id":1e999999}',
    "half a surrogate": b'{"eventType":"Grab\\ud800"}',
    "another encoding": '{"eventType":"Grab"}'.encode("utf-16"),
    "no text": b'{"eventType":"\xff\xfe"}',
    "no number": b'{"eventType":NaN}',
    "nothing but spaces": b'{"eventType":"\\u0000 \\t"}',
}


async def key_of_webhook(house: House, instance: str = "default") -> str:
    return await webhook_key(house.deps.db, house.deps.secrets, instance, clock=house.clock)


async def knock(house: House, *bodies: object, instance: str = "default") -> list[int]:
    """The status of each answer."""
    async with house.door(await key_of_webhook(house, instance)) as door:
        sent = (body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies)
        return [(await door.post(f"/webhooks/lidarr/{instance}", content=one)).status_code for one in sent]


async def remembered(house: House) -> int:
    async with house.deps.db.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(lidarr_events))).scalar_one()


@pytest.mark.parametrize("sent", BODIES_OF_NO_LIDARR)
async def test_what_no_lidarr_sends_is_refused_and_kept_nowhere(house: House, sent: str) -> None:
    assert await knock(house, BODIES_OF_NO_LIDARR[sent]) == [400]
    assert await remembered(house) == 0


async def test_names_and_labels_are_kept_bounded_and_on_one_line(house: House) -> None:
    artist = {"name": "a\u0000\n" + "b" * 9_000, "mbId": mbid(2), "tags": ["x" * 900] * 90}
    release = {"releaseTitle": "\u202e\r\nX-Injected: 1" + "c" * 9_000}
    albums = [{"title": f"{number} " + "d" * 500} for number in range(900)]
    body = {"eventType": "E" * 9_000, "artist": artist, "release": release, "albums": albums}
    assert await knock(house, body) == [200]
    heard = await latest_events(house.deps.db, limit=1_000)
    assert len(heard) == 200
    for event in (one.event for one in heard):
        texts = (event.word, event.artist_name, event.album_title, event.note, *event.tags)
        assert max(map(len, texts)) <= 300 and len(event.tags) <= 64
        assert not any(char < " " for text in texts for char in text)


async def test_the_key_of_a_lidarr_that_is_gone_opens_nothing(house: House) -> None:
    key = await key_of_webhook(house, "attic")
    async with house.door(key) as door:
        gone = await door.post("/webhooks/lidarr/attic", json=BODIES["Grab"])
    async with house.door("wrong") as door:
        wrong = await door.post(PATH, json=BODIES["Grab"])
    assert (gone.status_code, gone.json()["detail"]) == (401, wrong.json()["detail"])
    assert await remembered(house) == 0
    async with house.door(key, importers={"attic": house.lidarr}) as door:
        assert (await door.post("/webhooks/lidarr/attic", json=BODIES["Grab"])).status_code == 200


@pytest.mark.parametrize("name", ["%00", "%ff", "x" * 4_000, "%f0%9f%8e%b5", "default%0d%0aX: y"])
async def test_a_name_that_nobody_has_gets_the_answer_to_a_wrong_key(house: House, name: str) -> None:
    async with house.door(await key_of_webhook(house)) as door:
        assert (await door.post(f"/webhooks/lidarr/{name}", json=BODIES["Test"])).status_code == 401


async def test_its_key_opens_nothing_else(house: House) -> None:
    async with house.door(await key_of_webhook(house)) as door:
        for path in ("/api/v1/runs", "/api/v1/lidarrs/default/events", "/lists/default/artists", "/metrics"):
            assert (await door.get(path)).status_code == 401


async def test_no_word_of_a_webhook_moves_what_the_library_shows(house: House) -> None:
    """Everything that removes is looked up: whoever has the key can make us look, not believe."""
    kept, imported, pending = await house.recommend(
        recommended(1), recommended(2, album=22), recommended(3), status=Status.APPROVED
    )
    lidarr = ToldLidarr([owned(1), owned(2), owned(900)])
    lidarr.albums[2] = (OwnedAlbum(5, "Souvlaki", mbid(22), monitored=True, track_files=10),)
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    before = {row.id: row.status for row in (await list_recommendations(house.deps.db)).items}
    assert before == {kept: Status.IMPORTED, imported: Status.IMPORTED, pending: Status.APPROVED}
    for number, album in ((1, 21), (2, 22), (3, 23)):
        told = {"artist": {"name": "x", "mbId": mbid(number)}, "album": {"mbId": mbid(album)}}
        deletions = [{"eventType": word, "deletedFiles": True} | told for word in BODIES]
        assert set(await knock(house, *deletions)) == {200}
    house.clock.advance(hours=1)
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    after = {row.id: row.status for row in (await list_recommendations(house.deps.db)).items}
    assert after == before
    assert lidarr.exclusions == frozenset()


async def test_of_a_flood_the_newest_events_are_remembered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainarr.service.following.MOST_KEPT", 30)
    lidarr = ToldLidarr([owned(900)])
    await take_in(house.deps.db, "attic", [_grab(0, "elsewhere")], Way.WEBHOOK, clock=house.clock)
    for round_ in range(3):
        albums = [{"title": f"{round_} {number}"} for number in range(200)]
        assert await knock(house, {"eventType": "Grab", "albums": albums}) == [200]
        await follow_lidarr(house.deps.db, lidarr, house.clock)
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    assert await remembered(house) == 31
    assert [one.event.album_title for one in await latest_events(house.deps.db, limit=1)] == ["2 199"]


def _grab(number: int, note: str, told: Told = Told.GRABBED, **more: Any) -> LidarrEvent:
    return LidarrEvent(told, key_of(told, number, note), artist=mbid(2), album=mbid(22), note=note, **more)


async def test_the_life_of_a_recommendation_takes_so_many_grabs_and_no_more(house: House) -> None:
    (number,) = await house.recommend(recommended(2, album=22), status=Status.DELIVERED)
    flood = [
        _grab(round_, f"release {round_}", told)
        for round_ in range(2 * MOST_NOTED)
        for told in (Told.GRABBED, Told.DOWNLOAD_FAILED)
    ]
    for start in range(0, len(flood), 100):
        await take_in(house.deps.db, "default", flood[start : start + 100], Way.WEBHOOK, clock=house.clock)
        await tell_recommendations(house.deps.db, "default", house.clock)
    events = [each.event.event for each in (await read_life(house.deps.db, number)).events]
    noted = [event for event in events if event in (Event.GRABBED, Event.DOWNLOAD_FAILED)]
    assert len(noted) == MOST_NOTED


async def test_a_history_from_the_future_does_not_keep_us_from_reading_on(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    lidarr.told = [_grab(1, "never", at=datetime(9999, 12, 31, tzinfo=UTC))]
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    assert (await read_watch(house.deps.db)).history_until == house.clock()
    house.clock.advance(minutes=2)
    lidarr.told = [_grab(2, "now", at=house.clock() - timedelta(seconds=30))]
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    assert lidarr.asked[-1] == house.clock() - timedelta(minutes=2) - OVERLAP
    assert (await latest_events(house.deps.db))[0].event.note == "now"


async def test_markup_in_names_is_text_on_every_page(house: House) -> None:
    """A release may be called anything."""
    (number,) = await house.recommend(recommended(2, album=22), status=Status.DELIVERED)
    artist = {"name": IMAGE, "mbId": mbid(2), "tags": [IMAGE]}
    album = {"mbId": mbid(22), "title": IMAGE}
    for word in ("Grab", "Download", IMAGE):
        told = {"eventType": word, "artist": artist, "album": album, "release": {"releaseTitle": IMAGE}}
        assert await knock(house, told) == [200]
    await tell_recommendations(house.deps.db, "default", house.clock)
    async with house.signed_in() as browser:
        shown = [(await browser.get(path)).text for path in pages_about(number)]
    assert any("&lt;img src=x onerror" in page for page in shown)
    assert not any(IMAGE in page for page in shown)


def pages_about(number: int) -> tuple[str, ...]:
    return (
        f"/recommendations/{number}",
        "/history",
        f"/history?recommendation={number}",
        "/discover",
        "/lists",
        "/lidarrs",
        "/system/tasks",
        "/system/health",
    )
