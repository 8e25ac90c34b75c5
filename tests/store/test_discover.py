"""What Discover filters by, of recommendations that were stored before it, and how names are searched."""

import pytest

from brainarr.domain.names import search_text, searched_words
from brainarr.domain.recommendation import Status
from brainarr.service.discover import Sort, Sought, discover
from brainarr.store import lists, recommendations
from brainarr.store.tags import TagKind
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import NOW, Place
from tests.store.given import installed, recommended


async def test_what_was_stored_before_is_found_by_its_genres_era_and_voices(empty_place: Place) -> None:
    async with installed(*empty_place) as house:
        async with house.db.transaction() as connection:
            stored = await lists.list_named(connection, "default")
            assert stored is not None
            await connection.exec_driver_sql(
                "INSERT INTO runs (id, list_id, status, dry_run, trigger, requested_at) "
                f"VALUES (1, {stored.id}, 'done', false, 'cli', '2026-01-01 00:00:00+00:00')"
            )
            found = (recommended(1, album=2, title="Ágætis byrjun", year=1999), recommended(3, year=None))
            await recommendations.insert_recommendations(
                connection, 1, stored.id, found, Status.PENDING, house.clock()
            )
        before = await discover(house.db, Sought(), Sort.YEAR)
        await house.db.dispose()
        await downgrade(house.url, house.folder, "0012", now=NOW)
        await upgrade(house.url, house.folder, now=NOW)
        after = await discover(house.db, Sought(), Sort.YEAR)
        assert after == before
        assert after.tags[TagKind.GENRE] == {"dream pop": 2, "shoegaze": 2}
        assert after.tags[TagKind.DECADE] == {"1990": 1}
        assert after.tags[TagKind.SOURCE] == {"listenbrainz": 2}
        for sought in (Sought(decade=1990), Sought(words=("agaetis",)), Sought(words=("new", "byrjun"))):
            (card,) = (await discover(house.db, sought, Sort.ARTIST)).cards
            assert card.row.recommendation.album == "Ágætis byrjun", sought


@pytest.mark.parametrize(
    ("names", "typed"),
    [
        (("Björk", "Homogenic"), "bjork homo"),
        (("Björk", "Homogenic"), "BJÖRK"),
        (("AC/DC",), "ac/dc"),
        (("AC/DC",), "acdc"),
        (("A$AP Rocky",), "asap"),
        (("Кино", "Группа крови"), "kino"),
        (("椎名林檎",), "林檎"),
        (("Beyoncé", "B’Day"), "b'day"),
    ],
)
def test_names_are_found_as_people_type_them(names: tuple[str, ...], typed: str) -> None:
    text = search_text(*names)
    assert all(word in text for word in searched_words(typed))


@pytest.mark.parametrize("typed", ["", "   "])
def test_a_blank_search_looks_for_nothing(typed: str) -> None:
    assert all(word in search_text("Slowdive") for word in searched_words(typed))


def test_names_are_sorted_without_their_article() -> None:
    named = ["The Cure", "Can", "Ólafur Arnalds", "Orbital"]
    assert sorted(named, key=search_text) == ["Can", "The Cure", "Ólafur Arnalds", "Orbital"]
