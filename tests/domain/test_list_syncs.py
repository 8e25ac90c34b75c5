"""Which sync received what a feed carried."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.list_syncs import PATIENCE, ListSync, Outcome, named_in, receipt
from tests.conftest import NOW


def sync(start: float, end: float | None, *, failed: bool = False, number: int = 1) -> ListSync:
    ended = None if end is None else NOW + timedelta(seconds=end)
    return ListSync(number, NOW + timedelta(seconds=start), ended, failed)


def outcome(at: float, *syncs: ListSync, later: float = 60) -> Outcome | None:
    polled = NOW + timedelta(seconds=at)
    found = receipt(polled, syncs, polled + timedelta(seconds=later))
    return found.outcome if found else None


def test_a_poll_belongs_to_the_sync_during_which_it_came() -> None:
    before, during, after = sync(-300, -290), sync(0, 20, failed=True), sync(300, 310)
    assert outcome(2, before, during, after) is Outcome.FAILED
    assert outcome(2, before, sync(0, 20), after) is Outcome.PASSED


def test_clocks_may_differ_a_little() -> None:
    assert outcome(-6, sync(0, 20)) is Outcome.PASSED
    assert outcome(29, sync(0, 20)) is Outcome.PASSED


def test_of_two_syncs_the_one_within_whose_time_it_came_counts() -> None:
    assert outcome(12, sync(0, 5, failed=True), sync(11, 15)) is Outcome.PASSED


def test_as_long_as_the_sync_is_under_way_nothing_is_known() -> None:
    assert outcome(1, sync(0, None), later=3_000) is None


def test_a_failed_sync_may_have_been_given_the_answer_of_a_minute_ago() -> None:
    assert outcome(0, sync(45, 50, failed=True)) is Outcome.FAILED
    assert outcome(0, sync(45, 50), later=60) is None
    assert outcome(0, sync(120, 130, failed=True), later=60) is None


def test_a_poll_of_which_no_sync_is_known_comes_to_nothing_after_a_while() -> None:
    assert outcome(0, later=60) is None
    assert outcome(0, later=PATIENCE.total_seconds() + 1) is Outcome.UNKNOWN
    assert outcome(0, sync(500, 510), later=PATIENCE.total_seconds() + 1) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "HTTP request failed: [500:InternalServerError] [GET] at "
            "[https://api.lidarr.audio/api/v0.4/artist/A74B1B7F-71a5-4011-9441-d0b5e4122711]",
            {"a74b1b7f-71a5-4011-9441-d0b5e4122711"},
        ),
        ("UNIQUE constraint failed: Albums.ForeignAlbumId", set()),
        ("", set()),
    ],
)
def test_the_identifiers_that_a_failure_names_are_read(message: str, found: set[str]) -> None:
    assert named_in(message) == found


@given(st.text())
def test_any_words_of_lidarrs_can_be_read(message: str) -> None:
    assert all(len(mbid) == 36 for mbid in named_in(message))
