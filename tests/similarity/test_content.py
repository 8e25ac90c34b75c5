"""Tags that never count for whoever gave them, scores that can be added up, and the low-pass filter."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brainarr.similarity import blend
from brainarr.similarity.content import TagProfile
from brainarr.similarity.dataset import Tags
from brainarr.similarity.models import Floats, Interactions
from brainarr.similarity.spectral import spectral

PEOPLE, ARTISTS = 3, 5
Said = tuple[int, int, str]

spoken = st.lists(
    st.tuples(st.integers(-1, PEOPLE - 1), st.integers(0, ARTISTS - 1), st.sampled_from("aceg"))
)
own = st.lists(st.tuples(st.just(0), st.integers(0, ARTISTS - 1), st.sampled_from("abcdefgh")))
libraries = arrays.arrays(np.float64, (PEOPLE, ARTISTS), elements=st.sampled_from([0.0, 1.0]))


def tags_of(said: list[Said]) -> Tags:
    vocabulary = tuple(sorted({word for _, _, word in said}))
    cells = [(person, artist, vocabulary.index(word)) for person, artist, word in said]
    people, artists, words = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return Tags(people, artists, words, vocabulary)


def owned(dense: Floats) -> Interactions:
    return sp.csr_array(dense)


@given(spoken, own, own, libraries)
def test_nobodys_own_tags_count(others: list[Said], mine: list[Said], instead: list[Said], library: Floats):
    others = [said for said in others if said[0] != 0]
    one, other = (TagProfile(tags_of([*others, *added]), ARTISTS) for added in (mine, instead))
    scores, nearest = one.scores(owned(library))
    scores_instead, nearest_instead = other.scores(owned(library))
    assert np.array_equal(scores[0], scores_instead[0])
    assert np.array_equal(nearest[0], nearest_instead[0])
    for artist in range(ARTISTS):
        assert list(one.votes(artist, 0).items()) == list(other.votes(artist, 0).items())


def test_the_same_tag_brings_artists_together_for_everybody_else():
    said = [(1, 0, "dub"), (1, 1, "dub"), (1, 2, "ska"), (2, 2, "ska"), (2, 3, "ska")]
    scores, nearest = TagProfile(tags_of(said), ARTISTS).scores(owned(np.array([[1.0, 0, 0, 0, 0]] * 3)))
    assert scores[0].tolist() == pytest.approx([1.0, 1.0, 0.0, 0.0, 0.0])
    assert scores[2].tolist() == pytest.approx([1.0, 1.0, 0.0, 0.0, 0.0]) and nearest[2, 1] == 0
    assert not scores[1].any(), "only person 1 said dub"


def test_votes_count_other_people_and_come_most_first():
    profile = TagProfile(tags_of([(0, 0, "b"), (1, 0, "b"), (2, 0, "b"), (2, 0, "a"), (0, 0, "c")]), ARTISTS)
    assert list(profile.votes(0, 0).items()) == [("b", 2), ("a", 1)]
    assert list(profile.votes(0, -2).items()) == [("b", 3), ("a", 1), ("c", 1)]
    assert profile.tagged(0).tolist() == [0] and not profile.tagged(7).size


def test_without_any_tag_nothing_resembles_anything():
    profile = TagProfile(tags_of([]), ARTISTS)
    assert not profile.scores(owned(np.ones((PEOPLE, ARTISTS))))[0].any()
    assert profile.shares().shape == (ARTISTS, 0)


scores = arrays.arrays(np.float64, (PEOPLE, ARTISTS), elements=st.integers(-9, 9).map(float))


@given(scores, libraries)
def test_standard_scores_have_mean_0_and_deviation_1_over_what_is_not_owned(given: Floats, library: Floats):
    standard = blend.standardise(given, owned(library))
    for row, raw, mine in zip(standard, given, library > 0, strict=True):
        rest = row[~mine]
        if len(rest) and np.ptp(raw[~mine]) > 0:
            assert rest.mean() == pytest.approx(0.0, abs=1e-9)
            assert rest.std() == pytest.approx(1.0)
            assert np.array_equal(np.argsort(rest, kind="stable"), np.argsort(raw[~mine], kind="stable"))
        else:
            assert not row.any()


@given(scores, libraries, st.integers(1, ARTISTS + 1))
def test_strengths_stand_above_the_best_that_is_not_listed(given: Floats, library: Floats, listed: int):
    strengths = blend.above_the_rest(given, owned(library), listed)
    assert np.isfinite(strengths).all() and (strengths >= 0).all()
    for row, raw, mine in zip(strengths, given, library > 0, strict=True):
        assert not row[mine].any()
        assert (row > 0).sum() <= listed
        ranked = np.sort(raw[~mine])[::-1]
        if len(ranked) > listed:
            assert row[~mine].tolist() == pytest.approx(np.maximum(raw[~mine] - ranked[listed], 0).tolist())


def plainly(dense: Floats, rank: int, mixed: float) -> Floats:
    """The same filter from the whole singular value decomposition."""
    listeners = np.maximum(dense.sum(axis=0), 1.0)
    normed = dense / np.sqrt(np.maximum(dense.sum(axis=1, keepdims=True), 1.0)) / np.sqrt(listeners)
    *_, vectors = np.linalg.svd(normed)
    smooth = np.diag(listeners**-0.5) @ vectors[:rank].T @ vectors[:rank] @ np.diag(listeners**0.5)
    weights = normed.T @ normed + mixed * smooth
    np.fill_diagonal(weights, 0.0)
    return weights


@pytest.mark.parametrize(("people", "artists"), [(30, 18), (18, 30)])
def test_the_filter_is_that_of_a_dense_decomposition(people: int, artists: int):
    dense = (np.random.default_rng(3).random((people, artists)) < 0.3).astype(np.float64)
    assert spectral(owned(dense), 5, 0.7) == pytest.approx(plainly(dense, 5, 0.7), abs=1e-8)


def test_the_same_listens_give_the_same_filter_to_the_last_bit():
    dense = (np.random.default_rng(4).random((40, 25)) < 0.2).astype(np.float64)
    first = spectral(owned(dense))
    assert np.array_equal(first, spectral(owned(dense)))
    strangers = np.vstack([dense, np.zeros((3, 25))])
    assert np.array_equal(first, spectral(owned(strangers))), "who listens to nothing says nothing"


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (6, 6)])
def test_a_tiny_or_uniform_crowd_gives_a_finite_filter(shape: tuple[int, int]):
    weights = spectral(owned(np.ones(shape)))
    assert np.isfinite(weights).all() and weights.shape == (shape[1], shape[1])
    assert weights == pytest.approx(spectral(owned(np.ones(shape))), abs=1e-12)
