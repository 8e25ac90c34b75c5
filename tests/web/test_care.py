"""Library care by its page and its API."""

import re
from datetime import timedelta
from html import unescape

import httpx2
import pytest

from brainarr.domain.care import DriftKind
from brainarr.domain.lists import ListKind
from brainarr.domain.music import OwnedAlbum, OwnedArtist, ReleaseGroup
from brainarr.domain.recommendation import Status
from brainarr.service import care
from brainarr.service.care import list_of_kind
from brainarr.service.library import refresh_library, sync_library, unwatched
from brainarr.service.lists import create_list
from brainarr.web.care_words import DRIFT
from brainarr.wiring.caching import CachedCatalog
from tests.store.given import ScriptedLidarr, mbid, owned, recommended
from tests.web.conftest import House

TODAY = "2026-11-20"
LOVED = {"track_files": 60, "album_count": 3, "rating": 8.0}


async def read(
    house: House, artists: list[OwnedArtist], albums: dict[int, tuple[OwnedAlbum, ...]] | None = None
) -> None:
    """Lidarr's library, read as a chore reads it; every artist's albums are known."""
    known = {artist.id: () for artist in artists} | (albums or {})
    await refresh_library(house.deps.db, ScriptedLidarr(artists, known), house.clock)


def group(artist: int, number: int, title: str, year: int = 2001, **facts: object) -> ReleaseGroup:
    return ReleaseGroup(mbid(number), title, mbid(artist), year, **facts)  # type: ignore[arg-type]


async def test_before_the_library_was_read_the_page_says_so(pages: httpx2.AsyncClient):
    for path in ("/care", "/care/gaps", "/care/releases"):
        page = await pages.get(path)
        assert page.status_code == 200 and "has not been read yet" in page.text
        assert "Connect Lidarr" in page.text


async def test_before_the_library_was_read_the_api_answers_404(api: httpx2.AsyncClient):
    for path in ("", "/drift", "/gaps", "/releases"):
        answer = await api.get(f"/api/v1/care{path}")
        assert answer.status_code == 404 and "not been read" in answer.json()["detail"]


async def test_an_empty_and_a_sound_library_are_told_apart(house: House, pages: httpx2.AsyncClient):
    await read(house, [])
    assert "Your library is empty" in (await pages.get("/care")).text
    house.clock.advance(hours=1)
    await read(house, [owned(1, album_count=2)])
    assert "Nothing has gone astray" in (await pages.get("/care")).text


async def test_drift_is_told_with_its_remedy(
    house: House, api: httpx2.AsyncClient, pages: httpx2.AsyncClient
):
    await read(
        house,
        [
            owned(1, gone=True, album_count=2),
            owned(2, monitored=False, **LOVED),
            owned(3, folder="/music/x", album_count=2),
            owned(4, folder="/music/x/y", album_count=2),
        ],
    )
    counts = (await api.get("/api/v1/care")).json()["drift"]
    assert counts == {"gone": 1, "shared-folder": 1, "unmonitored": 1}
    found = (await api.get("/api/v1/care/drift")).json()
    assert [one["kind"] for one in found] == ["gone", "shared-folder", "unmonitored"]
    assert found[1]["artists"][1] == {"id": 4, "name": "Artist 4", "mbid": mbid(4)}
    assert found[2]["detail"] == "Loved, with 60 files, but not monitored."
    assert all(one["remedy"] for one in found)
    shown = unescape((await pages.get("/care")).text)
    for kind in (DriftKind.GONE, DriftKind.SHARED_FOLDER, DriftKind.UNMONITORED):
        assert DRIFT[kind].title in shown and DRIFT[kind].remedy in shown


async def test_every_kind_of_drift_has_words():
    assert set(DRIFT) == set(DriftKind)


async def test_many_findings_of_a_kind_have_pages(
    house: House, api: httpx2.AsyncClient, pages: httpx2.AsyncClient
):
    fileless = {"track_files": 0, "album_count": 1, "added": house.clock() - timedelta(days=90)}
    await read(house, [owned(number, **fileless) for number in range(1, 101)])
    first = (await pages.get("/care")).text
    assert "Show all 100" in first and first.count("no file of 1 album") == 6
    third = (await pages.get("/care", params={"kind": "no-files", "page": 3})).text
    assert third.count("no file of 1 album") == 4 and "Page 3 of 3" in third
    answer = await api.get("/api/v1/care/drift", params={"kind": "no-files", "page": 2, "page_size": 30})
    assert len(answer.json()) == 30 and answer.headers["X-Total-Count"] == "100"
    assert (await api.get("/api/v1/care/drift", params={"kind": "gone"})).json() == []
    assert "Nothing of that kind" in (await pages.get("/care", params={"kind": "gone"})).text


async def test_gaps_are_shown_as_far_as_runs_have_heard_of_them(
    house: House, api: httpx2.AsyncClient, pages: httpx2.AsyncClient
):
    held = {1: (OwnedAlbum(1, "Here", mbid(11), track_files=9), OwnedAlbum(2, "Listed", mbid(12)))}
    await read(house, [owned(1, **LOVED), owned(2, **LOVED)], held)
    assert "Nothing is known yet" in (await pages.get("/care/gaps")).text
    house.catalog.groups = (group(1, 11, "Here"), group(1, 12, "Listed"), group(1, 13, "<b>Far</b>"))
    await CachedCatalog(house.catalog, house.deps.cache).albums(mbid(1))
    house.clock.advance(minutes=10)
    rows = (await api.get("/api/v1/care/gaps")).json()
    assert {row["album"]: row["listed"] for row in rows} == {"Listed": True, "<b>Far</b>": False}
    assert all(row["reason"].startswith("You have Artist 1 (60 files), and 1 of 3") for row in rows)
    shown = (await pages.get("/care/gaps")).text
    assert "Known so far: the albums of 1 of 2 loved artists." in shown
    assert "&lt;b&gt;Far&lt;/b&gt;" in shown and "<b>Far</b>" not in shown


async def test_new_releases_that_lidarr_lists_are_shown_and_what_waits_is_marked(
    house: House, api: httpx2.AsyncClient, pages: httpx2.AsyncClient
):
    new = OwnedAlbum(1, "New", mbid(21), 2026, released=TODAY)
    await read(house, [owned(1, **LOVED)], {1: (new,)})
    (row,) = (await api.get("/api/v1/care/releases")).json()
    assert (row["album"], row["released"], row["proposed"]) == ("New", TODAY, False)
    await house.recommend(recommended(1, album=21, title="New"))
    (row,) = (await api.get("/api/v1/care/releases")).json()
    assert row["proposed"]
    assert "Proposed" in (await pages.get("/care/releases")).text


async def test_what_was_rejected_is_missed_no_more(house: House, api: httpx2.AsyncClient):
    await read(house, [owned(1, **LOVED)], {1: (OwnedAlbum(1, "New", mbid(21), 2026, released=TODAY),)})
    await house.recommend(recommended(1, album=21, title="New"), status=Status.REJECTED)
    assert (await api.get("/api/v1/care/releases")).json() == []
    assert (await api.get("/api/v1/care")).json()["releases"] == 0


async def test_an_administrator_makes_the_list_by_asking_for_its_first_run(
    house: House, pages: httpx2.AsyncClient
):
    await read(house, [owned(1, **LOVED)])
    for kind in (ListKind.GAPS, ListKind.RELEASES):
        went = await pages.post(f"/care/{kind}/propose")
        assert went.status_code == 303 and went.headers["location"].startswith("/runs/")
        made = await list_of_kind(house.deps.db, kind)
        assert made is not None and made.name == care.NAMES[kind]
        again = await pages.post(f"/care/{kind}/propose")
        assert again.headers["location"] == went.headers["location"]
    assert len(house.woken) == 4


async def test_others_run_the_list_but_do_not_make_it(house: House, user_pages: httpx2.AsyncClient):
    await read(house, [owned(1, **LOVED)])
    assert "Look and propose" not in (await user_pages.get("/care/gaps")).text
    went = await user_pages.post("/care/gaps/propose")
    assert went.headers["location"] == "/care/gaps"
    assert await list_of_kind(house.deps.db, ListKind.GAPS) is None
    await create_list(house.deps.db, house.deps.secrets, "Mine", kind=ListKind.GAPS, clock=house.clock)
    assert "Look and propose" in (await user_pages.get("/care/gaps")).text
    assert (await user_pages.post("/care/gaps/propose")).headers["location"].startswith("/runs/")


async def test_there_is_nothing_else_to_propose(house: House, pages: httpx2.AsyncClient):
    assert (await pages.post("/care/discover/propose")).status_code in (404, 422)


async def test_a_large_library_is_looked_at_while_the_page_is_there_already(
    house: House, pages: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(care, "AT_ONCE", 2)
    await read(house, [owned(number, album_count=1) for number in range(1, 5)])
    first = (await pages.get("/care?kind=gone")).text
    assert "is being looked at" in first and 'data-drawn="/care?kind=gone&amp;drawn=true"' in first
    assert "Nothing has gone astray" in (await pages.get("/care?drawn=true")).text
    assert "Nothing has gone astray" in (await pages.get("/care")).text


async def test_each_lidarr_has_its_own_care(house: House):
    attic = ScriptedLidarr([owned(1, gone=True, album_count=1)])
    await read(house, [owned(1, album_count=1)])
    await sync_library(house.deps.db, attic, house.clock, unwatched, instance="attic")
    importers = {"default": house.lidarr, "attic": house.lidarr}
    async with house.signed_in(importers=importers) as pages:
        here, there = (await pages.get("/care")).text, (await pages.get("/care?lidarr=attic")).text
        assert "Nothing has gone astray" in here and 'href="/care?lidarr=attic"' in here
        assert DRIFT[DriftKind.GONE].title in there and 'href="/care/gaps?lidarr=attic"' in there
        assert (await pages.get("/care?lidarr=cellar")).status_code == 404
        await pages.post("/care/gaps/propose?lidarr=attic")
        made = await list_of_kind(house.deps.db, ListKind.GAPS, "attic")
        assert made is not None and made.name == "Album gaps of attic"
        assert await list_of_kind(house.deps.db, ListKind.GAPS) is None
    async with house.door(house.deps.api_key()) as api:
        assert (await api.get("/api/v1/care?instance=attic")).json()["drift"] == {"gone": 1}
        assert (await api.get("/api/v1/care?instance=cellar")).status_code == 404


@pytest.mark.parametrize("path", ["/care", "/care/gaps", "/care/releases"])
async def test_care_stands_under_a_url_base(house: House, path: str):
    await read(
        house, [owned(1, gone=True, **LOVED)], {1: (OwnedAlbum(1, "N", mbid(21), 2026, released=TODAY),)}
    )
    async with house.signed_in(url_base="/brainarr") as pages:
        text = (await pages.get(f"/brainarr{path}")).text
    assert 'href="/brainarr/care/gaps"' in text
    assert not re.search(r'(href|action|src)="/(?!brainarr)', text)
