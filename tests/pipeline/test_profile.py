"""What a library says about its owner."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.music import OwnedAlbum, OwnedArtist
from brainarr.pipeline.profile import Tally, merge, merge_all, profile_library, tally
from tests.conftest import NOW
from tests.pipeline.builders import library, mbid, owned

artists = st.builds(
    OwnedArtist,
    id=st.integers(1, 10_000),
    name=st.text(max_size=20),
    mbid=st.none() | st.uuids().map(lambda value: mbid(str(value))),
    genres=st.lists(
        st.sampled_from(["rock", "Shoegaze", "k-pop", "seen live", "", "hip-hop"]), max_size=12
    ).map(tuple),
    rating=st.none() | st.floats(0, 10),
    added=st.none() | st.integers(0, 20_000).map(lambda days: NOW - timedelta(days=days)),
    monitored=st.booleans(),
    track_files=st.integers(0, 5000),
    last_release_year=st.none() | st.integers(1900, 2026),
    plays=st.integers(0, 100_000),
)
tallies = st.lists(artists, max_size=6).map(lambda found: tally(found, {}, NOW))


@given(tallies, tallies, tallies)
def test_merging_tallies_is_associative_to_the_last_bit(one: Tally, two: Tally, three: Tally):
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(tallies)
def test_an_empty_tally_changes_nothing(one: Tally):
    assert merge(one, Tally()) == one == merge(Tally(), one)


@given(st.lists(artists, max_size=30), st.integers(1, 7))
def test_batches_of_any_size_merge_to_the_same_tally(found: list[OwnedArtist], size: int):
    parts = [tally(found[start : start + size], {}, NOW) for start in range(0, len(found), size)]
    assert merge_all(parts) == tally(found, {}, NOW)


async def test_a_library_larger_than_a_batch_profiles_like_one_tally():
    many = library(
        *(owned(number, f"Artist {number}", "techno" if number % 3 else "soul") for number in range(250))
    )
    profile = await profile_library(many, NOW)
    assert profile.shape.artists == 250
    assert profile.genre_artists["techno"] == 166
    assert sum(profile.genres.values()) == pytest.approx(1)
    assert sum(profile.weights.values()) == pytest.approx(1)


async def test_shoegaze_counts_for_rock_too_but_for_less():
    profile = await profile_library(library(owned(1, "Slowdive", "Shoegaze")), NOW)
    assert profile.genres["shoegaze"] > profile.genres["alternative rock"] > profile.genres["rock"] > 0


async def test_two_kinds_of_rock_are_one_vote_for_rock():
    profile = await profile_library(library(owned(1, "Ride", "shoegaze", "britpop")), NOW)
    assert profile.genre_artists["rock"] == 1
    assert profile.genres["rock"] == pytest.approx(profile.genres["shoegaze"] / 4, rel=0.01)


async def test_an_empty_library_has_an_empty_profile():
    profile = await profile_library(library(), NOW)
    assert profile.shape.kind == "empty"
    assert not profile.genres and not profile.seeds and not profile.clusters and not profile.years


async def test_a_library_of_one_without_mbid_and_genres_still_has_a_cluster():
    profile = await profile_library(library(owned(1, "Nobody", mbid=None)), NOW)
    assert [cluster.name for cluster in profile.clusters] == ["unlabelled"]
    assert profile.seeds == ()
    assert profile.shape.without_mbid == profile.shape.without_genres == 1


async def test_plays_weigh_more_than_files_and_unmonitored_artists_weigh_less():
    profile = await profile_library(
        library(
            owned(1, "Played", "rock", plays=900),
            owned(2, "Owned", "rock", track_files=60),
            owned(3, "Unmonitored", "rock", track_files=60, monitored=False),
        ),
        NOW,
    )
    assert list(profile.weights) == [1, 2, 3]


async def test_eras_come_from_first_releases_on_disk_and_ignore_compilations():
    albums = {
        1: [
            OwnedAlbum(1, "First", None, 1991, track_files=10),
            OwnedAlbum(2, "Not here", None, 2005),
            OwnedAlbum(3, "Best of", None, 2010, secondary_kinds=("compilation",), track_files=20),
        ]
    }
    profile = await profile_library(library(owned(1, "Slowdive", last_release_year=2023), albums=albums), NOW)
    assert profile.decades == {1990: 1.0}
    assert profile.album_coverage == 1.0


async def test_artists_added_lately_are_named_newest_first():
    profile = await profile_library(
        library(
            owned(1, "Old"),
            owned(2, "New", added=NOW - timedelta(days=1)),
            owned(3, "Newish", added=NOW - timedelta(days=20)),
        ),
        NOW,
    )
    assert profile.recent == ("New", "Newish")


async def test_every_cluster_sends_a_seed():
    found = [owned(number, f"Rock {number}", "rock") for number in range(200)]
    found += [owned(1000 + number, f"Jazz {number}", "bebop") for number in range(8)]
    profile = await profile_library(library(*found), NOW)
    assert {seed.cluster for seed in profile.seeds} == {"rock", "bebop"}
    assert len(profile.seeds) <= 60
    assert sum(seed.weight for seed in profile.seeds) == pytest.approx(1)


async def test_another_seed_draws_other_exemplars_and_the_same_seed_the_same():
    many = library(*(owned(number, f"Artist {number}", "techno") for number in range(500)))
    first, again, other = [await profile_library(many, NOW, seed=seed) for seed in (1, 1, 2)]
    assert first.seeds == again.seeds
    assert {seed.mbid for seed in first.seeds} != {seed.mbid for seed in other.seeds}


async def test_an_artist_whose_owned_neighbours_live_elsewhere_moves_there():
    rock = [owned(number, f"Rock {number}", "rock") for number in range(20)]
    jazz = [owned(100 + number, f"Jazz {number}", "jazz") for number in range(20)]
    odd = owned(999, "Odd", "jazz")
    near = {mbid("Odd"): [mbid(f"Rock {number}") for number in range(6)]}
    profile = await profile_library(library(*rock, *jazz, odd), NOW, neighbours=near)
    assert {cluster.name: cluster.size for cluster in profile.clusters} == {"rock": 21, "jazz": 20}


async def test_clusters_that_share_their_listeners_are_one():
    shared = [mbid(f"neighbour {number}") for number in range(50)]
    found = [owned(number, f"S {number}", "shoegaze") for number in range(10)]
    found += [owned(50 + number, f"D {number}", "dream pop") for number in range(10)]
    near = {mbid(artist.name): shared for artist in found}
    profile = await profile_library(library(*found), NOW, neighbours=near)
    assert [cluster.size for cluster in profile.clusters] == [20]


async def test_many_small_genres_fold_into_their_parents():
    kinds = [
        "shoegaze",
        "britpop",
        "grunge",
        "slowcore",
        "math rock",
        "noise rock",
        "dream pop",
        "jangle pop",
    ]
    kinds += ["gothic rock", "neo-psychedelia", "madchester", "post-rock", "college rock", "indie rock"]
    profile = await profile_library(
        library(*(owned(number, f"A {number}", kinds[number % 14]) for number in range(140))), NOW
    )
    assert len(profile.clusters) <= 12
    assert sum(cluster.size for cluster in profile.clusters) == 140


async def test_a_new_artist_leaves_the_seeds_of_the_others_nearly_as_they_were():
    artists = [owned(n, f"A{n}", ("rock", "jazz", "techno")[n % 3], track_files=n % 40) for n in range(300)]
    before = await profile_library(library(*artists[:-5]), NOW, seed=3)
    after = await profile_library(library(*artists), NOW, seed=3)
    kept = {seed.mbid for seed in before.seeds} & {seed.mbid for seed in after.seeds}
    assert len(kept) >= len(before.seeds) - 6
    other = await profile_library(library(*artists), NOW, seed=4)
    assert len({seed.mbid for seed in after.seeds} & {seed.mbid for seed in other.seeds}) < 50
