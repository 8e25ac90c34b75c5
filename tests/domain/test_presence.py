"""What a Lidarr shows of a recommendation, and what that makes of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainarr.domain.life import STEPS, Event
from brainarr.domain.presence import KEPT_AFTER, Seen, Standing, is_there, state_after, what_happened
from brainarr.domain.recommendation import Status
from tests.conftest import NOW

GONE, THERE = Seen(False), Seen(True, monitored=True)
LISTED = Seen(True)
"""Lidarr lists it, and gets nothing of it."""
EXCLUDED = Seen(False, excluded=True)
DAY = timedelta(days=1)


def known(status: Status, *, album: bool = False, monitored: bool | None = True, days: int = 1) -> Standing:
    return Standing(status, album, NOW - days * DAY, monitored)


def happened(before: Standing, seen: Seen, *, sure: bool = False) -> tuple[Event, ...]:
    return what_happened(before, seen, NOW, NOW, sure=sure)


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.DELIVERED, Status.FAILED])
def test_what_is_not_in_yet_is_imported_however_it_came_and_ends_when_it_is_excluded(status: Status):
    assert happened(Standing(status, is_album=False), LISTED) == (Event.IMPORTED,)
    assert happened(Standing(status, is_album=True), LISTED) == ()
    assert happened(Standing(status, is_album=True), THERE) == (Event.IMPORTED,)
    assert happened(Standing(status, is_album=True), Seen(True, files=1)) == (Event.IMPORTED,)
    assert happened(Standing(status, is_album=False), EXCLUDED) == (Event.EXCLUDED,)
    assert happened(Standing(status, is_album=False), GONE) == ()
    # Lidarr holds it whatever its exclusions say.
    assert happened(Standing(status, is_album=False), Seen(True, excluded=True)) == (Event.IMPORTED,)


@pytest.mark.parametrize("status", [Status.IMPORTED, Status.KEPT])
def test_what_is_gone_is_removed_also_after_it_was_kept(status: Status):
    assert happened(known(status), GONE) == (Event.REMOVED,)
    assert happened(known(status), EXCLUDED) == (Event.EXCLUDED,)
    assert happened(known(status), THERE) == ()
    assert happened(known(status), Seen(None)) == ()
    # Imported after the library was read: that library knows nothing of it.
    assert what_happened(known(status, days=0), GONE, NOW, NOW - DAY) == ()


def test_what_is_not_monitored_any_more_is_removed_only_when_it_has_no_files():
    assert happened(known(Status.IMPORTED), LISTED) == (Event.UNMONITORED, Event.REMOVED)
    assert happened(known(Status.IMPORTED), Seen(True, files=3)) == (Event.UNMONITORED,)
    assert happened(known(Status.IMPORTED, album=True), Seen(True, files=3)) == (Event.UNMONITORED,)
    assert happened(known(Status.IMPORTED, album=True), LISTED) == (Event.UNMONITORED, Event.REMOVED)
    # An artist that a list took in unmonitored was never monitored.
    assert happened(known(Status.IMPORTED, monitored=False), LISTED) == ()
    assert happened(known(Status.IMPORTED, monitored=None), LISTED) == ()
    # An album that was held for its files alone, which are gone.
    assert happened(known(Status.IMPORTED, album=True, monitored=False), LISTED) == (Event.REMOVED,)


def test_after_thirty_days_it_is_kept_if_all_of_it_was_read_just_now():
    old = known(Status.IMPORTED, days=KEPT_AFTER.days)
    assert happened(old, THERE, sure=True) == (Event.KEPT,)
    assert happened(old, THERE) == ()
    assert happened(known(Status.IMPORTED, days=29), THERE, sure=True) == ()
    assert happened(known(Status.KEPT, days=99), THERE, sure=True) == ()
    assert happened(old, Seen(True, files=1), sure=True) == (Event.UNMONITORED, Event.KEPT)


def test_what_was_removed_comes_back_when_it_is_wanted_again():
    removed = known(Status.REMOVED)
    assert happened(removed, THERE) == (Event.IMPORTED,)
    assert happened(removed, LISTED) == ()
    assert happened(removed, Seen(True, monitored=True, excluded=True)) == ()
    # A look that began before it was removed knows nothing of that.
    just_now = Standing(Status.REMOVED, is_album=False, settled_at=NOW + DAY)
    assert happened(just_now, THERE) == ()


standings = st.builds(
    Standing,
    st.sampled_from(Status),
    st.booleans(),
    st.none() | st.integers(-3, 60).map(lambda days: NOW - days * DAY),
    st.none() | st.booleans(),
)
sights = st.builds(Seen, st.none() | st.booleans(), st.booleans(), st.integers(0, 2), st.booleans())


@given(standings, sights, st.booleans())
def test_every_event_may_happen_where_it_does_and_looking_again_tells_nothing_new(
    before: Standing, seen: Seen, sure: bool
):
    status = before.status
    events = happened(before, seen, sure=sure)
    for event in events:
        assert status in STEPS[event].begins
        status = STEPS[event].to or status
    assert status is state_after(before.status, events)
    if status in (Status.REJECTED, Status.BLOCKED):
        assert not events
    now_in = Event.IMPORTED in events
    after = Standing(
        status,
        before.is_album,
        NOW if now_in else before.imported_at,
        seen.monitored if seen.listed else before.monitored,
    )
    assert happened(after, seen, sure=sure) == ()
    if status is Status.IMPORTED and now_in:
        assert is_there(seen, is_album=before.is_album)
