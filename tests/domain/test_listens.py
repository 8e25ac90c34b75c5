"""Plays find the artists they belong to."""

from datetime import UTC, datetime

from brainarr.domain.listens import with_plays
from brainarr.domain.music import Library, Mbid, OwnedArtist, Plays

PLAID = Mbid("069a1c1f-14eb-4d36-b0a0-77dffbd67713")
OTHER = Mbid("a74b1b7f-71a5-4011-9441-d0b5e4122711")


def library(*artists: OwnedArtist) -> Library:
    return Library(artists, {}, frozenset(), datetime(2026, 11, 22, tzinfo=UTC))


def plays_of(found: Library) -> list[int]:
    return [artist.plays for artist in found.artists]


def test_plays_are_put_to_the_artist_of_that_identifier_whatever_its_spelling():
    owned = library(OwnedArtist(1, "Plaid", PLAID), OwnedArtist(2, "Slint", OTHER))
    assert plays_of(with_plays(owned, [Plays("plaid (uk)", 70, PLAID)])) == [70, 0]


def test_plays_without_an_identifier_find_the_exact_name():
    owned = library(OwnedArtist(1, "Plaid", PLAID), OwnedArtist(2, "Plaids"))
    assert plays_of(with_plays(owned, [Plays("PLAID", 70)])) == [70, 0]


def test_the_same_listens_in_two_services_are_not_counted_twice():
    owned = library(OwnedArtist(1, "Plaid", PLAID))
    assert plays_of(with_plays(owned, [Plays("Plaid", 70, PLAID), Plays("Plaid", 50)])) == [70]


def test_a_library_without_plays_stays_the_same_object():
    owned = library(OwnedArtist(1, "Plaid", PLAID))
    assert with_plays(owned, []) is owned
