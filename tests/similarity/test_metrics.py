"""Measures against values computed by hand and against plain arithmetic."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brainarr.similarity import metrics
from brainarr.similarity.metrics import Places
from brainarr.similarity.models import Floats, Interactions

K = 4
ARTISTS = 7


def matrix(rows: list[list[int]], width: int = ARTISTS) -> Interactions:
    """From the columns of each row."""
    dense = np.zeros((len(rows), width))
    for row, columns in enumerate(rows):
        dense[row, columns] = 1.0
    return sp.csr_array(dense)


def places_of(lists: list[list[int]]) -> Places:
    return np.array([[*columns, *[-1] * (K - len(columns))] for columns in lists], dtype=np.int64)


sets = st.lists(st.integers(0, ARTISTS - 1), unique=True, max_size=ARTISTS)
lists = st.lists(st.integers(0, ARTISTS - 1), unique=True, max_size=K)
evaluations = st.lists(st.tuples(lists, sets), min_size=1, max_size=5)


def test_recall_and_ndcg_of_a_list_worked_out_by_hand():
    """First and third of four places are two of the three that were held out."""
    places, heldout = places_of([[5, 0, 2]]), matrix([[2, 3, 5]])
    assert metrics.recall(places, heldout).tolist() == pytest.approx([2 / 3])
    # (1 + 1/log2(4)) / (1 + 1/log2(3) + 1/log2(4))
    assert metrics.ndcg(places, heldout).tolist() == pytest.approx([1.5 / (1.5 + 1 / math.log2(3))])


def test_more_held_out_than_places_can_still_be_a_perfect_ndcg():
    assert metrics.ndcg(places_of([[0, 1, 2, 3]]), matrix([[0, 1, 2, 3, 4, 5]])).tolist() == [1.0]


@given(evaluations)
def test_recall_is_the_share_of_the_held_out_that_is_listed(people: list[tuple[list[int], list[int]]]):
    found = metrics.recall(places_of([mine for mine, _ in people]), matrix([held for _, held in people]))
    for value, (mine, held) in zip(found, people, strict=True):
        if held:
            assert value == pytest.approx(len(set(mine) & set(held)) / len(held))
        else:
            assert math.isnan(value)


@given(evaluations)
def test_ndcg_is_discounted_gain_over_the_best_possible(people: list[tuple[list[int], list[int]]]):
    found = metrics.ndcg(places_of([mine for mine, _ in people]), matrix([held for _, held in people]))
    for value, (mine, held) in zip(found, people, strict=True):
        if not held:
            assert math.isnan(value)
            continue
        gain = sum(1 / math.log2(place + 2) for place, column in enumerate(mine) if column in held)
        assert value == pytest.approx(gain / sum(1 / math.log2(n + 2) for n in range(min(K, len(held)))))


@given(
    arrays.arrays(np.float64, (3, ARTISTS), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])),
    st.lists(sets, min_size=3, max_size=3),
    st.integers(1, ARTISTS + 3),
)
def test_the_top_is_the_best_not_owned_and_ties_go_to_the_lower_column(
    scores: Floats, owned: list[list[int]], k: int
):
    found = metrics.top(scores, matrix(owned), k)
    assert found.shape == (3, k)
    for row, mine, told in zip(scores.tolist(), owned, found.tolist(), strict=True):
        best = sorted(
            (-score, column) for column, score in enumerate(row) if score > 0 and column not in mine
        )
        expected = [column for _, column in best][:k]
        assert told == expected + [-1] * (k - len(expected))


@given(
    arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)),
    st.integers(0, 3),
)
def test_an_interval_contains_its_mean(values: Floats, seed: int):
    found = metrics.interval(values, seed)
    assert found.mean == pytest.approx(values.mean())
    # The bootstrap of a few people of whom one differs may be as skewed as they are.
    assert values.min() - 1e-9 <= found.low <= found.high <= values.max() + 1e-9
    if len(values) >= 20 and values.std() > 0.1:
        assert found.low <= found.mean <= found.high


def test_an_interval_is_as_wide_as_the_standard_error_says():
    values = np.random.default_rng(5).normal(0.4, 0.2, 400)
    found = metrics.interval(values)
    error = values.std() / math.sqrt(len(values))
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error
    )


def test_who_has_no_value_does_not_count():
    found = metrics.interval(np.array([0.2, np.nan, 0.4]))
    assert found.mean == pytest.approx(0.3)
    assert math.isnan(metrics.interval(np.array([np.nan])).mean)


def test_a_paired_difference_is_known_better_than_either_figure():
    rng = np.random.default_rng(1)
    hard = rng.uniform(0, 1, 300)
    better = hard + 0.02 + rng.normal(0, 0.01, 300)
    gain = metrics.paired(better, hard)
    alone = metrics.interval(better)
    assert gain.low > 0.015 and gain.high < 0.025
    assert gain.high - gain.low < (alone.high - alone.low) / 10
    assert metrics.paired(hard, hard) == metrics.Interval(0.0, 0.0, 0.0)


def test_coverage_counts_each_artist_once_and_none_beyond_the_listened_to():
    assert metrics.coverage(places_of([[0, 1], [1, 2, 6]]), 6) == 0.5


def test_novelty_is_bits_of_the_share_that_listens():
    """Half of eight people know the one, one in eight the other: 1 and 3 bits."""
    bits = metrics.novelty(places_of([[0, 1], [0], []]), np.array([4.0, 1.0]), people=8)
    assert bits[:2].tolist() == [2.0, 1.0] and math.isnan(bits[2])


def test_miscalibration_is_0_where_the_genres_are_those_of_the_library():
    genres = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    found = metrics.miscalibration(places_of([[2, 3], [2], []]), matrix([[0, 1]] * 3, 4), genres)
    assert found[0] == pytest.approx(0.0)
    # Half of the library is in 1 % of half the picks: ½ ln(½ / (.99 + .005)) + ½ ln(½ / .005).
    assert found[1] == pytest.approx(0.5 * math.log(0.5 / 0.995) + 0.5 * math.log(0.5 / 0.005))
    assert math.isnan(found[2])


@given(st.lists(st.tuples(lists, sets), min_size=1, max_size=4), st.integers(0, 9))
def test_miscalibration_is_never_negative(people: list[tuple[list[int], list[int]]], seed: int):
    genres = np.random.default_rng(seed).dirichlet([0.3] * 3, ARTISTS)
    found = metrics.miscalibration(
        places_of([mine for mine, _ in people]), matrix([owned for _, owned in people]), genres
    )
    assert all(math.isnan(value) or value >= -1e-12 for value in found)
