"""Pictures and previews at our own address."""

import re

import httpx2
import pytest

from brainarr.domain.media import Picture, Sound
from brainarr.sandbox.media import cover, silence
from brainarr.service.artwork import Answer, Artwork, Wanted
from brainarr.service.previews import Previews
from brainarr.store.pictures import PictureShelf
from brainarr.web.placeholder import draw
from tests.service.test_artwork import Source
from tests.service.test_previews import Source as Heard
from tests.store.given import mbid, recommended
from tests.web.conftest import House

PICTURE = Picture(cover("a", 250), "image/png")


def artwork(house: House, *known: int) -> Artwork:
    shelf = PictureShelf(house.deps.backups.folder / "artwork", 2**24, house.clock)
    source = Source(*map(mbid, known))
    return Artwork(house.deps.db, shelf, house.clock, artists=[source], albums=[source])


async def test_a_picture_comes_as_it_is_and_not_twice(house: House):
    async with house.signed_in(artwork=artwork(house, 7)) as client:
        answer = await client.get(f"/art/release-group/{mbid(7)}?size=250")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"].startswith("private, max-age=")
        assert answer.content.startswith(b"\x89PNG")
        again = await client.get(
            f"/art/release-group/{mbid(7)}?size=250", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_what_has_no_picture_is_drawn_with_its_initials(house: House):
    await house.recommend(recommended(1, album=7, title="Just for <a> Day"))
    async with house.signed_in(artwork=artwork(house)) as client:
        answer = await client.get(f"/art/release-group/{mbid(7)}?size=500")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert ">JFA</text>" in answer.text and 'width="500"' in answer.text
        assert answer.content == (await client.get(f"/art/release-group/{mbid(7)}?size=500")).content
        assert ">N1</text>" in (await client.get(f"/art/artist/{mbid(1)}")).text


async def test_while_it_is_looked_for_the_drawing_is_good_for_moments_only(house: House):
    class Looks:
        async def picture(self, wanted: Wanted) -> Answer:
            return Answer(None, settled=False)

    async with house.signed_in(artwork=Looks()) as client:
        answer = await client.get(f"/art/artist/{mbid(1)}")
    age = re.search(r"max-age=(\d+)", answer.headers["cache-control"])
    assert age is not None and int(age[1]) < 60


async def test_switched_off_everything_is_drawn(house: House):
    async with house.signed_in(artwork=None) as client:
        answer = await client.get(f"/art/artist/{mbid(1)}")
        assert answer.headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/art/artist/nobody", 404),
        ("/art/artist/..%2f..%2fetc", 404),
        ("/art/label/00000001-0000-4000-8000-000000000001", 422),
        ("/art/artist/00000001-0000-4000-8000-000000000001?size=9999", 422),
    ],
)
async def test_only_identifiers_and_two_sizes_are_pictures(house: House, path: str, status: int):
    async with house.signed_in(artwork=artwork(house)) as client:
        assert (await client.get(path)).status_code == status


async def test_strangers_see_and_hear_nothing(stranger: httpx2.AsyncClient):
    for path in (f"/art/artist/{mbid(1)}", "/previews/1"):
        assert (await stranger.get(path, headers={"Accept": "*/*"})).status_code in (401, 303)


async def test_a_preview_is_played_from_here_whole_or_in_part(house: House):
    (number,) = await house.recommend(recommended(1))
    sound = Sound(silence(1), "audio/mpeg")
    previews = Previews(house.deps.db, [Heard("deezer", sound)], house.clock)
    async with house.signed_in(previews=previews) as client:
        whole = await client.get(f"/previews/{number}")
        assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/mpeg")
        assert whole.content == sound.content
        part = await client.get(f"/previews/{number}", headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
        assert part.headers["content-range"] == f"bytes 0-99/{len(sound.content)}"
        for odd in ("bytes=9999999-", "bytes=5-1", "bytes=-5", "bytes=0-1,5-6", "pages=1-2"):
            odd_answer = await client.get(f"/previews/{number}", headers={"Range": odd})
            assert (odd_answer.status_code, odd_answer.content) == (200, sound.content)


async def test_where_nobody_has_a_preview_a_problem_says_so(house: House):
    (number,) = await house.recommend(recommended(1))
    previews = Previews(house.deps.db, [Heard("deezer", None)], house.clock)
    async with house.signed_in(previews=previews) as client:
        answer = await client.get(f"/previews/{number}", headers={"Accept": "*/*"})
        assert answer.status_code == 404
        assert "No preview of New 1 was found" in answer.json()["detail"]
    async with house.signed_in(previews=None) as client:
        assert (await client.get(f"/previews/{number}")).status_code == 404


def test_a_drawing_is_the_same_for_the_same_and_another_for_another():
    assert draw(mbid(1), "Slowdive", 250) == draw(mbid(1), "Slowdive", 250)
    assert len({draw(mbid(number), "Slowdive", 250) for number in range(200)}) == 200


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("The Cure", "C"),
        ("Boards of Canada", "BOC"),
        (None, ""),
        ("!!!", ""),
        ("<script>", "S"),
        ("Sigur Rós", "SR"),
    ],
)
def test_initials_are_letters_alone(name: str | None, initials: str):
    drawn = draw(mbid(1), name, 250).decode()
    assert f">{initials}</text>" in drawn and "<script" not in drawn
