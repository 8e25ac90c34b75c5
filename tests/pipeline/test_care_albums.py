"""Which albums of owned artists a library lacks, and what is said of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.care import CareFacts, Loved, MissingAlbum
from brainarr.domain.music import OwnedAlbum, ReleaseGroup
from brainarr.pipeline.care.albums import gaps_of, newness, releases_of
from brainarr.pipeline.care.explain import care_reason, told_date
from brainarr.pipeline.care.love import love
from tests.pipeline.builders import mbid, owned

TODAY = date(2026, 11, 26)
LOVED: Loved = love([owned(1, "Plaid", plays=812)])[0]


def group(title: str, year: int | None = 2001, **facts: object) -> ReleaseGroup:
    return ReleaseGroup(mbid(title), title, mbid("Plaid"), year, **facts)  # type: ignore[arg-type]


def album(title: str, **facts: object) -> OwnedAlbum:
    known: dict[str, object] = {"mbid": mbid(title), **facts}
    return OwnedAlbum(abs(hash(title)), title, **known)  # type: ignore[arg-type]


def gaps(*catalogue: ReleaseGroup, held: tuple[OwnedAlbum, ...] = (), chart=None) -> list[MissingAlbum]:
    return list(gaps_of(LOVED, catalogue, held, TODAY, chart))


def titles(found: list[MissingAlbum]) -> list[str]:
    return [one.album.title for one in found]


def test_what_is_on_disk_or_monitored_is_no_gap_and_what_lidarr_only_lists_is_one():
    found = gaps(
        *map(group, ("On disk", "Monitored", "Listed", "Unlisted")),
        held=(album("On disk", track_files=9), album("Monitored", monitored=True), album("Listed")),
    )
    assert {one.album.title: one.facts.listed for one in found} == {"Listed": True, "Unlisted": False}
    assert {(one.facts.held, one.facts.studio) for one in found} == {(2, 4)}


def test_an_album_that_lidarr_knows_under_another_identifier_is_told_by_its_title():
    held = album("Double Figure", mbid=mbid("merged away"), track_files=12)
    found = gaps(group("Double Figure (Deluxe Edition)"), group("Rest Proof Clockwork"), held=(held,))
    assert titles(found) == ["Rest Proof Clockwork"]


def test_only_studio_albums_that_are_out_are_gaps():
    found = gaps(
        group("Studio"),
        group("Live", secondary_kinds=("live",)),
        group("EP", kind="ep"),
        group("Next year", 2027),
        group("In a month", 2026, released="2026-12-24"),
        group("Undated", None),
    )
    assert titles(found) == ["Studio", "Undated"]


def test_listeners_say_which_gap_comes_first_else_its_rating_does():
    catalogue = (
        group("Obscure"),
        group("Rated", rating=9.0, votes=7),
        group("Loved"),
        group("Owned favourite"),
        group("One vote", rating=10.0, votes=1),
    )
    chart = ("deezer", ("Owned favourite", "Loved", "A live album"))
    found = gaps(*catalogue, held=(album("Owned favourite", monitored=True),), chart=chart)
    assert titles(found)[:2] == ["Loved", "Rated"]
    assert (found[0].facts.chosen_by, found[0].facts.place) == ("deezer", 2)
    assert found[0].standing > found[1].standing > found[2].standing == found[3].standing


def test_new_releases_are_those_of_a_year_and_those_announced():
    catalogue = (
        group("Too old", 2025, released="2025-11-25"),
        group("A year ago", 2025, released="2025-11-26"),
        group("This month", 2026, released="2026-11"),
        group("Announced", 2027, released="2027-02-01"),
        group("Some day this year", 2026),
        group("Live", 2026, secondary_kinds=("live",), released="2026-05-08"),
        group("Single", 2026, kind="single", released="2026-05-08"),
        group("EP", 2026, kind="ep", released="2026-05-08"),
        group("Undated", None),
    )
    found = list(releases_of(LOVED, catalogue, (), TODAY))
    assert titles(found) == ["Announced", "This month", "EP", "Some day this year", "A year ago"]
    assert [one.facts.upcoming for one in found] == [True, False, False, False, False]


def test_what_lidarr_lists_by_itself_is_found_without_the_catalogue():
    held = (
        album("New", released="2026-11-01"),
        album("New and wanted", released="2026-11-01", monitored=True),
    )
    (found,) = releases_of(LOVED, (), held, TODAY)
    assert (found.album.title, found.facts.listed) == ("New", True)


def test_the_same_new_album_is_found_once_and_as_the_catalogue_has_it():
    (found,) = releases_of(
        LOVED, (group("New", 2026, released="2026-11-07"),), (album("New", released="2026-11-01"),), TODAY
    )
    assert found.facts.released == "2026-11-07"


@pytest.mark.parametrize(
    ("released", "standing"),
    [("2026-11-26", 1.0), ("2027-01-01", 1.0), ("2025-11-26", 0.5), ("2026-02-31", 0.5)],
)
def test_news_are_worth_half_after_a_year(released, standing):
    assert newness(group("New", released=released), TODAY) == pytest.approx(standing)


@given(
    st.none() | st.from_regex(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", fullmatch=True),
    st.none() | st.integers(1, 9999),
)
def test_any_date_is_worth_something_and_told(released, year):
    one = group("New", year, released=released)
    assert 0.3 <= newness(one, TODAY) <= 1.0
    assert bool(told_date(released)) == bool(released)
    releases_of(LOVED, (one,), (), TODAY)


LABELS = {"deezer": "Deezer"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            CareFacts(
                new=False, because=("812 plays", "40 files"), held=5, studio=6, chosen_by="deezer", place=2
            ),
            "You have Plaid (812 plays and 40 files), and 5 of 6 studio albums; this one is missing. "
            "Of them it is number 2 on Deezer.",
        ),
        (
            CareFacts(new=False, held=0, studio=3, rating=8.2, listed=True),
            "You have Plaid, but none of the 3 studio albums. MusicBrainz rates it 8.2 of 10. "
            "Lidarr lists it, unmonitored.",
        ),
        (CareFacts(new=False, studio=1), "You have Plaid, but not the one studio album."),
        (
            CareFacts(new=True, because=("812 plays",), released="2026-05-08"),
            "You have Plaid (812 plays). This came out on 8 May 2026.",
        ),
        (CareFacts(new=True, released="2026-05"), "You have Plaid. This came out in May 2026."),
        (
            CareFacts(new=True, released="2027-01-15", upcoming=True),
            "You have Plaid. This is announced for 15 January 2027.",
        ),
        (CareFacts(new=True, released="2026"), "You have Plaid. This came out in 2026."),
    ],
)
def test_the_reason_says_what_is_known_and_no_more(facts, reason):
    assert care_reason("Plaid", facts, LABELS) == reason
