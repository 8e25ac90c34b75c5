"""The door for Lidarr's webhook: who may knock, what is stored, and that the answer waits for nothing."""

import base64
import json
from typing import Any

import httpx2
import pytest

from brainarr.domain.life import Event
from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import Status
from brainarr.service.following import follow_lidarr
from brainarr.service.history import read_life
from brainarr.service.lidarr_events import latest_events, read_watch
from brainarr.service.webhook_keys import forget_webhook_key, webhook_key
from brainarr.store import jobs
from brainarr.web.envelope import MAX_BODY, MAX_WEBHOOK
from tests.service.given import ToldLidarr
from tests.store.given import mbid, owned, recommended
from tests.web.conftest import House
from tests.web.lidarr_payloads import BODIES

PATH = "/webhooks/lidarr/default"


async def key_of(house: House, instance: str = "default") -> str:
    return await webhook_key(house.deps.db, house.deps.secrets, instance, clock=house.clock)


async def knock(house: House, sent: Any, key: str | None = None, **how: Any) -> httpx2.Response:
    async with house.door(key) as door:
        content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        return await door.request(how.pop("method", "POST"), how.pop("path", PATH), content=content, **how)


async def stored(house: House) -> list[str]:
    return [one.event.word for one in await latest_events(house.deps.db)]


@pytest.mark.parametrize("event", list(BODIES))
async def test_every_event_is_stored_and_answered(house: House, event: str) -> None:
    answer = await knock(house, BODIES[event], await key_of(house))
    assert (answer.status_code, answer.json()) == (200, {"event": event, "new": 1})
    assert await stored(house) == [event]


async def test_the_same_delivery_counts_once_and_the_worker_is_woken_once(house: House) -> None:
    key = await key_of(house)
    assert (await knock(house, BODIES["Grab"], key)).json()["new"] == 1
    assert (await knock(house, BODIES["Grab"], key, method="PUT")).json()["new"] == 0
    assert await stored(house) == ["Grab"]
    assert len(house.woken) == 1
    async with house.deps.db.reading() as connection:
        assert await jobs.newest_job(connection, jobs.FOLLOW) is not None


async def test_the_key_may_come_as_header_password_or_query(house: House) -> None:
    key = await key_of(house)
    basic = base64.b64encode(f"lidarr:{key}".encode()).decode()
    ways: list[dict[str, Any]] = [
        {"headers": {"X-Api-Key": key}},
        {"headers": {"Authorization": f"Basic {basic}"}},
        {"path": f"{PATH}?apikey={key}"},
    ]
    for how in ways:
        assert (await knock(house, BODIES["Test"], **how)).status_code == 200, how
    assert (await read_watch(house.deps.db)).tested_at == house.clock()


@pytest.mark.parametrize("authorization", ["Basic", "Basic !!", "Basic bGlkYXJy", "Basic Og==", "Digest x"])
async def test_half_a_sign_in_is_none(house: House, authorization: str) -> None:
    await key_of(house)
    answer = await knock(house, BODIES["Test"], headers={"Authorization": authorization})
    assert answer.status_code == 401


async def test_a_wrong_key_an_old_one_and_one_of_something_else_are_refused_in_the_same_words(
    house: House,
) -> None:
    old = await key_of(house)
    await forget_webhook_key(house.deps.db, "default")
    assert await key_of(house) != old
    feed, attic = await house.feed_key(), await key_of(house, "attic")
    said = set[str]()
    for key in (None, "wrong", old, feed, attic, house.deps.api_key()):
        answer = await knock(house, BODIES["Grab"], key)
        assert answer.status_code == 401
        said.add(answer.json()["detail"])
    unknown = await knock(house, BODIES["Grab"], "wrong", path="/webhooks/lidarr/nowhere")
    assert unknown.status_code == 401
    said.add(unknown.json()["detail"])
    assert said == {"That key does not open this webhook."}
    assert await stored(house) == []


async def test_before_its_key_was_ever_made_nothing_opens_a_webhook(house: House) -> None:
    for key in ("", "anything"):
        assert (await knock(house, BODIES["Test"], key)).status_code == 401


async def test_a_key_opens_its_own_instance_only(house: House) -> None:
    await key_of(house)
    attic = await key_of(house, "attic")
    async with house.door(attic, importers={"default": house.lidarr, "attic": house.lidarr}) as door:
        assert (await door.post(PATH, json=BODIES["Grab"])).status_code == 401
        assert (await door.post("/webhooks/lidarr/attic", json=BODIES["Grab"])).status_code == 200
    assert await stored(house) == []
    assert [one.event.word for one in await latest_events(house.deps.db, "attic")] == ["Grab"]


async def test_who_guesses_keys_is_made_to_wait_and_lidarr_is_not(house: House) -> None:
    key = await key_of(house)
    async with house.door() as door:
        assert (await door.post(PATH, json=BODIES["Test"], headers={"X-Api-Key": key})).is_success
        basic = [base64.b64encode(f":guess {number}".encode()).decode() for number in range(40)]
        answers = [
            await door.post(PATH, json=BODIES["Test"], headers={"Authorization": f"Basic {one}"})
            for one in basic
        ]
        assert {answer.status_code for answer in answers} == {401, 429}
        assert answers[-1].status_code == 429
        assert (await door.post(PATH, json=BODIES["Grab"], headers={"X-Api-Key": key})).is_success


@pytest.mark.parametrize("sent", [b"", b"not json", b"[1]", b"{}", b'{"eventType": 7}'])
async def test_what_is_no_event_is_refused_with_a_reason(house: House, sent: bytes) -> None:
    answer = await knock(house, sent, await key_of(house))
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("That is no event of Lidarr's")
    assert await stored(house) == []


async def test_a_box_set_fits_and_a_flood_does_not(house: House) -> None:
    key = await key_of(house)
    files = BODIES["Download"]["trackFiles"] * (2 * MAX_BODY // 300)
    assert (await knock(house, BODIES["Download"] | {"trackFiles": files}, key)).status_code == 200
    assert (await knock(house, b" " * (MAX_WEBHOOK + 1), key)).status_code == 413
    # Without a key nobody reads what was sent.
    assert (await knock(house, b" " * (MAX_WEBHOOK + 1), "wrong")).status_code == 401


async def test_a_url_base_is_no_hindrance(house: House) -> None:
    key = await key_of(house)
    app = house.app(url_base="/brainarr")
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as door:
        content = json.dumps(BODIES["Download"] | {"trackFiles": [{"path": "x" * 2 * MAX_BODY}]})
        answer = await door.post(f"/brainarr{PATH}", content=content, headers={"X-Api-Key": key})
    assert answer.status_code == 200


async def test_what_a_webhook_tells_is_in_the_life_of_the_recommendation_a_round_later(
    house: House,
) -> None:
    (number,) = await house.recommend(recommended(2, album=22), status=Status.DELIVERED)
    key = await key_of(house)
    for event in ("Grab", "Download", "Download", "Grab"):
        await knock(house, BODIES[event], key)
    lidarr = ToldLidarr([owned(2)])
    lidarr.albums[2] = (OwnedAlbum(5, "Souvlaki", mbid(22), monitored=True, track_files=10),)
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    await knock(house, BODIES["ArtistDelete"], key)
    lidarr.artists = [owned(900)]
    house.clock.advance(minutes=2)
    await follow_lidarr(house.deps.db, lidarr, house.clock)
    life = [each.event.event for each in (await read_life(house.deps.db, number)).events]
    assert sorted(life[1:4]) == [Event.DOWNLOADED, Event.GRABBED, Event.IMPORTED]
    assert life[4:] == [Event.REMOVED]


async def test_what_was_heard_is_shown_to_administrators(house: House) -> None:
    await knock(house, BODIES["Grab"], await key_of(house))
    async with house.door(house.deps.api_key()) as door:
        (told,) = (await door.get("/api/v1/lidarrs/default/events")).json()
        watch = (await door.get("/api/v1/lidarrs/default/watch")).json()
        assert (await door.get("/api/v1/lidarrs/nowhere/watch")).status_code == 404
    assert (told["event"], told["told"], told["artist"], told["done"]) == (
        "Grab",
        "grabbed",
        "Slowdive",
        False,
    )
    assert (watch["heard_at"] is not None, watch["tested_at"], watch["look_seconds"]) == (True, None, 0.0)
