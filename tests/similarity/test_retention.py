"""Information retention, on readers and recalls small enough to count by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from brainarr.similarity.retention import (
    Split,
    by_popularity,
    co_listening_lists,
    cosine_lists,
    in_random_order,
    recalls,
    retention,
    split,
    stratified,
)


def columns(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.intp)


# Four people: the first three play 0 and 1, two of them 2 as well; 3 is played beside 2 by the last one only.
PLAYED = sp.csr_array(np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float64))


def test_a_reader_finds_what_the_told_artists_speak_for():
    reader = np.zeros((6, 6))
    reader[0, 4] = 1.0
    reader[1, 5] = 0.5
    parts = Split(columns(0, 1), columns(4, 5))
    told = [columns(0, 1), columns(0), columns(1)]
    assert recalls(reader, told, parts, at=2).tolist() == [1.0, 0.5, 0.5]
    assert recalls(reader, told, parts, at=1).tolist() == [0.5, 0.5, 0.5]


def test_what_is_owned_takes_no_place_even_when_it_is_not_told():
    reader = np.zeros((5, 5))
    reader[0] = [0.0, 9.0, 1.0, 0.0, 0.0]
    parts = Split(columns(0, 1), columns(2))
    assert recalls(reader, [columns(0)], parts, at=1).tolist() == [1.0]


def test_retention_is_the_ratio_of_mean_recalls_over_readers_and_libraries():
    whole = np.array([[[0.5, 0.4], [0.3, 0.4]], [[0.2, 0.1], [0.2, 0.1]]])
    told = np.array([[[0.4, 0.4], [0.2, 0.4]], [[0.1, 0.1], [0.1, 0.1]]])
    found = retention(told, whole, np.random.default_rng(0))
    assert found.libraries == pytest.approx(((0.75 + 1.0) / 2, (0.5 + 1.0) / 2))
    assert found.readers == pytest.approx(((0.75 + 0.5) / 2, 1.0))
    assert found.mean == pytest.approx((0.875 + 0.75) / 2)
    assert found.interval == pytest.approx((0.75, 0.875))


def test_the_interval_narrows_with_more_libraries_and_one_library_has_none():
    rng = np.random.default_rng(0)
    whole = np.ones((200, 1, 1))
    told = rng.uniform(0.5, 1.0, size=whole.shape)
    few, many = (retention(told[:n], whole[:n], np.random.default_rng(1)) for n in (5, 200))
    assert few.interval is not None and many.interval is not None
    assert few.interval[0] < few.mean < few.interval[1]
    assert many.interval[1] - many.interval[0] < (few.interval[1] - few.interval[0]) / 2
    assert retention(told[:1], whole[:1], rng).interval is None


def test_a_reader_that_finds_nothing_cannot_measure_anything():
    with pytest.raises(ValueError, match="finds nothing of a whole library"):
        retention(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), np.random.default_rng(0))


def test_a_split_takes_a_library_apart_the_same_way_each_time():
    one, again, other = (split(range(50), 0.2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(one.truth) == 10
    assert sorted([*one.owned, *one.truth]) == list(range(50))
    assert one.truth.tolist() == again.truth.tolist() != other.truth.tolist()


def test_neighbours_are_listed_by_people_in_common_and_read_by_cosine():
    assert [near.tolist() for near in co_listening_lists(PLAYED)] == [[1, 2], [0, 2], [0, 1, 3], [2]]
    assert [near.tolist() for near in co_listening_lists(PLAYED, longest=1)] == [[1], [0], [0], [2]]
    reader = cosine_lists(PLAYED)
    assert reader[0] == pytest.approx([0.0, 1.0, 2 / 3, 0.0])
    # Two in common are more than one, but the artist with one listener is altogether close.
    assert reader[2] == pytest.approx([2 / 3, 2 / 3, 0.0, 1 / 3**0.5])
    assert cosine_lists(PLAYED, longest=1)[2] == pytest.approx([2 / 3, 0.0, 0.0, 0.0])


def test_comparators_order_the_owned_artists():
    owned = columns(2, 5, 7, 8)
    listeners = np.array([9, 9, 4, 9, 9, 6, 9, 1, 6], dtype=np.float64)
    assert by_popularity(owned, listeners).tolist() == [5, 8, 2, 7]
    shuffled = in_random_order(owned, np.random.default_rng(0))
    assert sorted(shuffled.tolist()) == owned.tolist()


def test_every_prefix_of_a_stratified_order_has_the_strata_in_proportion():
    strata = {column: "rock" if column < 60 else "jazz" if column < 90 else "" for column in range(100)}
    order = stratified(np.arange(100), strata, np.random.default_rng(0)).tolist()
    assert sorted(order) == list(range(100))
    for size in (10, 20, 50):
        told = [strata[column] for column in order[:size]]
        assert [told.count(name) / size for name in ("rock", "jazz", "")] == pytest.approx([0.6, 0.3, 0.1])
