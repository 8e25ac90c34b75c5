"""The models against their definitions, written out, and the thinned rows against the whole matrices."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from brainarr.similarity import neighbours
from brainarr.similarity import spectral as filtering
from brainarr.similarity.models import (
    Floats,
    Interactions,
    bm25,
    bm25_factors,
    breadth,
    ease,
    popularity,
    rp3beta,
    rp3beta_factors,
)
from brainarr.similarity.neighbours import Neighbours, co_listening_neighbours, ease_neighbours, strongest
from brainarr.similarity.spectral import spectral, spectral_neighbours


def some_interactions(people: int = 40, artists: int = 25, seed: int = 3) -> Interactions:
    heard = np.random.default_rng(seed).random((people, artists)) < 0.3
    return sp.csr_array(heard.astype(np.float64))


def whole(found: Neighbours) -> Floats:
    """The rows put back into a dense matrix."""
    size = len(found.weights)
    dense = np.zeros((size, size))
    np.add.at(dense, (np.arange(size)[:, None], found.artists), found.weights)
    return dense


@pytest.mark.parametrize(("people", "artists"), [(40, 25), (12, 30)])
def test_ease_is_the_inverse_of_the_regularised_gram_matrix_whichever_side_is_solved(
    people: int, artists: int
):
    interactions = some_interactions(people, artists)
    dense = interactions.toarray()
    inverse = np.linalg.inv(dense.T @ dense + 50.0 * np.eye(artists))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    assert np.allclose(ease(interactions, 50.0), expected)


def test_rp3beta_is_a_walk_to_a_person_and_on_to_an_artist_over_popularity():
    interactions = some_interactions()
    dense = interactions.toarray()
    weights = rp3beta(interactions, 0.4)
    first, second = 2, 7
    both = (dense[:, first] * dense[:, second]).astype(bool)
    walk = sum(1.0 / dense[:, first].sum() / dense[person].sum() for person in np.flatnonzero(both))
    assert weights[first, second] == pytest.approx(walk / dense[:, second].sum() ** 0.4)
    assert not weights.diagonal().any()


def test_bm25_is_the_product_of_two_weighted_vectors():
    # 100 artists with 25 listeners on the mean, so that nothing is rounded.
    rng = np.random.default_rng(5)
    dense = np.zeros((100, 100))
    for artist in range(100):
        dense[rng.permutation(100)[: 20 + 10 * (artist % 2)], artist] = 1.0
    listeners, owned = dense.sum(axis=0), dense.sum(axis=1)
    saturated = 2.2 / (1.2 * (0.25 + 0.75 * listeners / 25.0) + 1.0)
    weighted = dense * (np.log(100.0) - np.log1p(owned))[:, None] * saturated
    expected = weighted.T @ weighted
    np.fill_diagonal(expected, 0.0)
    assert np.allclose(bm25(sp.csr_array(dense)), expected)


@pytest.mark.parametrize(("people", "artists"), [(40, 25), (12, 30)])
def test_the_spectral_filter_is_the_normalised_product_and_its_strongest_directions(
    people: int, artists: int
):
    dense = some_interactions(people, artists).toarray()
    listeners, owned = np.maximum(dense.sum(axis=0), 1.0), dense.sum(axis=1)
    normed = dense / np.sqrt(owned)[:, None] / np.sqrt(listeners)
    directions = np.linalg.svd(normed)[2][:6]
    expected = normed.T @ normed + 0.5 * np.diag(listeners**-0.5) @ directions.T @ directions @ np.diag(
        listeners**0.5
    )
    np.fill_diagonal(expected, 0.0)
    interactions: Interactions = sp.csr_array(dense)
    assert np.allclose(spectral(interactions, 6, 0.5), expected)
    assert np.allclose(whole(spectral_neighbours(interactions, 6, 0.5, artists)), expected, atol=1e-6)


def test_the_spectral_filter_is_the_same_to_the_last_bit_each_time():
    # Everybody has as many artists and every artist as many listeners, in two worlds that share nobody: the
    # strongest direction is not unique.
    ring = np.add.outer(np.arange(20), np.arange(5)) % 20
    heard = np.zeros((20, 20))
    heard[np.arange(20)[:, None], ring] = 1.0
    interactions: Interactions = sp.csr_array(np.kron(np.eye(2), heard))
    one, other = (spectral_neighbours(interactions, 7, 0.3, 12) for _ in range(2))
    assert (one.artists.tobytes(), one.weights.tobytes()) == (
        other.artists.tobytes(),
        other.weights.tobytes(),
    )


def test_a_spectral_filter_of_higher_rank_than_the_listens_uses_what_there_is():
    # Ten artists with the same listeners as ten others: half of the directions tell nothing.
    twice = np.tile(some_interactions(40, 10).toarray(), 2)
    interactions: Interactions = sp.csr_array(twice)
    assert np.allclose(spectral(interactions, 10), spectral(interactions, 64))


@pytest.mark.parametrize("block", [1, 60, 8_000_000])
def test_thinned_rows_are_the_largest_entries_of_the_whole_matrix(
    monkeypatch: pytest.MonkeyPatch, block: int
):
    monkeypatch.setattr(neighbours, "BLOCK_ENTRIES", block)
    monkeypatch.setattr(filtering, "BLOCK_ENTRIES", block)
    interactions = some_interactions(60, 90)
    counts = popularity(interactions), breadth(interactions)
    pairs = [
        (co_listening_neighbours(interactions, rp3beta_factors(*counts), 4), rp3beta(interactions)),
        (co_listening_neighbours(interactions, bm25_factors(*counts), 4), bm25(interactions)),
        (ease_neighbours(interactions, 100.0, 4, solver=100)[0], ease(interactions)),
        (spectral_neighbours(interactions, 9, 0.3, 4), spectral(interactions, 9, 0.3)),
    ]
    for found, weights in pairs:
        order = np.sort(np.abs(weights), axis=1)[:, ::-1][:, :4]
        assert np.allclose(np.abs(found.weights), order, atol=1e-6)
        kept = whole(found)
        assert np.allclose(kept[kept != 0.0], weights[kept != 0.0], atol=1e-6)


def test_both_sides_of_ease_give_the_same_neighbours():
    interactions = some_interactions(60, 40)
    by_artists, _ = ease_neighbours(interactions, 100.0, 10, solver=50)
    by_people = neighbours.ease_by_people(interactions, 100.0, 10)
    assert np.allclose(whole(by_artists), whole(by_people), atol=1e-6)


def test_beyond_the_solver_ease_is_fitted_to_the_people_who_tell_most():
    interactions = some_interactions(60, 40)
    found, chosen = ease_neighbours(interactions, 100.0, 39, solver=20)
    assert len(chosen) == 20
    assert np.allclose(whole(found), ease(sp.csr_array(interactions[chosen])), atol=1e-6)
    left_out = np.setdiff1d(np.arange(60), chosen)
    assert breadth(interactions)[chosen].mean() > breadth(interactions)[left_out].mean()


@given(st.lists(st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0]), max_size=30), st.integers(1, 8))
def test_the_strongest_are_what_a_full_sort_gives(weights: list[float], keep: int):
    order = sorted((-abs(weight), place) for place, weight in enumerate(weights) if weight)[:keep]
    columns, kept = strongest(np.arange(len(weights)), np.array(weights, np.float64), keep)
    assert columns.tolist() == [place for _, place in order]
    assert kept.tolist() == [weights[place] for _, place in order]


Model = Callable[[Interactions], Floats]


@pytest.mark.parametrize(
    ("model", "recall", "ndcg"),
    [(ease, 0.345, 0.312), (rp3beta, 0.349, 0.314), (spectral, 0.362, 0.330), (bm25, 0.343, 0.303)],
)
def test_the_published_split_gives_the_reference_figures(model: Model, recall: float, ndcg: float):
    folder = os.environ.get("BRAINARR_DATA")
    if not folder:
        pytest.skip("no recorded data: set BRAINARR_DATA to the folder that holds lastfm/")
    trained, heldout = split_of(Path(folder) / "lastfm")
    scores = trained @ model(trained)
    scores[trained.nonzero()] = -np.inf
    top = np.argsort(-scores, axis=1)[:, :20]
    found = np.take_along_axis(heldout, top, axis=1)
    some = heldout.any(axis=1)
    size = heldout.sum(axis=1)
    gains = 1.0 / np.log2(np.arange(20) + 2.0)
    ideal = np.array([gains[: min(20, int(count))].sum() for count in size])
    assert (found.sum(axis=1)[some] / size[some]).mean() == pytest.approx(recall, abs=0.0006)
    assert ((found @ gains)[some] / ideal[some]).mean() == pytest.approx(ndcg, abs=0.0006)


def split_of(folder: Path) -> tuple[Interactions, Floats]:
    import csv
    import gzip

    def pairs(name: str) -> list[tuple[str, str]]:
        with gzip.open(folder / f"{name}.tsv.gz", "rt") as lines:
            return [(row["user"], row["artist"]) for row in csv.DictReader(lines, delimiter="\t")]

    trained, heldout = pairs("trained"), pairs("heldout")
    people = {person: place for place, person in enumerate(sorted({person for person, _ in trained}))}
    artists = {artist: place for place, artist in enumerate(sorted({artist for _, artist in trained}))}
    dense, held = np.zeros((len(people), len(artists))), np.zeros((len(people), len(artists)))
    for person, artist in trained:
        dense[people[person], artists[artist]] = 1.0
    for person, artist in heldout:
        if person in people and artist in artists:
            held[people[person], artists[artist]] = 1.0
    return sp.csr_array(dense), held
