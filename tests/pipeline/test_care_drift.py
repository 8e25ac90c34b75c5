"""What went astray in a library, and who counts as loved."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.care import Drift, DriftKind
from brainarr.domain.music import OwnedArtist
from brainarr.pipeline.care.drift import find_drift
from brainarr.pipeline.care.love import FEWEST, favourites, love
from tests.conftest import NOW
from tests.pipeline.builders import mbid, owned


def drift_of(*artists: OwnedArtist) -> dict[DriftKind, list[Drift]]:
    found: dict[DriftKind, list[Drift]] = {}
    for one in find_drift(love(artists), NOW):
        found.setdefault(one.kind, []).append(one)
    return found


def names(found: list[Drift]) -> list[tuple[str, ...]]:
    return [tuple(artist.name for artist in one.artists) for one in found]


def test_a_sound_library_has_no_drift():
    folders = [f"/music/{name}" for name in ("Plaid", "Slint", "Low")]
    assert drift_of(*(owned(n, folder[7:], folder=folder) for n, folder in enumerate(folders))) == {}


def test_who_has_no_identifier_or_is_gone_from_musicbrainz_is_told():
    found = drift_of(owned(1, "Nameless", mbid=None), owned(2, "Deleted", gone=True))
    assert names(found[DriftKind.NO_MBID]) == [("Nameless",)]
    assert names(found[DriftKind.GONE]) == [("Deleted",)]


def test_two_entries_of_one_artist_are_told_once_and_not_as_namesakes():
    found = drift_of(owned(1, "Plaid"), owned(2, "Plaid"))
    assert names(found[DriftKind.SAME_MBID]) == [("Plaid", "Plaid")]
    assert DriftKind.NAMESAKES not in found


def test_artists_of_one_name_are_namesakes_however_it_is_spelt():
    found = drift_of(
        owned(1, "The Bends", mbid=mbid("a"), track_files=12),
        owned(2, "bends", mbid=mbid("b"), track_files=1),
    )
    (one,) = found[DriftKind.NAMESAKES]
    assert one.detail == "2 artists of one name, with 12 files, 1 file."


def test_one_folder_for_two_artists_and_a_folder_within_another_are_told():
    found = drift_of(
        owned(1, "Plaid", folder="/music/Plaid/"),
        owned(2, "Plaid Trio", folder="/music/plaid"),
        owned(3, "Slint", folder="/music/Plaid/Slint"),
        owned(4, "Low", folder="/music/Low"),
        owned(5, "Lower", folder="/music/Lower"),
    )
    told = {frozenset(pair) for pair in names(found[DriftKind.SHARED_FOLDER])}
    assert frozenset({"Plaid", "Plaid Trio"}) in told
    assert any("Slint" in pair for pair in told)
    assert not any("Low" in pair or "Lower" in pair for pair in told)


def test_a_loved_artist_that_nobody_monitors_is_told_with_what_speaks_for_it():
    found = drift_of(
        owned(1, "Loved", monitored=False, plays=812, track_files=40),
        owned(2, "Forgotten", monitored=False, track_files=0),
        *(owned(n, f"Other {n}") for n in range(3, 30)),
    )
    (one,) = found[DriftKind.UNMONITORED]
    assert (one.artists[0].name, one.detail) == (
        "Loved",
        "Loved, with 812 plays and 40 files, but not monitored.",
    )


def test_a_monitored_artist_without_albums_or_without_files_is_told_only_after_a_while():
    empty = {"track_files": 0, "album_count": 0}
    found = drift_of(
        owned(1, "Unlisted", **empty),
        owned(2, "Fileless", track_files=0, album_count=3),
        owned(3, "Just added", added=NOW - timedelta(hours=3), **empty),
        owned(4, "Lately added", added=NOW - timedelta(days=9), track_files=0),
        owned(5, "Unmonitored", monitored=False, **empty),
    )
    assert names(found[DriftKind.NO_ALBUMS]) == [("Unlisted",)]
    assert names(found[DriftKind.NO_FILES]) == [("Fileless",)]


def test_the_gravest_come_first():
    found = find_drift(love([owned(1, "A", track_files=0), owned(2, "B", gone=True)]), NOW)
    assert [one.kind for one in found] == [DriftKind.GONE, DriftKind.NO_FILES]


def test_plays_say_more_than_files_and_newness_says_nothing():
    old, new = NOW - timedelta(days=3000), NOW
    loved = love(
        [
            owned(1, "On disk", track_files=60, added=new),
            owned(2, "Played", plays=900, track_files=10, added=old),
            owned(3, "Also on disk", track_files=60, added=old),
        ]
    )
    assert [one.artist.name for one in loved] == ["Played", "Also on disk", "On disk"]
    assert loved[0].because == ("900 plays", "10 files")
    assert loved[0].share == 1.0
    assert loved[1].weight == loved[2].weight


def test_of_a_large_library_a_quarter_counts_as_loved():
    everybody = love([owned(n, f"Artist {n}", track_files=40) for n in range(400)])
    assert len(favourites(everybody)) == 100


def test_of_a_small_library_whoever_is_loved_at_all_counts():
    few = love(
        [
            *(owned(n, f"Artist {n}", track_files=40) for n in range(FEWEST)),
            owned(99, "Unheard", track_files=0),
        ]
    )
    assert [one.artist.name for one in favourites(few)] == sorted(f"Artist {n}" for n in range(FEWEST))


artists = st.builds(
    OwnedArtist,
    id=st.integers(0, 40),
    name=st.sampled_from(["Plaid", "Slint", "The Slint", "", "Ï", "  "]),
    mbid=st.sampled_from([None, mbid("a"), mbid("b")]),
    rating=st.none() | st.floats(0, 10),
    added=st.none() | st.just(NOW),
    monitored=st.booleans(),
    album_count=st.integers(0, 5),
    track_files=st.integers(0, 100),
    plays=st.integers(0, 10**9),
    folder=st.sampled_from(["", "/", "/m/a", "/m/a/b", "C:\\Music\\a", "/M/A/"]),
    gone=st.booleans(),
)


@given(st.lists(artists, max_size=12))
def test_of_any_library_drift_names_only_who_is_in_it_and_the_most_loved_has_a_share_of_one(library):
    loved = love(library)
    assert [one.share for one in loved] == sorted((one.share for one in loved), reverse=True)
    assert not loved or loved[0].share == 1.0
    ids = {artist.id for artist in library}
    for one in find_drift(loved, NOW):
        assert one.artists and {artist.id for artist in one.artists} <= ids and one.detail
